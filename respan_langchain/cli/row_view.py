"""One log for a person: its numbers, the conversation, then metadata and scores."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from respan_langchain._display import (
    format_cost,
    format_count,
    format_duration,
    is_conversation,
    is_message,
    parse_tool_call,
)
from respan_langchain.cli.formatting import (
    escape_controls,
    format_datetime,
    format_status,
)
from respan_langchain.cli.tables import render_pairs
from respan_langchain.client.models import Log

ROLE_STYLES: Final = {
    "system": "yellow",
    "developer": "yellow",
    "user": "cyan",
    "assistant": "green",
    "tool": "magenta",
}
INDENT: Final = (0, 0, 0, 2)
MAX_TEXT_LENGTH: Final = 20_000
"""Characters of one text that are shown; `--json` writes all of it."""


def render_row(log: Log) -> RenderableType:
    """Draw a log."""
    return Group(*_render_parts(log))


def _render_parts(log: Log) -> Iterator[RenderableType]:
    name = escape_controls(log.span_name or log.log_type or "row")
    yield Text.assemble((name, "bold"), " ", format_status(log))
    yield render_pairs(_render_numbers(log))
    for title in ("input", "output", "expected_output"):
        content = getattr(log, title)
        if content is not None or title == "input":
            yield _heading(title.replace("_", " "))
            yield from _render_content(content)
    yield _heading("metadata")
    yield render_pairs(_render_metadata(log))
    if log.scores:
        yield _heading("scores")
        yield _render_json(log.scores)


def _heading(title: str) -> Rule:
    return Rule(title, align="left", style="dim")


def _render_numbers(log: Log) -> Iterator[tuple[str, Any]]:
    yield "id", log.unique_id
    halves = f"{format_count(log.prompt_tokens)} in, {format_count(log.completion_tokens)} out"
    yield "tokens", f"{format_count(log.total_tokens)} ({halves})"
    yield "cost", format_cost(log.cost)
    first_token = format_duration(log.time_to_first_token)
    yield "latency", f"{format_duration(log.latency)}, first token after {first_token}"
    if log.timestamp is not None:
        yield "ended", format_datetime(log.timestamp)
    if log.error_message is not None:
        yield "error", Text(escape_controls(log.error_message), style="red")


def _render_content(value: Any) -> Iterator[RenderableType]:
    if isinstance(value, str):
        yield _render_text(value)
    elif is_conversation(value):
        for message in value:
            yield from _render_message(message)
    elif is_message(value):
        yield from _render_message(value)
    else:
        yield _render_json(value)


def _render_message(message: Mapping[str, Any]) -> Iterator[RenderableType]:
    role = str(message["role"])
    content = message.get("content")
    yield Text(escape_controls(role), style=ROLE_STYLES.get(role, "bold"))
    if content:
        shown = _render_text(content) if isinstance(content, str) else _render_json(content)
        yield Padding(shown, INDENT)
    for call in message.get("tool_calls") or ():
        called = escape_controls("{}({})".format(*parse_tool_call(call)))
        yield Padding(Text.assemble("calls ", (called, "bold")), INDENT)


def _render_metadata(log: Log) -> Iterator[tuple[str, Any]]:
    for name, value in (log.metadata or {}).items():
        is_text = isinstance(value, str)
        yield name, value if is_text else json.dumps(value, ensure_ascii=False, default=str)


def _render_text(text: str) -> Text:
    rest = len(text) - MAX_TEXT_LENGTH
    return Text(
        escape_controls(text[:MAX_TEXT_LENGTH])
        + (f"\n… and {rest:,} more characters" if rest > 0 else "")
    )


def _render_json(value: Any) -> Text:
    return _render_text(json.dumps(value, ensure_ascii=False, indent=2, default=str))
