"""The API's responses as pydantic models.

Pure. A missing field is None, an unknown field is kept, and an invalid value is read as None, so
that it does not make the rest unreadable. Money is `Decimal` USD, durations are float seconds,
tokens are int.
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

from respan_langchain.client.display import (
    describe_log,
    describe_summary,
    render_log,
    render_summary,
)

T = TypeVar("T")


def _none_if_invalid(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    try:
        return validate(value)
    except ValidationError:
        return None


def _decode_json(value: Any) -> Any:
    """Decode objects and lists, which the platform returns as JSON text.

    Text that is itself a JSON object or list cannot be distinguished and is decoded too. Text such
    as `1`, `true` or `null` is kept, since no input may be a number, a boolean or null.
    """
    if not isinstance(value, str) or value.lstrip()[:1] not in {"{", "[", '"'}:
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


Lenient = WrapValidator(_none_if_invalid)
Text = Annotated[str | None, Lenient]
Count = Annotated[int | None, Lenient]
Seconds = Annotated[float | None, Lenient]
Usd = Annotated[Decimal | None, Lenient]
DateTime = Annotated[dt.datetime | None, Lenient]
Bool = Annotated[bool | None, Lenient]
Content = Annotated[Any, BeforeValidator(_decode_json)]
JsonObject = Annotated[dict[str, Any] | None, Lenient, BeforeValidator(_decode_json)]


class ApiModel(BaseModel):
    """Base of all models: immutable, and keeps fields that are not declared."""

    model_config = ConfigDict(extra="allow", frozen=True, protected_namespaces=())


class DatasetInfo(ApiModel):
    """A dataset; which fields are set depends on the endpoint."""

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
    """One log of a dataset; contents that the platform returns as JSON text are decoded."""

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
    """When the run ended."""
    created_at: DateTime = None
    """When the platform stored it."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Log":
        """Build the log of a row that was captured, as the platform would return it."""
        metadata, metrics = row.get("metadata") or {}, row.get("metrics") or {}
        return cls.model_validate({**metadata, **metrics, **row})

    def __repr__(self) -> str:
        return describe_log(self)

    __str__ = __repr__

    def _repr_html_(self) -> str:
        """Show the log in a notebook."""
        return render_log(self)

    @model_validator(mode="before")
    @classmethod
    def _copy_identifier(cls, content: Any) -> Any:
        """Copy the custom identifier from the metadata, where some responses have it."""
        if not isinstance(content, Mapping) or content.get("custom_identifier") is not None:
            return content
        metadata = _decode_json(content.get("metadata"))
        if not isinstance(metadata, Mapping):
            return content
        return {**content, "custom_identifier": metadata.get("custom_identifier")}


class ResultPage(ApiModel, Generic[T]):
    """One page of a list."""

    results: list[T]
    count: Count = None
    """Results on all pages."""
    next: Text = None
    previous: Text = None

    def is_last(self) -> bool:
        """Whether this is the last page."""
        return self.next is None or not self.results


class CreatedLog(ApiModel):
    """A log that was created."""

    unique_id: Text = None
    message: Text = None


class Message(ApiModel):
    """A message; the platform does the work after the response."""

    message: Text = None


class RowError(ApiModel):
    """Why one row of a bulk request was rejected."""

    index: Count = None
    """Position in the request, from 0."""
    error: Text = None


class BulkResult(ApiModel):
    """The outcome of a bulk request.

    `errors` may list fewer rows than `error_count`; then some rejected rows are unknown.
    """

    success_count: Annotated[int, Field(ge=0)]
    error_count: Annotated[int, Field(ge=0)] = 0
    errors: list[RowError] = []
    total_errors: Count = None

    def __bool__(self) -> bool:
        """Whether every row was accepted."""
        return self.error_count == 0 and not self.errors

    def rejected(self) -> Iterator[tuple[int, str]]:
        """Yield the position and the message of each rejected row that the platform listed."""
        for row in self.errors:
            if row.index is not None:
                yield row.index, row.error or ""

    def adds_up(self, rows: int) -> bool:
        """Whether the counts and positions are possible for a request of this many rows."""
        listed = [row.index for row in self.errors]
        in_range = all(index is not None and 0 <= index < rows for index in listed)
        unique = len(set(listed)) == len(listed) <= self.error_count
        return in_range and unique and self.success_count + self.error_count == rows


class Summary(ApiModel):
    """Totals over the logs of a dataset, or over those that filters select."""

    number_of_requests: Count = None
    number_with_cost: Count = None
    """Logs whose cost is known; None where the platform does not report it."""
    number_with_tokens: Count = None
    number_with_latency: Count = None
    total_cost: Usd = None
    total_tokens: Count = None
    total_prompt_tokens: Count = None
    total_completion_tokens: Count = None
    avg_latency: Seconds = None
    avg_tps: Annotated[float | None, Lenient] = None
    """Tokens per second."""
    avg_ttft: Seconds = None
    scores: Any = None

    def __repr__(self) -> str:
        return describe_summary(self)

    __str__ = __repr__

    def _repr_html_(self) -> str:
        """Show the totals in a notebook."""
        return render_summary(self)


class EvalRun(ApiModel):
    """The run of one evaluator over a dataset."""

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
    """The evaluator runs that were started, and the errors of those that were not."""

    created_tasks: list[EvalRun] = []
    errors: Any = None
