"""The calls about the logs of a dataset: add, list, change, remove, export, total up.

Pure. As `dataset_calls.py`: what stands here is what users of both clients see, and None means
'leave it out'.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from respan_langchain._constants import MAX_BULK_LOGS, MAX_PAGE_SIZE
from respan_langchain.client.models import BulkResult, CreatedLog, Log, Message, Page, Summary
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
    """Add one log: `input`, and what there is of the other parts, such as `output` or `metrics`."""
    return ApiRequest("POST", dataset_path(dataset_id, "logs"), CreatedLog.model_validate, body=log)


def list_logs(
    dataset_id: str,
    *,
    page: int = 1,
    page_size: int = MAX_PAGE_SIZE,
    sort_by: str | None = None,
    include_fields: Sequence[str] | None = None,
    filters: FilterInput = None,
) -> ApiRequest[Page[Log]]:
    """List one page of a dataset's logs; a `-` before `sort_by` means descending."""
    fields = ",".join(include_fields) if include_fields else None
    return ApiRequest(
        "POST",
        dataset_path(dataset_id, "logs", "list"),
        Page[Log].model_validate,
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
    """Have the platform write an export; the answer says where it will be found."""
    return ApiRequest(
        "POST",
        dataset_path(dataset_id, "logs", "list"),
        parse_message,
        body={"is_exporting": True, "export_format": export_format, **filters_field(filters)},
    )


def log(dataset_id: str, unique_id: str) -> ApiRequest[Log]:
    """Look at one log."""
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
    """Change what is given of a log, and nothing else of it."""
    body = require_changes(
        _log_fields(input, output, expected_output, metadata, prompt, completion)
    )
    return ApiRequest(
        "PATCH", log_path(dataset_id, unique_id), Log.model_validate, body=body, idempotent=True
    )


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
    """Write a log anew: what is not given is removed from it."""
    body = require_changes(
        _log_fields(input, output, expected_output, metadata, prompt, completion)
    )
    return ApiRequest(
        "PUT", log_path(dataset_id, unique_id), Log.model_validate, body=body, idempotent=True
    )


def delete_log(dataset_id: str, unique_id: str) -> ApiRequest[None]:
    """Delete one log."""
    return ApiRequest("DELETE", log_path(dataset_id, unique_id), parse_empty, idempotent=True)


def bulk_create_logs(dataset_id: str, logs: Sequence[Mapping[str, Any]]) -> ApiRequest[BulkResult]:
    """Add 1 to 500 logs; some may be refused while others are taken, so look at the result."""
    if not 1 <= len(logs) <= MAX_BULK_LOGS:
        raise ConfigurationError(
            f"A bulk request takes 1 to {MAX_BULK_LOGS} logs, not {len(logs)}."
        )
    return replace(bulk_request(dataset_id), body={"logs": list(logs)})


def bulk_request(dataset_id: str) -> ApiRequest[BulkResult]:
    """Make a bulk request without its body, for those who write that themselves."""
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
    """Copy existing logs of a time into the dataset, which happens after the answer."""
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
    """Remove the logs that the filters select, or all when that is said; the answer comes first."""
    selected = filters_field(filters)
    if bool(selected) == all_logs:
        raise ConfigurationError("Say which logs to remove: either filters, or all_logs=True.")
    return ApiRequest(
        "DELETE",
        dataset_path(dataset_id, "logs", "import"),
        parse_message,
        body=selected or {"is_deleting_all_logs": True},
        idempotent=True,
    )


def summary(dataset_id: str, *, filters: FilterInput = None) -> ApiRequest[Summary]:
    """Total up the dataset's logs, or those that the filters select."""
    path = dataset_path(dataset_id, "logs", "summary")
    selected = filters_field(filters)
    if not selected:
        return ApiRequest("GET", path, Summary.model_validate, idempotent=True)
    return ApiRequest("POST", path, Summary.model_validate, body=selected, idempotent=True)


def _log_fields(
    input: Any,  # noqa: A002  # the platform's own name
    output: Any,
    expected_output: Any,
    metadata: Mapping[str, Any] | None,
    prompt: Any,
    completion: Any,
) -> dict[str, Any]:
    return {
        "input": input,
        "output": output,
        "expected_output": expected_output,
        "metadata": metadata,
        "prompt": prompt,
        "completion": completion,
    }
