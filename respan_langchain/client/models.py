"""What the platform says, as types.

Pure. A missing field is None, an unknown one is kept, and an odd one does not cost the rest. Money
is `Decimal` USD, durations are float seconds, tokens are int.
"""

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

T = TypeVar("T")


def _none_if_odd(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    """One field that is not what the documentation says must not cost the reader the whole page."""
    try:
        return read(value)
    except ValidationError:
        return None


def _decode_json(value: Any) -> Any:
    """Undo the platform's habit of handing out objects and lists as JSON text.

    Text that happens to be a JSON object or list cannot be told from it, and is decoded too; text
    that reads as a number, a truth value or null is left alone, since no input may be one of those.
    """
    if not isinstance(value, str) or value.lstrip()[:1] not in {"{", "[", '"'}:
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


Lenient = WrapValidator(_none_if_odd)
Text = Annotated[str | None, Lenient]
Count = Annotated[int | None, Lenient]
Seconds = Annotated[float | None, Lenient]
Usd = Annotated[Decimal | None, Lenient]
DateTime = Annotated[dt.datetime | None, Lenient]
Bool = Annotated[bool | None, Lenient]
Content = Annotated[Any, BeforeValidator(_decode_json)]
JsonObject = Annotated[dict[str, Any] | None, Lenient, BeforeValidator(_decode_json)]


class ApiModel(BaseModel):
    """What all answers have in common: they are values, and may say more than is written here."""

    model_config = ConfigDict(extra="allow", frozen=True, protected_namespaces=())


class Dataset(ApiModel):
    """A dataset; which of the fields are there depends on the call."""

    id: str
    name: Text = None
    description: Text = None
    type: Text = None
    status: Text = None
    """`initializing`, `ready`, `failed` or `loading`."""
    log_count: Count = None
    starred: Bool = None
    tags: Any = None
    created_at: DateTime = None
    updated_at: DateTime = None


class Log(ApiModel):
    """One log of a dataset; its contents are decoded where the platform wrote them as JSON text."""

    unique_id: Annotated[Text, Field(validation_alias=AliasChoices("unique_id", "id"))] = None
    input: Content = None
    output: Content = None
    expected_output: Content = None
    metadata: JsonObject = None
    metrics: JsonObject = None
    model: Text = None
    log_type: Text = None
    status: Text = None
    status_code: Count = None
    error_message: Text = None
    custom_identifier: Text = None
    customer_identifier: Text = None
    thread_identifier: Text = None
    trace_unique_id: Text = None
    span_name: Text = None
    prompt_tokens: Count = None
    completion_tokens: Count = None
    total_tokens: Annotated[
        Count, Field(validation_alias=AliasChoices("total_request_tokens", "total_tokens"))
    ] = None
    cost: Usd = None
    latency: Seconds = None
    time_to_first_token: Seconds = None
    scores: Any = None
    start_time: DateTime = None
    timestamp: DateTime = None
    """The end, not the beginning."""

    @model_validator(mode="before")
    @classmethod
    def _with_identifier(cls, said: Any) -> Any:
        """Show the custom identifier at one place, since answers have it at one of two."""
        if not isinstance(said, Mapping) or said.get("custom_identifier") is not None:
            return said
        metadata = _decode_json(said.get("metadata"))
        if not isinstance(metadata, Mapping):
            return said
        return {**said, "custom_identifier": metadata.get("custom_identifier")}


class Page(ApiModel, Generic[T]):
    """One page of a list."""

    results: list[T]
    count: Count = None
    """How many there are on all pages."""
    next: Text = None
    previous: Text = None

    def is_last(self) -> bool:
        """Whether no page comes after this one."""
        return self.next is None or not self.results


class CreatedLog(ApiModel):
    """A log that was accepted."""

    unique_id: Text = None
    message: Text = None


class Message(ApiModel):
    """Words only: the platform does the work later."""

    message: Text = None


class RowError(ApiModel):
    """Why one row of a bulk request was refused."""

    index: Count = None
    """Counted from 0."""
    error: Text = None


class BulkResult(ApiModel):
    """What became of the rows of a bulk request.

    `errors` may name fewer rows than `error_count` counts, so that some refused rows stay unknown.
    """

    success_count: Annotated[int, Field(ge=0)]
    error_count: Annotated[int, Field(ge=0)] = 0
    errors: list[RowError] = []
    total_errors: Count = None

    def __bool__(self) -> bool:
        """Whether every row was accepted."""
        return self.error_count == 0 and not self.errors

    def rejected(self) -> Iterator[tuple[int, str]]:
        """The rows that the platform named, with its words."""
        for row in self.errors:
            if row.index is not None:
                yield row.index, row.error or ""

    def adds_up(self, rows: int) -> bool:
        """Whether this can be the answer to so many rows."""
        named = [row.index for row in self.errors]
        ours = all(index is not None and 0 <= index < rows for index in named)
        alone = len(set(named)) == len(named) <= self.error_count
        return ours and alone and self.success_count + self.error_count == rows


class Summary(ApiModel):
    """Totals over the logs of a dataset, or over those that a filter selects."""

    number_of_requests: Count = None
    total_cost: Usd = None
    total_tokens: Count = None
    total_prompt_tokens: Count = None
    total_completion_tokens: Count = None
    avg_latency: Seconds = None
    avg_tps: Annotated[float | None, Lenient] = None
    """Tokens a second."""
    avg_ttft: Seconds = None
    scores: Any = None


class EvalRun(ApiModel):
    """One evaluator's run over a dataset."""

    task_id: Text = None
    name: Text = None
    dataset_id: Text = None
    evaluator_slug: Text = None
    status: Text = None
    started_at: DateTime = None
    completed_at: DateTime = None
    error_message: Text = None
    evaluated_logs_count: Count = None
    score: Any = None


class EvalReport(ApiModel):
    """The runs that were started, and what could not be."""

    created_tasks: list[EvalRun] = []
    errors: Any = None
