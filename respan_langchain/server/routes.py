"""Routes of the web pages, and who may use them.

A request that changes anything must come from the page itself, not from another site that the
browser has open.
"""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files

from respan_langchain.embedded.http import HttpError, Request, Response, to_http_error
from respan_langchain.embedded.store.errors import StoreError
from respan_langchain.embedded.store.store import Store
from respan_langchain.server import bulk_actions, copies, export, layout
from respan_langchain.server.html import element, visible_text
from respan_langchain.server.page_request import PageRequest
from respan_langchain.server.pages import (
    compare,
    dataset_settings,
    datasets,
    evaluations,
    replay,
    review_queue,
    row,
    rows,
    thread,
)  # fmt: skip
from respan_langchain.server.query import parse_query
from respan_langchain.server.session import Sessions, login_page

STATIC = {
    "app.css": "text/css; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "theme.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}

MAX_LOGIN_BYTES = 10_000
MAX_FORM_BYTES = 4_000_000

Page = Callable[[PageRequest], Response]
"""Builds a page, or carries out a form."""


@dataclass(frozen=True, slots=True)
class WebPages:
    """The web pages of one store."""

    store: Store
    sessions: Sessions

    def respond(self, request: Request) -> Response:
        """Answer one request of a browser."""
        try:
            return self._respond(request)
        except (HttpError, StoreError) as error:
            return self.error_page(to_http_error(error))
        except sqlite3.Error as error:
            return self.error_page(HttpError(503, f"The store failed: {error}"))

    def check_head(self, head: Request) -> int:
        """Check a request before its body is read; return how many bytes the body may have.

        Raises:
            HttpError: 401 or 403.
        """
        if head.method not in {"GET", "HEAD"}:
            _check_same_origin(head)
        if head.path == "/login":
            return MAX_LOGIN_BYTES
        if not head.path.startswith("/static/") and not self.sessions.is_logged_in(head):
            raise HttpError(401, "Log in first.")
        return MAX_FORM_BYTES

    def error_page(self, error: HttpError) -> Response:
        """Build the page for an error; the login page where a login is missing."""
        return login_page(status=401) if error.status == 401 else _error_page(error)

    def _respond(self, request: Request) -> Response:
        self.check_head(request)
        method = "GET" if request.method == "HEAD" else request.method
        if request.path == "/login":
            return self.sessions.log_in(request) if method == "POST" else login_page()
        pages, asked = self._find_pages(request)
        if not pages:
            raise HttpError(404, "There is no such page.")
        if method not in pages:
            raise HttpError(405, f"This page does not support {method}.")
        return pages[method](asked)

    def _find_pages(self, request: Request) -> tuple[Mapping[str, Page], PageRequest]:
        """Find the pages of a path, by method; one without its last slash has none.

        Raises:
            HttpError: 400, when the query is malformed; nothing was changed then.
        """
        parse_query(request.query)
        match request.segments:
            case ["datasets", dataset, "logs", row, *rest]:
                routes, asked = ROW_PAGES, PageRequest(self.store, request, dataset, row)
            case ["datasets", dataset, *rest]:
                routes, asked = DATASET_PAGES, PageRequest(self.store, request, dataset)
            case rest:
                routes, asked = SITE_PAGES, PageRequest(self.store, request)
        return (routes.get("/".join(rest), {}) if rest else {}), asked


def _check_same_origin(request: Request) -> None:
    """Reject a request that another site makes a browser send."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    scheme, _, host = request.headers.get("origin", "").partition("://")
    is_ours = scheme in {"http", "https"} and host == request.headers.get("host")
    if site != "same-origin" or not is_ours:
        raise HttpError(403, "This request must come from the page itself.")


def _export(suffix: str, asked: PageRequest) -> Response:
    preset = asked.request.parameters.get("preset")
    return export.export(asked.store, asked.dataset_id, asked.view, suffix, preset)


def _static(name: str, _: PageRequest) -> Response:
    headers = {**layout.SECURITY_HEADERS, "content-type": STATIC[name], "cache-control": "no-cache"}
    return Response(200, _read_static(name), headers)


@cache
def _read_static(name: str) -> bytes:
    return (files("respan_langchain.server") / "static" / name).read_bytes()


def _error_page(error: HttpError) -> Response:
    titles = {404: "Not found", 403: "Not allowed", 429: "Too many requests"}
    title = titles.get(error.status, "Something went wrong")
    detail = element("p", visible_text(error.detail))
    home = element("p", element("a", "All datasets", href="/"))
    return layout.page(title, layout.empty_state(title, detail, home), status=error.status)


Routes = Mapping[str, Mapping[str, Page]]
"""Pages by path and method."""

SITE_PAGES: Routes = {
    "": {"GET": datasets.show, "POST": dataset_settings.create},
    "live": {"GET": datasets.live},
    **{f"static/{name}": {"GET": partial(_static, name)} for name in STATIC},
}
DATASET_PAGES: Routes = {
    "": {"GET": rows.show},
    "live": {"GET": rows.live},
    "charts": {"GET": rows.show_charts},
    "thread": {"GET": thread.show},
    **{f"export{kind}": {"GET": partial(_export, kind)} for kind in export.CONTENT_TYPES},
    "review": {"GET": review_queue.show},
    "compare": {"GET": compare.show},
    "replay": {"GET": replay.show},
    "settings": {"POST": dataset_settings.change},
    "bulk": {"POST": bulk_actions.carry_out},
    "evaluations": {"GET": evaluations.show, "POST": evaluations.start},
    "evaluations/live": {"GET": evaluations.live},
}
ROW_PAGES: Routes = {
    "": {"GET": row.show},
    "raw.json": {"GET": copies.show_raw_json},
    "review": {"POST": review_queue.save},
    **{f"copy/{name}": {"GET": partial(copies.copy, name)} for name in copies.COPIES},
}
