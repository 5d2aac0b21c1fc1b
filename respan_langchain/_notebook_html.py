"""HTML tables for notebooks. Pure; every cell is text and escaped."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Final

from respan_langchain._display import preview_text

MAX_CELL_LENGTH: Final = 200
"""Characters of one cell."""


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


def _render_cell(value: Any) -> str:
    text = "" if value is None else shorten(preview_text(value))
    return f"<td>{escape(text)}</td>"
