"""What every page has: head, header, breadcrumbs, sections, tables; and the HTTP response.

Parts that show one kind of value, such as messages or charts, are in `components/`.
"""

import sqlite3
from collections.abc import Iterable, Sequence

from respan_langchain.embedded.http import Response
from respan_langchain.embedded.store.store import Store
from respan_langchain.server.html import (
    Html,
    dataset_link,
    element,
    join,
    strip_invisible,
    visible_text,
)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Only our own files run or are fetched, whatever a model wrote."""

SECURITY_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}

SHORTCUTS = (
    ("j  k", "next and previous row"),
    ("Enter", "open the row; save and next in a review"),
    ("r", "review the rows of the list"),
    ("1  2  3  0", "score: good, so-so, bad, none"),
    ("e", "write the expected output"),
    ("o", "copy the output into it"),
    ("c", "write a comment, or compare the marked rows"),
    ("Ctrl Enter", "save while writing"),
    ("Esc", "stop writing"),
    ("z", "undo the last save"),
    ("x", "mark the row"),
    ("/", "search"),
    ("[  ]", "previous and next page"),
    ("u", "up one level"),
    ("t", "light or dark"),
    ("?", "this help"),
)


def page(
    title: str, *content: Html | None, breadcrumbs: Html | None = None, status: int = 200
) -> Response:
    """Build the response of a page."""
    html = join(
        Html("<!doctype html>"),
        element("html", _head(title), _body(content, breadcrumbs), lang="en"),
    )
    return fragment(html, status)


def fragment(html: Html, status: int = 200) -> Response:
    """Build a response of HTML."""
    headers = {"content-type": "text/html; charset=utf-8", **SECURITY_HEADERS}
    # A lone surrogate cannot be encoded; JSON does not carry one, but a page must not fail.
    return Response(status, html.encode(errors="replace"), headers)


def breadcrumbs(dataset: sqlite3.Row, here: str | None = None, query: str = "") -> Html:
    """Lead to all datasets and, from a page below a dataset, to its rows with their filters."""
    parts = [element("a", "Datasets", href="/")]
    if here is not None:
        rows = dataset_link(dataset["id"], "", query)
        parts.append(element("a", visible_text(dataset["name"]), href=rows, dir="auto"))
    name = visible_text(here or dataset["name"])
    parts.append(element("span", name, aria_current="page", dir="auto"))
    steps = [element("li", part) for part in parts]
    return element("nav.trail", element("ol", *steps), aria_label="Where you are")


def empty_state(title: str, *content: Html | None) -> Html:
    """Fill the place of what is not there."""
    return element("section.empty", element("h2", title), *content)


def table(heads: Sequence[Html], rows: Sequence[Html], kind: str | None = None) -> Html:
    """Build a table, in a frame that scrolls sideways; `kind` is its class."""
    head = element("thead", element("tr", *heads))
    drawn = element("table", head, element("tbody", *rows), class_=kind)
    return element("div.table-frame", drawn)


def column_head(name: str, kind: str | None = None) -> Html:
    """Build the head of a column; `kind` is its class."""
    return element("th", visible_text(name), scope="col", class_=kind)


def page_head(title: str, *parts: Html | None) -> Html:
    """Build the top of a page: its heading, facts about all of it, and actions."""
    heading = element("h1", visible_text(title), dir="auto")
    return element("div.page-head", heading, *parts)


def section(title: str, *content: Html | None, kind: str | None = None) -> Html:
    """Build a part of a page with a heading; `kind` is its class."""
    return element("section", element("h2", title), *content, class_=kind)


def nothing(text: str) -> Html:
    """Write that a content is not there."""
    return element("p.nothing", text)


def json_text(text: str) -> Html:
    """Show JSON, written on several lines."""
    return element("pre.json", visible_text(text), tabindex="0")


def menu(title: str, box: Html, kind: str = "") -> Html:
    """Build a button that opens a box; `kind` is a further class, for where it opens."""
    summary = element("summary.button", title)
    return element("details", summary, box, class_=f"menu {kind}".rstrip())


def field(label: str, control: Html) -> Html:
    """Put a label above the control of a form."""
    return element("label.field", label, control)


def search_field(value: str, placeholder: str, label: str) -> Html:
    """Build the field of a search, which the key `/` leads to."""
    return element(
        "input", type="search", name="q", value=value, placeholder=placeholder, aria_label=label,
        autocomplete="off", data_key="search",
    )  # fmt: skip


def select(
    name: str, options: Iterable[tuple[str, str]], chosen: str | None = None, **attributes: object
) -> Html:
    """Build a list to choose from, of values and their labels."""
    shown = [
        element("option", strip_invisible(label[:60]), value=value, selected=value == chosen)
        for value, label in options
    ]
    return element("select", *shown, name=name, **attributes)


def step(label: str, address: str | None, **attributes: object) -> Html:
    """Link to the next of several pages; without an address the button is disabled."""
    if address is None:
        return element("span.button", label, aria_disabled="true")
    return element("a.button", label, href=address, **attributes)


def metric_strip(*figures: tuple[str, str]) -> Html:
    """Show a few figures side by side."""
    pairs = [element("div", element("dt", name), element("dd", figure)) for name, figure in figures]
    return element("dl.strip", *pairs)


def handler_lines(store: Store, dataset: str = "support-bot") -> Html:
    """Show the lines of Python that fill a dataset of this file, for pages without rows."""
    url = "sqlite:///respan.db" if store.in_memory else f"sqlite:///{store.path}"
    lines = [
        "from respan_langchain import RespanDatasetCallbackHandler",
        f"handler = RespanDatasetCallbackHandler(dataset={dataset!r}, base_url={url!r})",
        'chain.invoke(question, config={"callbacks": [handler]})',
    ]
    return element("pre", element("code", visible_text("\n".join(lines))), tabindex="0")


def _head(title: str) -> Html:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("title", strip_invisible(f"{title} · Respan, local")),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("link", rel="icon", href="/static/icon.svg", type="image/svg+xml"),
        element("link", rel="stylesheet", href="/static/app.css"),
        element("script", src="/static/theme.js"),
        element("script", src="/static/app.js", defer=True),
    )


def _body(content: tuple[Html | None, ...], crumbs: Html | None) -> Html:
    return element(
        "body",
        element("a.skip", "Skip to the content", href="#content"),
        _header(crumbs),
        element("main", *content, id="content", tabindex="-1"),
        _help(),
        element("div", id="notice", role="status", aria_live="polite"),
    )


def _header(crumbs: Html | None) -> Html:
    mark = element("span.logo", aria_hidden="true")
    home = element("a.brand", mark, element("span.brand-name", "Respan"), href="/")
    shortcuts = element("button.quiet", "Shortcuts", type="button", data_action="help")
    theme = element(
        "button.quiet.square",
        _half_moon(),
        type="button",
        data_action="theme",
        aria_label="Light or dark",
    )
    return element("header.site", home, crumbs, element("div.header-actions", shortcuts, theme))


def _half_moon() -> Html:
    circle = "M8 1.7a6.3 6.3 0 1 1 0 12.6a6.3 6.3 0 1 1 0-12.6z"
    paths = [element("path", d=path) for path in (circle, "M8 1.7a6.3 6.3 0 0 1 0 12.6z")]
    return element("svg.icon.icon-theme", *paths, viewBox="0 0 16 16", aria_hidden="true")


def _help() -> Html:
    rows = [
        join(element("dt", *[element("kbd", key) for key in keys.split()]), element("dd", meaning))
        for keys, meaning in SHORTCUTS
    ]
    close = element("button", "Close", type="button", data_action="close")
    return element(
        "dialog.help", element("h2", "Shortcuts"), element("dl", *rows), close, id="help"
    )
