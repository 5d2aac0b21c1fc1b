"""Charts of a dataset over time, as inline SVG: one quiet shape each, no script."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from respan_langchain._display import format_cost, format_count, format_duration, format_short_count
from respan_langchain.embedded.store.time_series import MAX_ROWS, Bucket, TimeSeries
from respan_langchain.server.formatting import format_iso, format_share, format_time
from respan_langchain.server.html import Html, element

WIDTH = 360
HEIGHT = 72
GAP = 1.5


@dataclass(frozen=True, slots=True)
class Series:
    """One chart's bars: a tall one, and a part of it or beside it that is drawn stronger."""

    title: str
    headline: str
    note: str
    tall: Callable[[Bucket], float | None]
    strong: Callable[[Bucket], float | None]
    tell: Callable[[Bucket], str]


def charts(course: TimeSeries) -> Html:
    """Draw cost, tokens, latency and the number of rows."""
    series = [_rows(course), _cost(course), _tokens(course), _latency(course)]
    note = None
    if sum(bucket.count for bucket in course.buckets) >= MAX_ROWS:
        note = element("p", f"The newest {format_count(MAX_ROWS)} rows.", class_="hint")
    return element("div", *[_chart(one, course) for one in series], note, class_="charts")


def _rows(course: TimeSeries) -> Series:
    count = sum(bucket.count for bucket in course.buckets)
    errors = sum(bucket.errors for bucket in course.buckets)
    return Series(
        "Rows",
        format_count(count),
        f"{format_share(errors, count)} errors",
        lambda bucket: bucket.count,
        lambda bucket: bucket.errors,
        lambda bucket: f"{format_count(bucket.count)} rows, {format_count(bucket.errors)} errors",
    )


def _cost(course: TimeSeries) -> Series:
    cost = sum(bucket.cost for bucket in course.buckets)
    runs = sum(bucket.runs for bucket in course.buckets)
    return Series(
        "Cost",
        format_cost(cost),
        f"{format_cost(cost / runs)} a run",
        lambda _: None,
        lambda bucket: bucket.cost,
        lambda bucket: format_cost(bucket.cost),
    )


def _tokens(course: TimeSeries) -> Series:
    prompt = sum(bucket.prompt_tokens for bucket in course.buckets)
    completion = sum(bucket.completion_tokens for bucket in course.buckets)
    return Series(
        "Tokens",
        format_short_count(prompt + completion),
        f"{format_short_count(prompt)} in, {format_short_count(completion)} out",
        lambda bucket: bucket.prompt_tokens + bucket.completion_tokens,
        lambda bucket: bucket.completion_tokens,
        lambda bucket: (
            f"{format_count(bucket.prompt_tokens)} in, {format_count(bucket.completion_tokens)} out"
        ),
    )


def _latency(course: TimeSeries) -> Series:
    medians = [b.median_latency for b in course.buckets if b.median_latency is not None]
    slow = [b.slow_latency for b in course.buckets if b.slow_latency is not None]
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


def _chart(series: Series, course: TimeSeries) -> Html:
    numbers = [value for b in course.buckets for value in (series.tall(b), series.strong(b))]
    highest = max((value for value in numbers if value is not None), default=0.0) or 1.0
    columns = [
        _column(place, bucket, series, highest) for place, bucket in enumerate(course.buckets)
    ]
    drawing = element(
        "svg",
        *columns,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"{series.title} over time: {series.headline}, {series.note}",
    )
    head = element(
        "figcaption",
        element("span", series.title, class_="chart-title"),
        element("strong", series.headline),
        element("span", series.note, class_="chart-note"),
    )
    return element("figure", head, drawing, _ends(course.buckets), class_="chart")


def _column(place: int, bucket: Bucket, series: Series, highest: float) -> Html:
    width = WIDTH / 60
    bars = [
        _bar(place * width, width - GAP, value / highest * (HEIGHT - 2), kind)
        for kind, value in [("tall", series.tall(bucket)), ("strong", series.strong(bucket))]
        if value is not None and value > 0
    ]
    area = element("rect", x=f"{place * width:.1f}", y=0, width=f"{width:.1f}", height=HEIGHT,
                   class_="area")  # fmt: skip
    told = element("title", f"{format_time(bucket.begin)} UTC: {series.tell(bucket)}")
    return element("g", area, *bars, told)


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
