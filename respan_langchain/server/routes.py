"""The page's addresses: which page a path names, and who may ask for it.

Everything a page can do is a request of its own; what changes anything must come from the page
itself, not from another site that a browser has open.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from urllib.parse import parse_qs, urlsplit

from respan_langchain.embedded.endpoints.serialize import serialize_log
from respan_langchain.embedded.http import (
    HttpError,
    Request,
    Response,
    json_response,
    to_http_error,
)
from respan_langchain.embedded.store import datasets_table, logs_table
from respan_langchain.embedded.store.errors import StoreError
from respan_langchain.embedded.store.store import Store
from respan_langchain.server import export, layout
from respan_langchain.server.html import element, log_link, visible_text
from respan_langchain.server.pages import compare, datasets, review, row, rows
from respan_langchain.server.query import parse_view
from respan_langchain.server.session import Sessions, login_page

STATIC = {
    "app.css": "text/css; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "theme.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}

Pages = dict[str, Callable[[], Response]]
"""What an address offers, by method."""


@dataclass(frozen=True, slots=True)
class WebPages:
    """The page over one store."""

    store: Store
    sessions: Sessions

    def respond(self, request: Request) -> Response:
        """Answer one request of a browser."""
        try:
            return self._respond(request)
        except (HttpError, StoreError) as error:
            return _error_page(to_http_error(error))
        except sqlite3.Error as error:
            return _error_page(HttpError(503, f"The store failed: {error}"))

    def _respond(self, request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        if method != "GET":
            _check_same_origin(request)
        if request.path == "/login":
            return self.sessions.log_in(request) if method == "POST" else login_page()
        if not request.path.startswith("/static/") and not self.sessions.is_logged_in(request):
            return login_page(status=401)
        offered = self._find_pages(request)
        if not offered:
            raise HttpError(404, "There is no such page.")
        if method not in offered:
            raise HttpError(405, "That cannot be done here.")
        return offered[method]()

    def _find_pages(self, request: Request) -> Pages:
        match request.segments:
            case [""]:
                return {"GET": lambda: datasets.show(self.store)}
            case ["live"]:
                return {"GET": lambda: layout.fragment(datasets.listing(self.store))}
            case ["static", name] if name in STATIC:
                return {"GET": lambda: _static(name)}
            case ["datasets", dataset_id, "logs", unique_id, *rest]:
                return self._row_pages(request, dataset_id, unique_id, rest)
            case ["datasets", dataset_id, *rest]:
                return self._dataset_pages(request, dataset_id, rest)
            case _:
                return {}

    def _dataset_pages(self, request: Request, dataset_id: str, rest: list[str]) -> Pages:
        view, store = parse_view(request), self.store
        match rest:
            case [""]:
                return {"GET": lambda: rows.show(store, dataset_id, view)}
            case ["live"]:
                version = request.parameters.get("version", "")
                return {"GET": lambda: rows.live(store, dataset_id, view, version)}
            case ["charts"]:
                return {"GET": lambda: rows.show_charts(store, dataset_id, view)}
            case ["compare"]:
                marked = parse_qs(request.query).get("row", [])
                return {"GET": lambda: compare.show(store, dataset_id, marked)}
            case ["export.jsonl" | "export.csv" as file]:
                suffix = file.removeprefix("export")
                return {"GET": lambda: export.export(store, dataset_id, view, suffix)}
            case _:
                return {}

    def _row_pages(
        self, request: Request, dataset_id: str, unique_id: str, rest: list[str]
    ) -> Pages:
        view, store = parse_view(request), self.store
        whole = "whole" in request.parameters
        match rest:
            case [""]:
                return {"GET": lambda: row.show(store, dataset_id, unique_id, view, show_all=whole)}
            case ["raw.json"]:
                return {"GET": lambda: self._raw_json(dataset_id, unique_id)}
            case ["review"]:
                return {"POST": lambda: self._save_review(request, dataset_id, unique_id)}
            case _:
                return {}

    def _raw_json(self, dataset_id: str, unique_id: str) -> Response:
        with self.store.reading() as connection:
            dataset = datasets_table.get_seq(connection, dataset_id)
            said = json_response(200, serialize_log(logs_table.get(connection, dataset, unique_id)))
        return Response(200, said.body, {**layout.SECURITY_HEADERS, **said.headers})

    def _save_review(self, request: Request, dataset_id: str, unique_id: str) -> Response:
        review.save(self.store, dataset_id, unique_id, request.body)
        return Response(303, headers={"location": log_link(dataset_id, unique_id)})


def _check_same_origin(request: Request) -> None:
    """Refuse what another site makes a browser send."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin", "")
    if site != "same-origin" or urlsplit(origin).netloc != request.headers.get("host"):
        raise HttpError(403, "This must be sent from the page itself.")


@cache
def _static(name: str) -> Response:
    content = (files("respan_langchain.server") / "static" / name).read_bytes()
    headers = {**layout.SECURITY_HEADERS, "content-type": STATIC[name], "cache-control": "no-cache"}
    return Response(200, content, headers)


def _error_page(refused: HttpError) -> Response:
    titles = {404: "Not here", 403: "Not allowed", 429: "Too often"}
    return layout.page(
        titles.get(refused.status, "That did not work"),
        element(
            "section",
            element("h1", titles.get(refused.status, "That did not work")),
            element("p", visible_text(refused.detail)),
            element("p", element("a", "All datasets", href="/")),
            class_="empty",
        ),
        status=refused.status,
    )
