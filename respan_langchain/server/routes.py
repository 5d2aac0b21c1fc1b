"""Routes of the web pages, and who may use them.

A request that changes anything must come from the page itself, not from another site that the
browser has open.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

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
from respan_langchain.server import bulk_actions, copies, export, layout
from respan_langchain.server.html import dataset_link, element, log_link, visible_text
from respan_langchain.server.pages import (
    compare,
    dataset_settings,
    datasets,
    evaluations,
    replay,
    review,
    review_queue,
    row,
    rows,
    thread,
)  # fmt: skip
from respan_langchain.server.query import parse_query, parse_view
from respan_langchain.server.session import Sessions, login_page

STATIC = {
    "app.css": "text/css; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "theme.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}

MAX_LOGIN_BYTES = 10_000
MAX_FORM_BYTES = 4_000_000

Pages = dict[str, Callable[[], Response]]
"""The pages of one path, by method."""


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
        pages = self._find_pages(request)
        if not pages:
            raise HttpError(404, "There is no such page.")
        if method not in pages:
            raise HttpError(405, f"This page does not support {method}.")
        return pages[method]()

    def _find_pages(self, request: Request) -> Pages:
        search = request.parameters.get("q", "").strip()
        match request.segments:
            case [""]:
                return {
                    "GET": lambda: datasets.show(self.store, search),
                    "POST": lambda: dataset_settings.create(self.store, request.body),
                }
            case ["live"]:
                return {"GET": lambda: layout.fragment(datasets.listing(self.store, search))}
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
            case ["thread"]:
                name = request.parameters.get("id", "")
                return {"GET": lambda: thread.show(store, dataset_id, name)}
            case ["export.jsonl" | "export.csv" | "export.parquet" as file]:
                suffix = file.removeprefix("export")
                preset = request.parameters.get("preset")
                return {"GET": lambda: export.export(store, dataset_id, view, suffix, preset)}
            case _:
                return self._work_pages(request, dataset_id, rest)

    def _work_pages(self, request: Request, dataset_id: str, rest: list[str]) -> Pages:
        """Find the pages on which people work with rows."""
        store, parameters = self.store, parse_query(request.query)
        match rest:
            case ["review"]:
                return {
                    "GET": lambda: review_queue.show(
                        store, dataset_id, review_queue.parse_position(request)
                    )
                }
            case ["compare"]:
                return {"GET": lambda: compare.show(store, dataset_id, parameters.get("row", []))}
            case ["replay"]:
                return {"GET": lambda: replay.show(store, dataset_id)}
            case ["settings"]:
                return {"POST": lambda: dataset_settings.change(store, dataset_id, request.body)}
            case ["bulk"]:
                return {"POST": lambda: bulk_actions.carry_out(store, dataset_id, request.body)}
            case ["evaluations"]:
                compared = parameters.get("evaluator", [])
                return {
                    "GET": lambda: evaluations.show(store, dataset_id, compared),
                    "POST": lambda: evaluations.start(store, dataset_id, request.body),
                }
            case ["evaluations", "live"]:
                return {"GET": lambda: layout.fragment(evaluations.listing(store, dataset_id))}
            case _:
                return {}

    def _row_pages(
        self, request: Request, dataset_id: str, unique_id: str, rest: list[str]
    ) -> Pages:
        view, store = parse_view(request), self.store
        whole, raw = "whole" in request.parameters, "raw" in request.parameters
        match rest:
            case [""]:
                return {
                    "GET": lambda: row.show(
                        store, dataset_id, unique_id, view, show_all=whole, raw=raw
                    )
                }
            case ["copy", name] if name in copies.COPIES:
                return {
                    "GET": lambda: copies.copy(store, dataset_id, unique_id, name, request.origin)
                }
            case ["raw.json"]:
                return {"GET": lambda: self._raw_json(dataset_id, unique_id)}
            case ["review"]:
                return {"POST": lambda: self._save_review(request, dataset_id, unique_id)}
            case _:
                return {}

    def _raw_json(self, dataset_id: str, unique_id: str) -> Response:
        with self.store.reading() as connection:
            dataset = datasets_table.get_seq(connection, dataset_id)
            raw = json_response(200, serialize_log(logs_table.get(connection, dataset, unique_id)))
        return Response(200, raw.body, {**layout.SECURITY_HEADERS, **raw.headers})

    def _save_review(self, request: Request, dataset_id: str, unique_id: str) -> Response:
        review.save(self.store, dataset_id, unique_id, request.body)
        if "queue" not in request.parameters:
            return Response(303, headers={"location": log_link(dataset_id, unique_id)})
        position = review_queue.parse_position(request)
        address = dataset_link(dataset_id, "review", position.query(after=unique_id))
        return Response(303, headers={"location": address})


def _check_same_origin(request: Request) -> None:
    """Reject a request that another site makes a browser send."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    scheme, _, host = request.headers.get("origin", "").partition("://")
    is_ours = scheme in {"http", "https"} and host == request.headers.get("host")
    if site != "same-origin" or not is_ours:
        raise HttpError(403, "This request must come from the page itself.")


@cache
def _static(name: str) -> Response:
    content = (files("respan_langchain.server") / "static" / name).read_bytes()
    headers = {**layout.SECURITY_HEADERS, "content-type": STATIC[name], "cache-control": "no-cache"}
    return Response(200, content, headers)


def _error_page(error: HttpError) -> Response:
    titles = {404: "Not found", 403: "Not allowed", 429: "Too many requests"}
    title = titles.get(error.status, "Something went wrong")
    detail = element("p", visible_text(error.detail))
    home = element("p", element("a", "All datasets", href="/"))
    return layout.page(title, layout.empty_state(title, detail, home), status=error.status)
