"""Charts of a dataset over time, as inline SVG without a script."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from respan_langchain._display import format_cost, format_count, format_duration, format_short_count
from respan_langchain.embedded.store.time_series import MAX_ROWS, Bucket, TimeSeries
from respan_langchain.server.formatting import describe_known, format_iso, format_share, format_time
from respan_langchain.server.html import Html, element

WIDTH = 360
HEIGHT = 72
GAP = 1.5
MIN_COLUMNS = 24
"""A chart of fewer bars is empty on the right."""


@dataclass(frozen=True, slots=True)
class Series:
    """The bars of one chart: a tall one, and a part of it that is drawn in a stronger color."""

    title: str
    headline: str
    note: str
    tall: Callable[[Bucket], float | None]
    strong: Callable[[Bucket], float | None]
    describe: Callable[[Bucket], str]


def charts(series: TimeSeries) -> Html:
    """Draw the number of rows, cost, tokens and latency over time."""
    drawn = [_rows(series), _cost(series), _tokens(series), _latency(series)]
    return element("div", *[_chart(one, series) for one in drawn], _note(series), class_="charts")


def _note(series: TimeSeries) -> Html | None:
    """Describe what the charts leave out."""
    if not series.is_complete:
        return element("p", f"The newest {format_count(MAX_ROWS)} rows.", class_="hint")
    if series.is_sampled:
        return element("p", "Latencies are of a sample of the rows.", class_="hint")
    return None


def _rows(series: TimeSeries) -> Series:
    count = sum(bucket.count for bucket in series.buckets)
    errors = sum(bucket.errors for bucket in series.buckets)
    return Series(
        "Rows",
        format_count(count),
        f"{format_share(errors, count)} errors",
        lambda bucket: bucket.count,
        lambda bucket: bucket.errors,
        lambda bucket: f"{format_count(bucket.count)} rows, {format_count(bucket.errors)} errors",
    )


def _cost(series: TimeSeries) -> Series:
    cost = _sum_known(bucket.cost for bucket in series.buckets)
    known = sum(bucket.cost_count for bucket in series.buckets)
    runs = sum(bucket.runs for bucket in series.buckets)
    mean = f"{format_cost(cost / known)} a run" if cost is not None else "unknown"
    return Series(
        "Cost",
        format_cost(cost),
        f"{mean}{describe_known(known, runs)}",
        lambda _: None,
        lambda bucket: bucket.cost,
        lambda bucket: format_cost(bucket.cost),
    )


def _tokens(series: TimeSeries) -> Series:
    prompt = _sum_known(bucket.prompt_tokens for bucket in series.buckets)
    completion = _sum_known(bucket.completion_tokens for bucket in series.buckets)
    known = sum(bucket.token_count for bucket in series.buckets)
    runs = sum(bucket.runs for bucket in series.buckets)
    parts = f"{format_short_count(prompt)} in, {format_short_count(completion)} out"
    return Series(
        "Tokens",
        format_short_count(_sum_known([prompt, completion])),
        f"{parts if known else 'unknown'}{describe_known(known, runs)}",
        lambda bucket: _sum_known([bucket.prompt_tokens, bucket.completion_tokens]),
        lambda bucket: bucket.completion_tokens,
        lambda bucket: (
            f"{format_count(bucket.prompt_tokens)} in, {format_count(bucket.completion_tokens)} out"
        ),
    )


def _sum_known(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _latency(series: TimeSeries) -> Series:
    medians = [b.median_latency for b in series.buckets if b.median_latency is not None]
    slow = [b.slow_latency for b in series.buckets if b.slow_latency is not None]
    return Series(
        "Latency",
        format_duration(sorted(medians)[len(medians) // 2] if medians else None),
        f"median; slowest 5% up to {format_duration(max(slow, default=None))}",
        lambda bucket: bucket.slow_latency,
        lambda bucket: bucket.median_latency,
        lambda bucket: (
            f"{format_duration(bucket.median_latency)} median,"
            f" {format_duration(bucket.slow_latency)} for the slowest 5%"
        ),
    )


def _chart(chart: Series, series: TimeSeries) -> Html:
    numbers = [value for b in series.buckets for value in (chart.tall(b), chart.strong(b))]
    highest = max((value for value in numbers if value is not None), default=0.0) or 1.0
    columns = [
        _column(place, max(len(series.buckets), MIN_COLUMNS), bucket, chart, highest)
        for place, bucket in enumerate(series.buckets)
    ]
    drawing = element(
        "svg",
        *columns,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"{chart.title} over time: {chart.headline}, {chart.note}",
    )
    head = element(
        "figcaption",
        element("span", chart.title, class_="chart-title"),
        element("strong", chart.headline),
        element("span", chart.note, class_="chart-note", title=chart.note),
    )
    return element("figure", head, drawing, _ends(series.buckets), class_="chart")


def _column(place: int, columns: int, bucket: Bucket, chart: Series, highest: float) -> Html:
    width = WIDTH / columns
    bars = [
        _bar(place * width, width - GAP, value / highest * (HEIGHT - 2), kind)
        for kind, value in [("tall", chart.tall(bucket)), ("strong", chart.strong(bucket))]
        if value is not None and value > 0
    ]
    area = element("rect", x=f"{place * width:.1f}", y=0, width=f"{width:.1f}", height=HEIGHT,
                   class_="area")  # fmt: skip
    title = element("title", f"{format_time(bucket.begin)} UTC: {chart.describe(bucket)}")
    return element("g", area, *bars, title)


def _bar(left: float, width: float, height: float, kind: str) -> Html:
    tall = max(height, 1.5)
    return element(
        "rect",
        x=f"{left:.1f}",
        y=f"{HEIGHT - tall:.1f}",
        width=f"{width:.1f}",
        height=f"{tall:.1f}",
        rx="1",
        class_=f"bar bar-{kind}",
    )


def _ends(buckets: Sequence[Bucket]) -> Html:
    ends = [
        element("time", format_time(one.begin), datetime=format_iso(one.begin))
        for one in (buckets[0], buckets[-1])
    ]
    return element("div", *ends, class_="axis", aria_hidden="true")
