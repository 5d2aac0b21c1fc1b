"""The calls about the logs of a dataset: add, list, change, remove, export, total up.

Pure. As `dataset_calls.py`: what stands here is what users of both clients see, and None means
'leave it out'.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from respan_langchain._constants import MAX_BULK_LOGS, MAX_PAGE_SIZE
from respan_langchain.client.models import BulkResult, Created, Log, Message, Page, Summary
from respan_langchain.client.paths import (
    Moment,
    Selection,
    dataset_path,
    filters_part,
    given,
    log_path,
    message_from,
    nothing_from,
    page_query,
    something,
)
from respan_langchain.client.requests import Call
from respan_langchain.errors import ConfigurationError


def create_log(dataset_id: str, log: Mapping[str, Any]) -> Call[Created]:
    """Add one log: `input`, and what there is of the other parts, such as `output` or `metrics`."""
    return Call("POST", dataset_path(dataset_id, "logs"), Created.model_validate, body=log)


def list_logs(
    dataset_id: str,
    *,
    page: int = 1,
    page_size: int = MAX_PAGE_SIZE,
    sort_by: str | None = None,
    include_fields: Sequence[str] | None = None,
    filters: Selection = None,
) -> Call[Page[Log]]:
    """List one page of a dataset's logs; a `-` before `sort_by` means descending."""
    fields = ",".join(include_fields) if include_fields else None
    return Call(
        "POST",
        dataset_path(dataset_id, "logs", "list"),
        Page[Log].model_validate,
        query=page_query(page, page_size, sort_by=sort_by, include_fields=fields),
        body=filters_part(filters),
        repeatable=True,
    )


def export_logs(
    dataset_id: str,
    export_format: Literal[".csv", ".jsonl"] = ".jsonl",
    *,
    filters: Selection = None,
) -> Call[Message]:
    """Have the platform write an export; the answer says where it will be found."""
    return Call(
        "POST",
        dataset_path(dataset_id, "logs", "list"),
        message_from,
        body={"is_exporting": True, "export_format": export_format, **filters_part(filters)},
    )


def log(dataset_id: str, unique_id: str) -> Call[Log]:
    """Look at one log."""
    return Call("GET", log_path(dataset_id, unique_id), Log.model_validate, repeatable=True)


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
) -> Call[Log]:
    """Change what is given of a log, and nothing else of it."""
    body = something(_parts(input, output, expected_output, metadata, prompt, completion))
    return Call(
        "PATCH", log_path(dataset_id, unique_id), Log.model_validate, body=body, repeatable=True
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
) -> Call[Log]:
    """Write a log anew: what is not given is removed from it."""
    body = something(_parts(input, output, expected_output, metadata, prompt, completion))
    return Call(
        "PUT", log_path(dataset_id, unique_id), Log.model_validate, body=body, repeatable=True
    )


def delete_log(dataset_id: str, unique_id: str) -> Call[None]:
    """Delete one log."""
    return Call("DELETE", log_path(dataset_id, unique_id), nothing_from, repeatable=True)


def bulk_create_logs(dataset_id: str, logs: Sequence[Mapping[str, Any]]) -> Call[BulkResult]:
    """Add 1 to 500 logs; some may be refused while others are taken, so look at the result."""
    if not 1 <= len(logs) <= MAX_BULK_LOGS:
        raise ConfigurationError(
            f"A bulk request takes 1 to {MAX_BULK_LOGS} logs, not {len(logs)}."
        )
    return replace(bulk_call(dataset_id), body={"logs": list(logs)})


def bulk_call(dataset_id: str) -> Call[BulkResult]:
    """Make a bulk request without its body, for those who write that themselves."""
    return Call(
        "POST",
        dataset_path(dataset_id, "logs", "bulk"),
        BulkResult.model_validate,
        refusal_reads=True,
    )


def import_logs(
    dataset_id: str,
    *,
    start_time: Moment,
    end_time: Moment,
    filters: Selection = None,
    sampling_percentage: float | None = None,
) -> Call[Message]:
    """Copy existing logs of a time into the dataset, which happens after the answer."""
    body = {
        "start_time": start_time,
        "end_time": end_time,
        "sampling_percentage": sampling_percentage,
        **filters_part(filters),
    }
    return Call("POST", dataset_path(dataset_id, "logs", "import"), message_from, body=given(body))


def remove_logs(
    dataset_id: str, *, filters: Selection = None, all_logs: bool = False
) -> Call[Message]:
    """Remove the logs that the filters select, or all when that is said; the answer comes first."""
    selected = filters_part(filters)
    if bool(selected) == all_logs:
        raise ConfigurationError("Say which logs to remove: either filters, or all_logs=True.")
    return Call(
        "DELETE",
        dataset_path(dataset_id, "logs", "import"),
        message_from,
        body=selected or {"is_deleting_all_logs": True},
        repeatable=True,
    )


def summary(dataset_id: str, *, filters: Selection = None) -> Call[Summary]:
    """Total up the dataset's logs, or those that the filters select."""
    path = dataset_path(dataset_id, "logs", "summary")
    selected = filters_part(filters)
    if not selected:
        return Call("GET", path, Summary.model_validate, repeatable=True)
    return Call("POST", path, Summary.model_validate, body=selected, repeatable=True)


def _parts(
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
