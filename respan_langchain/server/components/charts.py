"""Charts of a dataset over time, as inline SVG without a script."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from respan_langchain._display import format_cost, format_count, format_duration, format_short_count
from respan_langchain.embedded.store.time_series import MAX_ROWS, Bucket, TimeSeries
from respan_langchain.server.formatting import (
    describe_known,
    format_iso,
    format_score,
    format_share,
    format_time,
)
from respan_langchain.server.html import Html, dataset_link, element, time_element
from respan_langchain.server.query import RowFilter, View

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
    write: Callable[[float | None], str]
    """Writes the value at the top of the chart."""
    top: float | None = None
    """The value at the top, where that is not the highest one."""


def charts(series: TimeSeries, dataset_id: str, view: View) -> Html:
    """Draw rows, cost, tokens, latency and scores over time; a click on a bar shows its rows."""
    drawn = [_rows(series), _cost(series), _tokens(series), _latency(series)]
    scores = _scores(series)
    if scores is not None:
        drawn.append(scores)
    links = [_interval_link(each, series.width, dataset_id, view) for each in series.buckets]
    figures = [_chart(one, series, links) for one in drawn]
    return element("div.charts", *figures, _note(series))


def _note(series: TimeSeries) -> Html | None:
    """Describe what the charts leave out."""
    if not series.is_complete:
        return element("p.hint", f"The newest {format_count(MAX_ROWS)} rows.")
    if series.is_sampled:
        return element("p.hint", "Latencies are of a sample of the rows.")
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
        format_count,
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
        format_cost,
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
        format_short_count,
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
        f"median; 5% above {format_duration(max(slow, default=None))}",
        lambda bucket: bucket.slow_latency,
        lambda bucket: bucket.median_latency,
        lambda bucket: (
            f"{format_duration(bucket.median_latency)} median,"
            f" {format_duration(bucket.slow_latency)} for the slowest 5%"
        ),
        format_duration,
    )


def _scores(series: TimeSeries) -> Series | None:
    """Draw the mean scores; None where there are none."""
    people = [one.people_score for one in series.buckets if one.people_score is not None]
    evaluators = [one.evaluator_score for one in series.buckets if one.evaluator_score is not None]
    if not people and not evaluators:
        return None
    shown = people or evaluators
    return Series(
        "Scores",
        format_score(sum(shown) / len(shown)),
        "by people, before those of evaluators"
        if people and evaluators
        else "by people"
        if people
        else "by evaluators",
        lambda bucket: bucket.evaluator_score,
        lambda bucket: bucket.people_score,
        lambda bucket: (
            f"{format_score(bucket.people_score)} by people,"
            f" {format_score(bucket.evaluator_score)} by evaluators"
        ),
        format_score,
        top=max(1.0, *shown),
    )


def _chart(chart: Series, series: TimeSeries, links: Sequence[str | None]) -> Html:
    numbers = [value for b in series.buckets for value in (chart.tall(b), chart.strong(b))]
    highest = max((value for value in numbers if value is not None), default=0.0)
    columns = [
        _column(place, series, chart, chart.top or highest or 1.0, link)
        for place, link in enumerate(links)
    ]
    drawing = element(
        "svg",
        *columns,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        preserveAspectRatio="none",
        role="group",
        aria_label=f"{chart.title} over time: {chart.headline}, {chart.note}",
    )
    peak = element("span.peak", chart.write(chart.top or highest), aria_hidden="true")
    head = element(
        "figcaption",
        element("span.chart-title", chart.title),
        element("strong", chart.headline),
        element("span.chart-note", chart.note, title=chart.note),
    )
    plot = element("div.plot", drawing, peak if highest else None)
    return element("figure.chart", head, plot, _ends(series.buckets))


def _interval_link(bucket: Bucket, width: int, dataset_id: str, view: View) -> str | None:
    """Return the address of an interval's rows; None where there are none."""
    if not bucket.count:
        return None
    kept = tuple(one for one in view.row_filters if one.field != "timestamp")
    begin, end = (format_iso(moment) for moment in (bucket.begin, bucket.begin + width))
    interval = (RowFilter("timestamp", "gte", begin), RowFilter("timestamp", "lt", end))
    return dataset_link(dataset_id, "", view.query(row_filters=kept + interval, page=1))


def _column(
    place: int, series: TimeSeries, chart: Series, highest: float, address: str | None
) -> Html:
    bucket = series.buckets[place]
    width = WIDTH / max(len(series.buckets), MIN_COLUMNS)
    bars = [
        _bar(place * width, width - GAP, value / highest * (HEIGHT - 2), kind)
        for kind, value in [("tall", chart.tall(bucket)), ("strong", chart.strong(bucket))]
        if value is not None and value > 0
    ]
    area = element("rect.area", x=f"{place * width:.1f}", y=0, width=f"{width:.1f}", height=HEIGHT)
    about = chart.describe(bucket) if bucket.count else "no rows"
    label = f"{format_time(bucket.begin)} UTC: {about}"
    title = element("title", label)
    return element("a" if address else "g", area, *bars, title, href=address, aria_label=label)


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
    ends = [time_element(one.begin) for one in (buckets[0], buckets[-1])]
    return element("div.axis", *ends, aria_hidden="true")
