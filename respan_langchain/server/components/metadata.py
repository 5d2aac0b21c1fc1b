"""The metadata, metrics and raw JSON of a row, folded away."""

import sqlite3
from typing import Any

from respan_langchain._constants import LOG_FIELDS
from respan_langchain._display import format_count
from respan_langchain.server import layout
from respan_langchain.server.components.messages import MAX_CHARS
from respan_langchain.server.copies import LABELS
from respan_langchain.server.formatting import format_size
from respan_langchain.server.html import Html, dataset_link, element, join, log_link, visible_text
from respan_langchain.server.preview import pretty, read_contents
from respan_langchain.server.query import View

MAX_FILTER_CHARS = 200
"""A value up to this many characters can be filtered by."""


def render_object(title: str, values: Any, dataset_id: str | None = None) -> Html | None:
    """Show an object, folded; with a dataset its values lead to the rows that have them too."""
    if not isinstance(values, dict) or not values:
        return None
    rows = [
        join(element("dt", _breakable(str(key))), _fact(value, _rows_with(dataset_id, key, value)))
        for key, value in values.items()
    ]
    count = element("span.hint", f", {format_count(len(rows))} values")
    return element(
        "section",
        element(
            "details",
            element("summary", element("h2", title), count),
            element("dl.facts-list", *rows),
        ),
    )


def _rows_with(dataset_id: str | None, key: str, value: Any) -> str | None:
    """Return the address of the rows that have a value too; None where no filter finds them."""
    if dataset_id is None or isinstance(value, dict | list | bool) or value in {None, ""}:
        return None
    field = key if key in LOG_FIELDS else f"metadata__{key}"
    return dataset_link(dataset_id, "", View().with_filter(field, str(value)))


def _breakable(key: str) -> Html:
    """Allow a line break after each underscore."""
    return Html(visible_text(key).replace("_", "_<wbr>"))


def _fact(value: Any, rows_with: str | None) -> Html:
    if isinstance(value, dict | list):
        written = pretty(value)
        inner = layout.json_text(written[:MAX_CHARS])
        one, many = ("key", "keys") if isinstance(value, dict) else ("item", "items")
        label = f"{len(value)} {one if len(value) == 1 else many}"
        return element("dd", element("details", element("summary", label), inner))
    text = value if isinstance(value, str) else pretty(value)
    shown = visible_text(text[:2000])
    if rows_with is not None and len(text) <= MAX_FILTER_CHARS:
        shown = element("a", shown, href=rows_with, title="Only rows with this value")
    return element("dd", shown, dir="auto")


def raw_json(dataset_id: str, row: sqlite3.Row, rest: str) -> Html:
    """Show a row as JSON, folded; `rest` is the address that shows all of it."""
    written = pretty({"unique_id": row["unique_id"], **read_contents(row)})
    more = element("a.show-all", "Show all", href=rest) if len(written) > MAX_CHARS else None
    forms = {"JSON": "raw.json", **{label: f"copy/{name}" for name, label in LABELS.items()}}
    addresses = {label: log_link(dataset_id, row["unique_id"], end) for label, end in forms.items()}
    buttons = [
        element("button.link", label, type="button", data_copy=address)
        for label, address in addresses.items()
    ]
    summary = element("summary", f"Raw JSON, {format_size(len(written))}")
    return layout.section(
        "Copy",
        element("p.actions", *buttons, element("a", "Open as JSON", href=addresses["JSON"])),
        element("details", summary, layout.json_text(written[:MAX_CHARS]), more),
    )
