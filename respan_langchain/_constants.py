"""The platform's field names and limits, this package's version, and defaults of delivery.

Names and limits are from the platform's API documentation: the client rejects what is not listed
here; the embedded platform supports what is listed.
"""

from typing import Final, Literal, get_args

__version__: Final = "0.1.0"
"""This package's version; hatch reads it from here."""
MAX_BULK_LOGS: Final = 500
"""Logs in one bulk request."""
MAX_PAGE_SIZE: Final = 100
"""Results in one page of a list."""
MAX_DATASET_NAME: Final = 255
"""Characters of a dataset's name."""
BULK_REQUESTS_PER_MINUTE: Final = 30
"""Bulk requests of a whole organization, over all its keys and processes."""
REQUESTS_PER_MINUTE: Final = 60
"""Requests to the other dataset endpoints."""

Operator = Literal[
    "", "eq", "iexact", "lt", "lte", "gt", "gte", "contains", "icontains",
    "startswith", "endswith", "in", "isnull", "not",
]  # fmt: skip

OPERATORS: Final[frozenset[str]] = frozenset(get_args(Operator))

LOG_FIELDS: Final = frozenset({
    "status", "status_code", "unique_id", "customer_identifier", "thread_identifier",
    "custom_identifier", "group_identifier", "trace_unique_id", "span_name",
    "span_workflow_name", "model", "log_type", "prompt_tokens", "completion_tokens",
    "total_tokens", "cost", "latency",
})  # fmt: skip
"""Fields that a list of logs can be filtered by, besides `metadata__KEY`."""

EMBEDDED_LOG_FIELDS: Final = frozenset({"error_message", "expected_output"})
"""Fields by which only the embedded platform filters logs, besides `score__EVALUATOR`."""

LOG_NUMBERS: Final = frozenset(
    {"status_code", "prompt_tokens", "completion_tokens", "total_tokens", "cost", "latency"}
)
"""Those of them that are numbers."""

# Defaults of delivery, in seconds, bytes and rows: for the settings, and a worker without them.
MAX_QUEUE_ROWS: Final = 10_000
MAX_QUEUE_BYTES: Final = 24 * 1024 * 1024
BATCH_BYTES: Final = 4 * 1024 * 1024
FLUSH_INTERVAL: Final = 5.0
REQUEST_TIMEOUT: Final = 45.0
EXIT_TIMEOUT: Final = 5.0
DELIVERY_DEADLINE: Final = 3600.0
VIA_FALLBACK_AFTER: Final = 60.0
MAX_FLEET_ROWS: Final = 1_000_000
MAX_FLEET_BYTES: Final = 1024 * 1024 * 1024
