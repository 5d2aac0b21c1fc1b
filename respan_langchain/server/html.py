"""HTML from values: everything that is not `Html` is text and is escaped.

Only this module creates `Html`.
"""

import re
from html import escape
from urllib.parse import quote

import nh3

from respan_langchain.server.formatting import format_iso, format_time


def dataset_link(dataset_id: str, rest: str = "", *queries: str) -> str:
    """Build the URL of a dataset's page, or of a page below it; `queries` are joined by `&`."""
    query = "&".join(filter(None, queries))
    return f"/datasets/{quote(dataset_id, safe='')}/{rest}{query and f'?{query}'}"


def log_link(dataset_id: str, unique_id: str, rest: str = "", *queries: str) -> str:
    """Build the URL of a log's page, or of a page below it; `queries` are joined by `&`."""
    return dataset_link(dataset_id, f"logs/{quote(unique_id, safe='')}/{rest}", *queries)


VOID = frozenset({"input", "br", "link", "meta", "img"})
"""HTML elements without content."""

INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e"
    "\u2028\u2029\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
"""Characters that are invisible or change the direction of text: they can hide text."""


FORMATTING = frozenset({
    "p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "em", "strong", "code", "pre", "ul", "ol",
    "li", "blockquote", "table", "thead", "tbody", "tr", "th", "td",
})  # fmt: skip
"""HTML elements that text of unknown origin may have, all without attributes."""


class Html(str):
    """Text that is HTML."""

    __slots__ = ()


def element(tag: str, /, *children: "Html | str | int | None", **attributes: object) -> Html:
    """Build an element; `tag` is its name and classes, as in CSS.

    An attribute's trailing underscore is dropped and the others become hyphens; None and False
    leave it out, True gives it no value. A class that depends on a value is the attribute `class_`.

    >>> element("a.x.y", "1 < 2", href="/", data_seq=3)
    '<a class="x y" href="/" data-seq="3">1 &lt; 2</a>'
    """
    name, *classes = tag.split(".")
    if classes:
        attributes = {"class_": " ".join(classes), **attributes}
    start = f"<{name}{''.join(_attribute(key, value) for key, value in attributes.items())}>"
    if name in VOID:
        return Html(start)
    return Html(f"{start}{join(*children)}</{name}>")


def join(*children: "Html | str | int | None") -> Html:
    """Concatenate children; None is left out."""
    return Html("".join(_child(child) for child in children if child is not None))


def time_element(timestamp: float, text: str | None = None) -> Html:
    """Show a timestamp, by default as its date and time."""
    return element("time", text or format_time(timestamp), datetime=format_iso(timestamp))


def visible_text(text: str) -> Html:
    """Escape a text of unknown origin, with its invisible characters marked."""
    return Html(INVISIBLE.sub(_mark_invisible, escape(text)))


def sanitize(markup: str) -> Html:
    """Remove all of a markup but FORMATTING, and mark its invisible characters."""
    clean = nh3.clean(markup, tags=set(FORMATTING), attributes={}, link_rel=None)
    return Html(INVISIBLE.sub(_mark_invisible, clean))


def strip_invisible(text: str) -> str:
    """Replace invisible characters where no element is possible: titles, options, attributes."""
    return INVISIBLE.sub("\ufffd", text)


def _mark_invisible(found: re.Match[str]) -> str:
    return f'<span class="hidden-character" title="U+{ord(found[0]):04X}">\ufffd</span>'


def _child(child: "Html | str | int") -> str:
    return child if isinstance(child, Html) else escape(str(child))


def _attribute(key: str, value: object) -> str:
    if value is None or value is False:
        return ""
    name = key.removesuffix("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
