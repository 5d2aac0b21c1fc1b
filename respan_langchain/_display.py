"""How values and figures are shown to people: in the terminal, on the web pages, in notebooks.

Pure. None is unknown and is shown as UNKNOWN; zero is shown as zero.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from html import escape
from typing import Any, Final

import orjson

UNKNOWN: Final = "\u2013"
COST_DIGITS: Final = ((1.0, 2), (0.01, 4), (0.0001, 5), (0.000001, 6), (0.0, 8))
"""Digits after the decimal point, from which amount on."""
MAX_PARTS: Final = 8
"""Keys of an object, or items of a list, that a preview shows."""
MAX_CELL_LENGTH: Final = 200
"""Characters of one cell."""


def format_cost(usd: Decimal | float | None) -> str:
    """Format US dollars.

    >>> format_cost(0.000142), format_cost(3.5), format_cost(0.0), format_cost(None) == UNKNOWN
    ('$0.00014', '$3.50', '$0', True)
    """
    if usd is None:
        return UNKNOWN
    if not usd:
        return "$0"
    amount = abs(float(usd))
    digits = next(digits for least, digits in COST_DIGITS if amount >= least)
    return f"{'-' if usd < 0 else ''}${amount:,.{digits}f}"


def format_count(number: float | None) -> str:
    """Format a count in full.

    >>> format_count(1234567)
    '1,234,567'
    """
    return UNKNOWN if number is None else f"{int(number):,}"


def format_short_count(number: float | None) -> str:
    """Format a count in about four characters.

    >>> format_short_count(999), format_short_count(12_345), format_short_count(1_234_567)
    ('999', '12.3k', '1.23M')
    """
    if number is None:
        return UNKNOWN
    for size, letter in [(1e9, "B"), (1e6, "M"), (1e3, "k")]:
        if abs(number) >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:.3g}" if number != int(number) else f"{int(number)}"


def format_duration(seconds: float | None) -> str:
    """Format a duration.

    >>> format_duration(0.0421), format_duration(1.42), format_duration(75)
    ('42 ms', '1.42 s', '1 m 15 s')
    """
    if seconds is None:
        return UNKNOWN
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.2f} s"
    return f"{int(seconds // 60):,} m {int(seconds % 60)} s"


def format_bytes(size: int) -> str:
    """Format a size.

    >>> format_bytes(900), format_bytes(2_500_000)
    ('900 B', '2.5 MB')
    """
    for unit, length in [("GB", 10**9), ("MB", 10**6), ("kB", 10**3)]:
        if size >= length:
            return f"{size / length:.3g} {unit}"
    return f"{size} B"


def preview_text(value: Any) -> str:
    """Return the text of a JSON value: a message's content, a conversation's last question.

    >>> preview_text([{"role": "user", "content": "Where?"}, {"role": "assistant", "content": "x"}])
    'Where?'
    >>> preview_text({"a": 1, "b": ["c", "d"]})
    'a: 1, b: c · d'
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return _preview_list(value)
    if isinstance(value, Mapping):
        return _preview_object(value)
    return _to_json(value)


def content_text(value: Any) -> str:
    """Return a message's content where it is text, and any other value as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and isinstance(value.get("content"), str):
        return str(value["content"])
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def parse_tool_call(call: Any) -> tuple[str, str]:
    """Return the name and the arguments of a tool call; the arguments as they were written."""
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping):
        return "tool", _to_json(call)
    arguments = function.get("arguments", "")
    text = arguments if isinstance(arguments, str) else _to_json(arguments)
    return str(function.get("name", "tool")), text


def is_message(value: Any) -> bool:
    """Whether a value is a message."""
    return isinstance(value, Mapping) and isinstance(value.get("role"), str)


def is_conversation(value: Any) -> bool:
    """Whether a value is a list of messages."""
    return isinstance(value, list) and bool(value) and all(is_message(one) for one in value)


def render_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Render a table with a header.

    >>> render_table(["a"], [["<b>"]])
    '<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>&lt;b&gt;</td></tr></tbody></table>'
    """
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(map(_render_cell, row))}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def render_pairs(pairs: Iterable[tuple[str, Any]]) -> str:
    """Render names and values below each other; those of None are left out."""
    body = "".join(
        f"<tr><th>{escape(name)}</th>{_render_cell(value)}</tr>"
        for name, value in pairs
        if value is not None
    )
    return f"<table><tbody>{body}</tbody></table>"


def shorten(text: str, max_length: int = MAX_CELL_LENGTH) -> str:
    """Return the beginning of a text in one line.

    >>> shorten("one  two three", 8)
    'one two…'
    """
    line = " ".join(text[: max_length * 4].split())
    return line if len(line) <= max_length else f"{line[: max_length - 1].rstrip()}…"


def _preview_list(values: list[Any]) -> str:
    if is_conversation(values):
        questions = [message for message in values if message["role"] in {"user", "none"}]
        return _preview_object((questions or values)[-1])
    return " · ".join(preview_text(value) for value in values[:MAX_PARTS])


def _preview_object(value: Mapping[str, Any]) -> str:
    content, calls = value.get("content"), value.get("tool_calls")
    if content:
        return content if isinstance(content, str) else _preview_content_parts(content)
    if isinstance(calls, list) and calls:
        named = [parse_tool_call(call) for call in calls[:4]]
        return ", ".join(f"{name}({arguments})" for name, arguments in named)
    if "page_content" in value:
        return preview_text(value["page_content"])
    if len(value) == 1:
        return preview_text(next(iter(value.values())))
    shown = list(value.items())[:MAX_PARTS]
    return ", ".join(f"{key}: {preview_text(inner)}" for key, inner in shown)


def _preview_content_parts(parts: Any) -> str:
    if not isinstance(parts, list):
        return preview_text(parts)
    texts = [part.get("text", "") if isinstance(part, Mapping) else part for part in parts]
    return " ".join(text for text in texts if isinstance(text, str))


def _to_json(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()


def _render_cell(value: Any) -> str:
    text = "" if value is None else shorten(preview_text(value))
    return f"<td>{escape(text)}</td>"
