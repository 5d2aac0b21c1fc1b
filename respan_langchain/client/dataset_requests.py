"""Requests about datasets: create, list, update, delete, evaluate.

Pure. `client.py` turns these functions into methods of both clients, so users see their names,
arguments and docstrings. An argument that is None is not sent.
"""

from collections.abc import Sequence
from typing import Literal

from respan_langchain._arguments import check_dataset_name
from respan_langchain._constants import MAX_PAGE_SIZE
from respan_langchain.client.filters import DATASET_FIELDS, filters_body
from respan_langchain.client.models import DatasetInfo, EvalReport, EvalRun, ResultPage
from respan_langchain.client.paths import (
    FilterInput,
    Timestamp,
    dataset_path,
    filters_field,
    omit_none,
    page_query,
    parse_empty,
    require_changes,
)
from respan_langchain.client.requests import ApiRequest
from respan_langchain.errors import ConfigurationError


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
        idempotent=True,
    )


def dataset(dataset_id: str) -> ApiRequest[DatasetInfo]:
    """Get one dataset."""
    return ApiRequest("GET", dataset_path(dataset_id), DatasetInfo.model_validate, idempotent=True)


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
    body = {"name": name, "description": description, "starred": starred, "tags": tags}
    return ApiRequest(
        "PATCH",
        dataset_path(dataset_id),
        DatasetInfo.model_validate,
        body=require_changes(body),
        idempotent=True,
    )


def delete_dataset(dataset_id: str) -> ApiRequest[None]:
    """Delete a dataset and its logs."""
    return ApiRequest("DELETE", dataset_path(dataset_id), parse_empty, idempotent=True)


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
    return ApiRequest(
        "POST",
        dataset_path(dataset_id, "eval-reports", "create"),
        EvalReport.model_validate,
        body=omit_none(body),
    )


def list_eval_reports(
    dataset_id: str, *, page: int = 1, page_size: int = MAX_PAGE_SIZE
) -> ApiRequest[ResultPage[EvalRun]]:
    """List one page of evaluator runs."""
    return ApiRequest(
        "GET",
        dataset_path(dataset_id, "eval-reports", "list"),
        ResultPage[EvalRun].model_validate,
        query=page_query(page, page_size),
        idempotent=True,
    )
