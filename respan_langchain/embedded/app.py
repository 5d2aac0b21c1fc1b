"""Routes of the dataset API: one request in, one JSON response out."""

import sqlite3
from collections.abc import Callable

from respan_langchain.embedded.access import AccessPolicy, check_access
from respan_langchain.embedded.endpoints import datasets, evaluations, logs
from respan_langchain.embedded.endpoints.bulk import delete_logs, import_logs
from respan_langchain.embedded.endpoints.summaries import summarize
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
    endpoints = _endpoints(request, store, policy)
    if not endpoints:
        raise HttpError(404, "Not found.")
    if request.method not in endpoints:
        raise HttpError(405, f"Method {request.method} not allowed.", allowed=list(endpoints))
    return endpoints[request.method]


def _endpoints(request: Request, store: Store, policy: AccessPolicy) -> Endpoints:
    match request.segments:
        case ["api", "datasets", *rest]:
            return _dataset_endpoints(rest, request, store, policy)
        case _:
            return {}


def _dataset_endpoints(
    rest: list[str], request: Request, store: Store, policy: AccessPolicy
) -> Endpoints:
    match rest:
        case [""]:
            return {"POST": lambda: datasets.create(store, parse_object(request.body))}
        case ["list", ""]:
            return {"POST": lambda: datasets.list_all(request, store)}
        case [dataset_id, ""]:
            return {
                "GET": lambda: datasets.retrieve(store, dataset_id),
                "PATCH": lambda: datasets.update(store, dataset_id, parse_object(request.body)),
                "DELETE": lambda: datasets.delete(store, dataset_id),
            }
        case [dataset_id, "eval-reports", action, ""]:
            return _evaluation_endpoints(dataset_id, action, request, store, policy)
        case [dataset_id, "logs", *rest_of_logs]:
            return _log_endpoints(dataset_id, rest_of_logs, request, store, policy)
        case _:
            return {}


def _log_endpoints(
    dataset_id: str, rest: list[str], request: Request, store: Store, policy: AccessPolicy
) -> Endpoints:
    match rest:
        case [""]:
            return {"POST": lambda: logs.create_one(store, dataset_id, parse_object(request.body))}
        case ["list", ""]:
            return {"POST": lambda: logs.list_all(request, store, dataset_id)}
        case ["bulk", ""]:
            return {
                "POST": lambda: logs.create_many(
                    store, dataset_id, parse_object(request.body), policy
                )
            }
        case ["import", ""]:
            return _bulk_endpoints(dataset_id, request, store)
        case ["summary", ""]:
            return {
                "GET": lambda: summarize(store, dataset_id, {}),
                "POST": lambda: summarize(store, dataset_id, parse_object(request.body)),
            }
        case [unique_id, ""]:
            return _single_log_endpoints(dataset_id, unique_id, request, store)
        case _:
            return {}


def _single_log_endpoints(
    dataset_id: str, unique_id: str, request: Request, store: Store
) -> Endpoints:
    def update(*, partial: bool) -> Response:
        return logs.update(
            store, dataset_id, unique_id, parse_object(request.body), partial=partial
        )

    return {
        "GET": lambda: logs.retrieve(store, dataset_id, unique_id),
        "PATCH": lambda: update(partial=True),
        "PUT": lambda: update(partial=False),
        "DELETE": lambda: logs.delete(store, dataset_id, unique_id),
    }


def _bulk_endpoints(dataset_id: str, request: Request, store: Store) -> Endpoints:
    return {
        "POST": lambda: import_logs(store, dataset_id, parse_object(request.body)),
        "DELETE": lambda: delete_logs(store, dataset_id, parse_object(request.body)),
    }


def _evaluation_endpoints(
    dataset_id: str, action: str, request: Request, store: Store, policy: AccessPolicy
) -> Endpoints:
    match action:
        case "create":
            return {
                "POST": lambda: evaluations.create(
                    store, dataset_id, parse_object(request.body), policy
                )
            }
        case "list":
            return {"GET": lambda: evaluations.list_all(request, store, dataset_id)}
        case _:
            return {}
