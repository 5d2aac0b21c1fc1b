"""The calls about datasets as wholes: create, list, change, delete, evaluate.

Pure. Says nothing about how a call is carried out; `client.py` binds these functions to both
clients, so their names, arguments and words are what users see. None means 'leave it out'.
"""

from collections.abc import Sequence
from typing import Literal

from respan_langchain._constants import MAX_PAGE_SIZE
from respan_langchain.client.filters import DATASET_FIELDS, filters_body
from respan_langchain.client.models import Dataset, EvalReport, EvalRun, Page
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
) -> ApiRequest[Dataset]:
    """Create a dataset: empty, or filled from the logs of a time, or as a copy of another one.

    Args:
        name: Required unless it is a copy.
        description: For people.
        is_empty: False fills it with logs from `start_time` to `end_time`.
        sampling: Percent of those logs, 1 to 100.
        start_time: ISO 8601 when it is text.
        end_time: ISO 8601 when it is text.
        initial_log_filters: Which of those logs.
        source_dataset_id: The dataset to copy, which happens after the answer.
        granularity: Rows are logs or traces.
    """
    if name is None and source_dataset_id is None:
        raise ConfigurationError("A dataset needs a name, unless it is a copy of another.")
    if not is_empty and (start_time is None or end_time is None):
        raise ConfigurationError("A dataset that is not empty needs start_time and end_time.")
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
    return ApiRequest("POST", "/api/datasets/", Dataset.model_validate, body=omit_none(body))


def list_datasets(
    *,
    page: int = 1,
    page_size: int = MAX_PAGE_SIZE,
    sort_by: str | None = None,
    filters: FilterInput = None,
) -> ApiRequest[Page[Dataset]]:
    """List one page of the datasets; a `-` before `sort_by` means descending."""
    return ApiRequest(
        "POST",
        "/api/datasets/list/",
        Page[Dataset].model_validate,
        query=page_query(page, page_size, sort_by=sort_by),
        body=filters_field(filters, DATASET_FIELDS),
        idempotent=True,
    )


def dataset(dataset_id: str) -> ApiRequest[Dataset]:
    """Look at one dataset."""
    return ApiRequest("GET", dataset_path(dataset_id), Dataset.model_validate, idempotent=True)


def update_dataset(
    dataset_id: str,
    *,
    name: str | None = None,
    description: str | None = None,
    starred: bool | None = None,
    tags: Sequence[str] | None = None,
) -> ApiRequest[Dataset]:
    """Change what is given of a dataset; `tags` are ids and replace those that it has."""
    body = {"name": name, "description": description, "starred": starred, "tags": tags}
    return ApiRequest(
        "PATCH",
        dataset_path(dataset_id),
        Dataset.model_validate,
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
    """Start evaluators on the dataset; they run after the answer."""
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
) -> ApiRequest[Page[EvalRun]]:
    """List one page of the evaluators' runs."""
    return ApiRequest(
        "GET",
        dataset_path(dataset_id, "eval-reports", "list"),
        Page[EvalRun].model_validate,
        query=page_query(page, page_size),
        idempotent=True,
    )
