"""Routes of the dataset API: one request in, one JSON response out."""

import sqlite3
from collections.abc import Callable
from functools import partial

from respan_langchain.embedded.access import AccessPolicy, check_access
from respan_langchain.embedded.endpoints import datasets, evaluations, logs
from respan_langchain.embedded.http import (
    HttpError,
    Request,
    Response,
    error_response,
    json_response,
    parse_object,
)
from respan_langchain.embedded.store.errors import StoreError
from respan_langchain.embedded.store.store import Store

Endpoints = dict[str, Callable[[], Response]]
"""The endpoints of one path, by method."""

DEFAULT_POLICY = AccessPolicy()


def respond(request: Request, store: Store, policy: AccessPolicy = DEFAULT_POLICY) -> Response:
    """Handle one request of the dataset API; an SQLite error becomes a 503."""
    try:
        return handle(request, store, policy)
    except sqlite3.Error as error:
        return json_response(503, {"detail": f"The local store failed: {error}", "retry_after": 1})


def handle(request: Request, store: Store, policy: AccessPolicy) -> Response:
    """Handle one request of the dataset API.

    Raises:
        sqlite3.Error: The store failed, and nothing was changed.
    """
    try:
        check_access(request, policy)
        return _find_endpoint(request, store, policy)()
    except (HttpError, StoreError) as error:
        return error_response(error)


def _find_endpoint(request: Request, store: Store, policy: AccessPolicy) -> Callable[[], Response]:
    endpoints = _endpoints_of_path(request, store, policy)
    if not endpoints:
        raise HttpError(404, "Not found.")
    if request.method not in endpoints:
        raise HttpError(405, f"Method {request.method} not allowed.", allowed=list(endpoints))
    return endpoints[request.method]


def _endpoints_of_path(request: Request, store: Store, policy: AccessPolicy) -> Endpoints:
    """Return the endpoints of the request's path: a table of all routes."""
    body = partial(parse_object, request.body)
    match request.segments:
        case ["api", "datasets", ""]:
            return {"POST": lambda: datasets.create(store, body())}
        case ["api", "datasets", "list", ""]:
            return {"POST": lambda: datasets.list_all(request, store)}
        case ["api", "datasets", id_, ""]:
            return {
                "GET": lambda: datasets.retrieve(store, id_),
                "PATCH": lambda: datasets.update(store, id_, body()),
                "DELETE": lambda: datasets.delete(store, id_),
            }
        case ["api", "datasets", id_, "eval-reports", "create", ""]:
            return {"POST": lambda: evaluations.create(store, id_, body(), policy)}
        case ["api", "datasets", id_, "eval-reports", "list", ""]:
            return {"GET": lambda: evaluations.list_all(request, store, id_)}
        case ["api", "datasets", id_, "logs", *rest]:
            return _log_endpoints(id_, rest, request, store, policy)
        case _:
            return {}


def _log_endpoints(
    id_: str, rest: list[str], request: Request, store: Store, policy: AccessPolicy
) -> Endpoints:
    """Return the endpoints of a path below `/api/datasets/{id_}/logs/`."""
    body = partial(parse_object, request.body)
    match rest:
        case [""]:
            return {"POST": lambda: logs.create_one(store, id_, body())}
        case ["list", ""]:
            return {"POST": lambda: logs.list_all(request, store, id_)}
        case ["bulk", ""]:
            return {"POST": lambda: logs.create_many(store, id_, body(), policy)}
        case ["import", ""]:
            return {
                "POST": lambda: logs.import_logs(store, id_, body()),
                "DELETE": lambda: logs.remove_logs(store, id_, body()),
            }
        case ["summary", ""]:
            return {
                "GET": lambda: logs.summarize(store, id_, {}),
                "POST": lambda: logs.summarize(store, id_, body()),
            }
        case [log_id, ""]:
            return {
                "GET": lambda: logs.retrieve(store, id_, log_id),
                "PATCH": lambda: logs.update(store, id_, log_id, body(), partial=True),
                "PUT": lambda: logs.update(store, id_, log_id, body(), partial=False),
                "DELETE": lambda: logs.delete(store, id_, log_id),
            }
        case _:
            return {}
