"""The platform's words and limits, as its documentation gives them, written down once.

Ground floor: the client refuses what is not here, and the embedded platform serves what is here.
"""

from typing import Final, Literal

__version__: Final = "0.1.0"
"""This package's own version; hatch reads it from here."""
MAX_BULK_LOGS: Final = 500
"""Logs in one bulk request."""
MAX_PAGE_SIZE: Final = 100
"""Results in one page of a list."""
BULK_REQUESTS_PER_MINUTE: Final = 30
"""Bulk creations for a whole organization, all keys and processes together."""
REQUESTS_PER_MINUTE: Final = 60
"""The other dataset endpoints."""

Operator = Literal[
    "", "eq", "iexact", "lt", "lte", "gt", "gte", "contains", "icontains",
    "startswith", "endswith", "in", "isnull", "not",
]  # fmt: skip

OPERATORS: Final = frozenset({
    "", "eq", "iexact", "lt", "lte", "gt", "gte", "contains", "icontains",
    "startswith", "endswith", "in", "isnull", "not",
})  # fmt: skip

LOG_FIELDS: Final = frozenset({
    "status", "status_code", "unique_id", "customer_identifier", "thread_identifier",
    "custom_identifier", "group_identifier", "trace_unique_id", "span_name",
    "span_workflow_name", "model", "log_type", "prompt_tokens", "completion_tokens",
    "total_tokens", "cost", "latency",
})  # fmt: skip
"""What a list of logs can be filtered by, besides `metadata__<key>`."""

LOG_TYPES: Final = frozenset({
    "chat", "completion", "response", "embedding", "speech", "transcription", "workflow",
    "agent", "task", "tool", "guardrail",
})  # fmt: skip
"""The safe set of `metadata.log_type`."""
