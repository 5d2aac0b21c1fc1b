"""One row, as a person reads it: who said what, then the numbers, then everything else."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from respan_langchain.cli.formatting import (
    call_words,
    count,
    moment,
    money,
    plain,
    seconds,
    status_of,
)
from respan_langchain.cli.tables import facts
from respan_langchain.client.models import Log

ROLES: Final = {
    "system": "yellow",
    "developer": "yellow",
    "user": "cyan",
    "assistant": "green",
    "tool": "magenta",
}
LONGEST: Final = 20_000
"""Characters of one text; `--json` gives all of it."""


def shown_row(log: Log) -> RenderableType:
    """Lay a row out."""
    parts: list[RenderableType] = [
        Text.assemble((plain(log.span_name or log.log_type or "row"), "bold"), " ", status_of(log)),
        facts(_numbers(log)),
        Rule("input", align="left", style="dim"),
        *_content(log.input),
    ]
    for name in ("output", "expected_output"):
        value = getattr(log, name)
        if value is not None:
            parts += [Rule(name.replace("_", " "), align="left", style="dim"), *_content(value)]
    parts += [Rule("metadata", align="left", style="dim"), facts(_metadata(log))]
    if log.scores:
        parts += [Rule("scores", align="left", style="dim"), _json(log.scores)]
    return Group(*parts)


def _numbers(log: Log) -> Iterator[tuple[str, Any]]:
    yield "id", log.unique_id
    halves = f"{count(log.prompt_tokens)} in, {count(log.completion_tokens)} out"
    yield "tokens", f"{count(log.total_tokens)} ({halves})"
    yield "cost", money(log.cost)
    yield "latency", f"{seconds(log.latency)}, first token after {seconds(log.time_to_first_token)}"
    if log.timestamp is not None:
        yield "ended", moment(log.timestamp)
    if log.error_message is not None:
        yield "error", Text(plain(log.error_message), style="red")


def _content(value: Any) -> Iterator[RenderableType]:
    if isinstance(value, str):
        yield _said(value)
    elif (
        isinstance(value, list)
        and value
        and all(isinstance(each, Mapping) and "role" in each for each in value)
    ):
        for message in value:
            yield from _message(message)
    elif isinstance(value, Mapping) and "role" in value:
        yield from _message(value)
    else:
        yield _json(value)


def _message(message: Mapping[str, Any]) -> Iterator[RenderableType]:
    role = str(message["role"])
    content = message.get("content")
    yield Text(plain(role), style=ROLES.get(role, "bold"))
    if content:
        yield Padding(_said(content) if isinstance(content, str) else _json(content), (0, 0, 0, 2))
    for call in message.get("tool_calls") or ():
        yield Padding(Text.assemble("calls ", (plain(call_words(call)), "bold")), (0, 0, 0, 2))


def _metadata(log: Log) -> Iterator[tuple[str, Any]]:
    for name, value in (log.metadata or {}).items():
        yield (
            name,
            value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str),
        )


def _said(text: str) -> Text:
    rest = len(text) - LONGEST
    return Text(plain(text[:LONGEST]) + (f"\n… and {rest:,} characters more" if rest > 0 else ""))


def _json(value: Any) -> Text:
    return _said(json.dumps(value, ensure_ascii=False, indent=2, default=str))
