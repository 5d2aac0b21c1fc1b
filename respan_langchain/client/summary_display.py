"""How the totals of logs are shown, in Python, in notebooks and in the terminal. Pure.

A total names of how many logs it is, where not all of them have a value.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from respan_langchain._display import UNKNOWN, format_cost, format_count, format_duration
from respan_langchain._notebook_html import render_pairs

if TYPE_CHECKING:
    from respan_langchain.client.models import Summary


def describe_summary(summary: "Summary") -> str:
    """Return the repr of totals."""
    figures = ", ".join(f"{name}={text}" for name, text in summary_figures(summary))
    return f"Summary(logs={format_count(summary.number_of_requests)}, {figures})"


def render_summary(summary: "Summary") -> str:
    """Render totals for a notebook."""
    logs = "logs", format_count(summary.number_of_requests)
    return render_pairs([logs, *summary_figures(summary)])


def summary_figures(summary: "Summary", unit: str = "logs") -> Iterator[tuple[str, str]]:
    """Yield tokens, cost and latency; `unit` is what the totals are over."""
    totals = (
        ("tokens", _format_tokens(summary), summary.number_with_tokens),
        ("cost", format_cost(summary.total_cost), summary.number_with_cost),
        ("latency", _format_latency(summary), summary.number_with_latency),
    )
    for name, total, known in totals:
        yield name, _format_total(total, known, summary.number_of_requests, unit)


def _format_total(total: str, known: int | None, count: int | None, unit: str) -> str:
    """Format a total; `known` logs have a value, None if the platform does not count them."""
    if known is None or known == count:
        return total
    if known == 0:
        return UNKNOWN
    return f"{total}, of {format_count(known)} of {format_count(count)} {unit}"


def _format_tokens(summary: "Summary") -> str:
    tokens_in = format_count(summary.total_prompt_tokens)
    tokens_out = format_count(summary.total_completion_tokens)
    return f"{format_count(summary.total_tokens)} ({tokens_in} in, {tokens_out} out)"


def _format_latency(summary: "Summary") -> str:
    mean = f"{format_duration(summary.avg_latency)} mean"
    if not summary.avg_ttft:  # a platform may report 0 where no log was streamed
        return mean
    return f"{mean}, first token after {format_duration(summary.avg_ttft)}"
