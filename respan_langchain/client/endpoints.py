"""The 18 endpoints of the dataset API: each function builds the request to one of them.

Pure. `client.py` turns these functions into methods of both clients, so users see their names,
arguments and docstrings. An argument that is None is not sent.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, ParamSpec

from respan_langchain._arguments import check_dataset_name
from respan_langchain._constants import MAX_BULK_LOGS, MAX_PAGE_SIZE
from respan_langchain.client.filters import (
    DATASET_FIELDS,
    FilterInput,
    filters_body,
    filters_field,
)
from respan_langchain.client.models import (
    BulkResult,
    CreatedLog,
    DatasetInfo,
    EvalReport,
    EvalRun,
    Log,
    Message,
    ResultPage,
    Summary,
)
from respan_langchain.client.requests import (
    ApiRequest,
    Timestamp,
    dataset_path,
    omit_none,
    page_query,
    parse_empty,
    parse_message,
    require_changes,
)
from respan_langchain.errors import ConfigurationError

P = ParamSpec("P")


def create_dataset(
    name: str | None = None,
    *,
    description: str | None = None,
    is_empty: bool = True,
    sampling: float | None = None,
    start_time: Timestamp | None = None,
    end_time: Timestamp | None = None,
    initial_log_filters: FilterInput = None,
    source_dataset_id: str | None = None,
    granularity: Literal["logs", "traces"] | None = None,
) -> ApiRequest[DatasetInfo]:
    """Create a dataset: empty, filled with existing logs, or as a copy of another dataset.

    Args:
        name: 1 to 255 characters; required unless `source_dataset_id` is given.
        description: Text for people.
        is_empty: False fills the dataset with logs from `start_time` to `end_time`.
        sampling: Percentage of those logs, 1 to 100.
        start_time: Text must be in ISO 8601.
        end_time: Text must be in ISO 8601.
        initial_log_filters: Which of those logs.
        source_dataset_id: The dataset to copy; the platform copies after the response.
        granularity: Whether a row is a log or a trace.

    Raises:
        ConfigurationError: An argument is missing or too long.
    """
    if name is None and source_dataset_id is None:
        raise ConfigurationError("create_dataset requires name or source_dataset_id")
    if not is_empty and (start_time is None or end_time is None):
        raise ConfigurationError("is_empty=False requires start_time and end_time")
    if name is not None:
        check_dataset_name("name", name)
    body = {
        "name": name,
        "description": description,
        "is_empty": is_empty if source_dataset_id is None else None,
        "sampling": sampling,
        "start_time": start_time,
        "end_time": end_time,
        "initial_log_filters": filters_body(initial_log_filters) or None,
        "source_dataset_id": source_dataset_id,
        "granularity": granularity,
    }
    return ApiRequest("POST", "/api/datasets/", DatasetInfo.model_validate, body=omit_none(body))


def list_datasets(
    *,
    page: int = 1,
    page_size: int = MAX_PAGE_SIZE,
    sort_by: str | None = None,
    filters: FilterInput = None,
) -> ApiRequest[ResultPage[DatasetInfo]]:
    """List one page of datasets; `sort_by` with a leading `-` sorts in descending order."""
    return ApiRequest(
        "POST",
        "/api/datasets/list/",
        ResultPage[DatasetInfo].model_validate,
        query=page_query(page, page_size, sort_by=sort_by),
        body=filters_field(filters, DATASET_FIELDS),
        only_reads=True,
    )


def dataset(dataset_id: str) -> ApiRequest[DatasetInfo]:
    """Get one dataset."""
    return ApiRequest("GET", dataset_path(dataset_id), DatasetInfo.model_validate)


def update_dataset(
    dataset_id: str,
    *,
    name: str | None = None,
    description: str | None = None,
    starred: bool | None = None,
    tags: Sequence[str] | None = None,
) -> ApiRequest[DatasetInfo]:
    """Update the given fields of a dataset; `tags` are ids and replace the existing ones."""
    if name is not None:
        check_dataset_name("name", name)
    fields = {"name": name, "description": description, "starred": starred, "tags": tags}
    path, body = dataset_path(dataset_id), require_changes(fields)
    return ApiRequest("PATCH", path, DatasetInfo.model_validate, body=body)


def delete_dataset(dataset_id: str) -> ApiRequest[None]:
    """Delete a dataset and its logs."""
    return ApiRequest("DELETE", dataset_path(dataset_id), parse_empty)


def create_eval_report(
    dataset_id: str,
    evaluator_ids: Sequence[str],
    *,
    experiment_id: str | None = None,
    generation_method: Literal["auto", "llm", "code"] | None = None,
) -> ApiRequest[EvalReport]:
    """Start evaluators on a dataset; they run after the response."""
    body = {
        "evaluator_ids": list(evaluator_ids),
        "experiment_id": experiment_id,
        "generation_method": generation_method,
    }
    path = dataset_path(dataset_id, "eval-reports", "create")
    return ApiRequest("POST", path, EvalReport.model_validate, body=omit_none(body))


def list_eval_reports(
    dataset_id: str, *, page: int = 1, page_size: int = MAX_PAGE_SIZE
) -> ApiRequest[ResultPage[EvalRun]]:
    """List one page of evaluator runs."""
    path, query = dataset_path(dataset_id, "eval-reports", "list"), page_query(page, page_size)
    return ApiRequest("GET", path, ResultPage[EvalRun].model_validate, query=query)


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
        only_reads=True,
    )


def export_logs(
    dataset_id: str,
    export_format: Literal[".csv", ".jsonl"] = ".jsonl",
    *,
    filters: FilterInput = None,
) -> ApiRequest[Message]:
    """Start an export on the platform; the returned message says where to find it."""
    body = {"is_exporting": True, "export_format": export_format, **filters_field(filters)}
    return ApiRequest("POST", dataset_path(dataset_id, "logs", "list"), parse_message, body=body)


def log(dataset_id: str, unique_id: str) -> ApiRequest[Log]:
    """Get one log."""
    return ApiRequest("GET", dataset_path(dataset_id, "logs", unique_id), Log.model_validate)


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
    path, body = dataset_path(dataset_id, "logs", unique_id), require_changes(fields)
    return ApiRequest("PATCH", path, Log.model_validate, body=body)


def _by_put(update: Callable[P, ApiRequest[Log]]) -> Callable[P, ApiRequest[Log]]:
    @functools.wraps(update, assigned=())
    def replace_log(*args: P.args, **fields: P.kwargs) -> ApiRequest[Log]:
        """Replace a log; fields that are not given are removed."""
        return replace(update(*args, **fields), method="PUT")

    return replace_log


replace_log = _by_put(update_log)


def delete_log(dataset_id: str, unique_id: str) -> ApiRequest[None]:
    """Delete one log."""
    return ApiRequest("DELETE", dataset_path(dataset_id, "logs", unique_id), parse_empty)


def bulk_create_logs(dataset_id: str, logs: Sequence[Mapping[str, Any]]) -> ApiRequest[BulkResult]:
    """Create 1 to 500 logs. Check the result: some may be rejected while others are stored."""
    if not 1 <= len(logs) <= MAX_BULK_LOGS:
        raise ConfigurationError(
            f"bulk_create_logs takes 1 to {MAX_BULK_LOGS} logs, not {len(logs)}"
        )
    return replace(bulk_request(dataset_id), body={"logs": list(logs)})


def bulk_request(dataset_id: str) -> ApiRequest[BulkResult]:
    """Return a bulk request without its body, for callers that encode it themselves."""
    path = dataset_path(dataset_id, "logs", "bulk")
    return ApiRequest("POST", path, BulkResult.model_validate, parses_400=True)


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
    path = dataset_path(dataset_id, "logs", "import")
    return ApiRequest("POST", path, parse_message, body=omit_none(body))


def remove_logs(
    dataset_id: str, *, filters: FilterInput = None, all_logs: bool = False
) -> ApiRequest[Message]:
    """Remove the logs that `filters` select, or all of them, after the response."""
    selected = filters_field(filters)
    if bool(selected) == all_logs:
        raise ConfigurationError("remove_logs requires either filters or all_logs=True")
    path = dataset_path(dataset_id, "logs", "import")
    body = selected or {"is_deleting_all_logs": True}
    return ApiRequest("DELETE", path, parse_message, body=body)


def summary(dataset_id: str, *, filters: FilterInput = None) -> ApiRequest[Summary]:
    """Return totals over the logs of a dataset, or over those that `filters` select."""
    path = dataset_path(dataset_id, "logs", "summary")
    selected = filters_field(filters)
    if not selected:
        return ApiRequest("GET", path, Summary.model_validate)
    return ApiRequest("POST", path, Summary.model_validate, body=selected, only_reads=True)
