"""Requests about the logs of a dataset: create, list, update, delete, export, summarize.

Pure. `client.py` turns these functions into methods of both clients, so users see their names,
arguments and docstrings. An argument that is None is not sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from respan_langchain._constants import MAX_BULK_LOGS, MAX_PAGE_SIZE
from respan_langchain.client.models import BulkResult, CreatedLog, Log, Message, ResultPage, Summary
from respan_langchain.client.paths import (
    FilterInput,
    Timestamp,
    dataset_path,
    filters_field,
    log_path,
    omit_none,
    page_query,
    parse_empty,
    parse_message,
    require_changes,
)
from respan_langchain.client.requests import ApiRequest
from respan_langchain.errors import ConfigurationError


def create_log(dataset_id: str, log: Mapping[str, Any]) -> ApiRequest[CreatedLog]:
    """Create one log from `input` and optional fields such as `output` or `metrics`."""
    return ApiRequest("POST", dataset_path(dataset_id, "logs"), CreatedLog.model_validate, body=log)


def list_logs(
    dataset_id: str,
    *,
    page: int = 1,
    page_size: int = MAX_PAGE_SIZE,
    sort_by: str | None = None,
    include_fields: Sequence[str] | None = None,
    filters: FilterInput = None,
) -> ApiRequest[ResultPage[Log]]:
    """List one page of logs; `sort_by` with a leading `-` sorts in descending order."""
    fields = ",".join(include_fields) if include_fields else None
    return ApiRequest(
        "POST",
        dataset_path(dataset_id, "logs", "list"),
        ResultPage[Log].model_validate,
        query=page_query(page, page_size, sort_by=sort_by, include_fields=fields),
        body=filters_field(filters),
        idempotent=True,
    )


def export_logs(
    dataset_id: str,
    export_format: Literal[".csv", ".jsonl"] = ".jsonl",
    *,
    filters: FilterInput = None,
) -> ApiRequest[Message]:
    """Start an export on the platform; the returned message says where to find it."""
    return ApiRequest(
        "POST",
        dataset_path(dataset_id, "logs", "list"),
        parse_message,
        body={"is_exporting": True, "export_format": export_format, **filters_field(filters)},
    )


def log(dataset_id: str, unique_id: str) -> ApiRequest[Log]:
    """Get one log."""
    return ApiRequest("GET", log_path(dataset_id, unique_id), Log.model_validate, idempotent=True)


def update_log(
    dataset_id: str,
    unique_id: str,
    *,
    input: Any = None,  # noqa: A002  # the platform's own name
    output: Any = None,
    expected_output: Any = None,
    metadata: Mapping[str, Any] | None = None,
    prompt: Any = None,
    completion: Any = None,
) -> ApiRequest[Log]:
    """Update the given fields of a log."""
    fields = {
        "input": input,
        "output": output,
        "expected_output": expected_output,
        "metadata": metadata,
        "prompt": prompt,
        "completion": completion,
    }
    path, body = log_path(dataset_id, unique_id), require_changes(fields)
    return ApiRequest("PATCH", path, Log.model_validate, body=body, idempotent=True)


def replace_log(
    dataset_id: str,
    unique_id: str,
    *,
    input: Any = None,  # noqa: A002  # the platform's own name
    output: Any = None,
    expected_output: Any = None,
    metadata: Mapping[str, Any] | None = None,
    prompt: Any = None,
    completion: Any = None,
) -> ApiRequest[Log]:
    """Replace a log; fields that are not given are removed."""
    update = update_log(
        dataset_id,
        unique_id,
        input=input,
        output=output,
        expected_output=expected_output,
        metadata=metadata,
        prompt=prompt,
        completion=completion,
    )
    return replace(update, method="PUT")


def delete_log(dataset_id: str, unique_id: str) -> ApiRequest[None]:
    """Delete one log."""
    return ApiRequest("DELETE", log_path(dataset_id, unique_id), parse_empty, idempotent=True)


def bulk_create_logs(dataset_id: str, logs: Sequence[Mapping[str, Any]]) -> ApiRequest[BulkResult]:
    """Create 1 to 500 logs. Check the result: some may be rejected while others are stored."""
    if not 1 <= len(logs) <= MAX_BULK_LOGS:
        raise ConfigurationError(
            f"bulk_create_logs takes 1 to {MAX_BULK_LOGS} logs, not {len(logs)}"
        )
    return replace(bulk_request(dataset_id), body={"logs": list(logs)})


def bulk_request(dataset_id: str) -> ApiRequest[BulkResult]:
    """Return a bulk request without its body, for callers that encode it themselves."""
    return ApiRequest(
        "POST",
        dataset_path(dataset_id, "logs", "bulk"),
        BulkResult.model_validate,
        parses_400=True,
    )


def import_logs(
    dataset_id: str,
    *,
    start_time: Timestamp,
    end_time: Timestamp,
    filters: FilterInput = None,
    sampling_percentage: float | None = None,
) -> ApiRequest[Message]:
    """Copy existing logs of a time range into the dataset, after the response."""
    body = {
        "start_time": start_time,
        "end_time": end_time,
        "sampling_percentage": sampling_percentage,
        **filters_field(filters),
    }
    return ApiRequest(
        "POST", dataset_path(dataset_id, "logs", "import"), parse_message, body=omit_none(body)
    )


def remove_logs(
    dataset_id: str, *, filters: FilterInput = None, all_logs: bool = False
) -> ApiRequest[Message]:
    """Remove the logs that `filters` select, or all of them, after the response."""
    selected = filters_field(filters)
    if bool(selected) == all_logs:
        raise ConfigurationError("remove_logs requires either filters or all_logs=True")
    return ApiRequest(
        "DELETE",
        dataset_path(dataset_id, "logs", "import"),
        parse_message,
        body=selected or {"is_deleting_all_logs": True},
        idempotent=True,
    )


def summary(dataset_id: str, *, filters: FilterInput = None) -> ApiRequest[Summary]:
    """Return totals over the logs of a dataset, or over those that `filters` select."""
    path = dataset_path(dataset_id, "logs", "summary")
    selected = filters_field(filters)
    if not selected:
        return ApiRequest("GET", path, Summary.model_validate, idempotent=True)
    return ApiRequest("POST", path, Summary.model_validate, body=selected, idempotent=True)
