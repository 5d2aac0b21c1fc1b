"""Formats a log's stored contents for the pages."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

import orjson

from respan_langchain._display import preview_text, shorten

CONTEXT_CHARS = 40
"""Characters of an excerpt before what was searched for."""
CONTENTS = ("input", "output", "expected_output", "metadata", "metrics")
MAX_PREVIEW_LENGTH = 220
"""Characters of a value in a list."""


def parse_stored(text: str | None) -> Any:
    """Parse stored JSON; a truncated text, which is not JSON any more, is returned unchanged."""
    if text is None:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def read_contents(row: sqlite3.Row) -> dict[str, Any]:
    """Return the contents that a row has, by the names that the API gives them."""
    return {name: parse_stored(row[name]) for name in CONTENTS if row[name] is not None}


def row_name(row: sqlite3.Row) -> str:
    """Return the name by which a page shows a row."""
    return str(row["span_name"] or row["log_type"] or "Row")


def status_class(row: sqlite3.Row) -> str:
    """Return the end of the class that colors a row's status."""
    return str(row["status"]) if row["status"] in {"success", "error"} else "unknown"


def pretty(value: Any) -> str:
    """Write JSON on several lines."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def preview(value: Any) -> str:
    """Return the text of a value in one line."""
    return shorten(preview_text(value), MAX_PREVIEW_LENGTH)


def excerpt(value: Any, words: Sequence[str]) -> str:
    """Return the text of a value in one line, from a little before the first of the words."""
    line = " ".join(preview_text(value).split())
    begin = find_word(line, words)
    if begin is None or begin < CONTEXT_CHARS:
        return preview(value)
    return f"\u2026{preview(line[begin - CONTEXT_CHARS :])}"


def find_word(text: str, words: Sequence[str]) -> int | None:
    """Return where the first of the words begins in a text; None without any of them."""
    folded = text.casefold()
    places = [place for word in words if (place := folded.find(word.casefold())) >= 0]
    return min(places, default=None)


def are_documents(value: Any) -> TypeGuard[list[Mapping[str, Any]]]:
    """Whether a value is a list of documents that a retriever returned."""
    return isinstance(value, list) and bool(value) and all(_is_document(one) for one in value)


def _is_document(value: Any) -> bool:
    if not isinstance(value, Mapping) or "role" in value:
        return False
    return "page_content" in value or ("content" in value and "metadata" in value)
