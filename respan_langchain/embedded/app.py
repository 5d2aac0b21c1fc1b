"""The platform: one request in, one response out, always JSON.

Which endpoint a path names is decided here; what it does stands in the module of its idea.
"""

import sqlite3
from collections.abc import Callable

from respan_langchain.embedded.access import Rules, admit
from respan_langchain.embedded.endpoints import datasets, evaluations, logs
from respan_langchain.embedded.endpoints.bulk_copy_delete import import_logs, remove_logs
from respan_langchain.embedded.endpoints.summaries import summarize
from respan_langchain.embedded.http import (
    RefusedError,
    Request,
    Response,
    answer,
    object_in,
    refusal,
)
from respan_langchain.embedded.store.store import Store

Endpoints = dict[str, Callable[[], Response]]
"""What a path offers, by method."""

DEFAULT_RULES = Rules()


def respond(request: Request, store: Store, rules: Rules = DEFAULT_RULES) -> Response:
    """Carry out one request of the dataset API; a store that fails is answered with 503."""
    try:
        return attempt(request, store, rules)
    except sqlite3.Error as error:
        return answer(503, {"detail": f"The local store failed: {error}", "retry_after": 1})


def attempt(request: Request, store: Store, rules: Rules) -> Response:
    """Carry out one request of the dataset API.

    Raises:
        sqlite3.Error: The store failed, and nothing was changed.
    """
    try:
        admit(request, rules)
        return _endpoint(request, store, rules)()
    except RefusedError as refused:
        return refusal(refused)


def _endpoint(request: Request, store: Store, rules: Rules) -> Callable[[], Response]:
    offered = _endpoints(request, store, rules)
    if not offered:
        raise RefusedError(404, "Not found.")
    if request.method not in offered:
        raise RefusedError(405, f"Method {request.method} not allowed.", allowed=list(offered))
    return offered[request.method]


def _endpoints(request: Request, store: Store, rules: Rules) -> Endpoints:
    match request.segments:
        case ["api", "datasets", *rest]:
            return _of_datasets(rest, request, store, rules)
        case _:
            return {}


def _of_datasets(rest: list[str], request: Request, store: Store, rules: Rules) -> Endpoints:
    match rest:
        case [""]:
            return {"POST": lambda: datasets.create(store, object_in(request.body))}
        case ["list", ""]:
            return {"POST": lambda: datasets.list_all(request, store)}
        case [dataset_id, ""]:
            return {
                "GET": lambda: datasets.retrieve(store, dataset_id),
                "PATCH": lambda: datasets.change(store, dataset_id, object_in(request.body)),
                "DELETE": lambda: datasets.remove(store, dataset_id),
            }
        case [dataset_id, "eval-reports", action, ""]:
            return _of_evaluations(dataset_id, action, request, store, rules)
        case [dataset_id, "logs", *rest_of_logs]:
            return _of_logs(dataset_id, rest_of_logs, request, store, rules)
        case _:
            return {}


def _of_logs(
    dataset_id: str, rest: list[str], request: Request, store: Store, rules: Rules
) -> Endpoints:
    match rest:
        case [""]:
            return {"POST": lambda: logs.create_one(store, dataset_id, object_in(request.body))}
        case ["list", ""]:
            return {"POST": lambda: logs.list_all(request, store, dataset_id)}
        case ["bulk", ""]:
            return {
                "POST": lambda: logs.create_many(store, dataset_id, object_in(request.body), rules)
            }
        case ["import", ""]:
            return _of_selections(dataset_id, request, store)
        case ["summary", ""]:
            return {
                "GET": lambda: summarize(store, dataset_id, {}),
                "POST": lambda: summarize(store, dataset_id, object_in(request.body)),
            }
        case [unique_id, ""]:
            return _of_one_log(dataset_id, unique_id, request, store)
        case _:
            return {}


def _of_one_log(dataset_id: str, unique_id: str, request: Request, store: Store) -> Endpoints:
    def change(*, keep: bool) -> Response:
        return logs.change(store, dataset_id, unique_id, object_in(request.body), keep=keep)

    return {
        "GET": lambda: logs.retrieve(store, dataset_id, unique_id),
        "PATCH": lambda: change(keep=True),
        "PUT": lambda: change(keep=False),
        "DELETE": lambda: logs.remove(store, dataset_id, unique_id),
    }


def _of_selections(dataset_id: str, request: Request, store: Store) -> Endpoints:
    return {
        "POST": lambda: import_logs(store, dataset_id, object_in(request.body)),
        "DELETE": lambda: remove_logs(store, dataset_id, object_in(request.body)),
    }


def _of_evaluations(
    dataset_id: str, action: str, request: Request, store: Store, rules: Rules
) -> Endpoints:
    match action:
        case "create":
            said = object_in
            return {
                "POST": lambda: evaluations.create(store, dataset_id, said(request.body), rules)
            }
        case "list":
            return {"GET": lambda: evaluations.list_all(request, store, dataset_id)}
        case _:
            return {}
