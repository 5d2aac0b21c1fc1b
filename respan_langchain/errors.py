"""Every exception that this package raises, as one tree.

RespanError
├── ConfigurationError            an argument, a variable or a file is invalid (also a ValueError)
├── MissingExtraError             an optional dependency is not installed (also an ImportError)
└── ApiError                      a request to the platform failed
    ├── ConnectionFailedError     no response: refused, reset, DNS, TLS
    ├── DeadlineError             no complete response in time
    ├── UnexpectedResponseError   a response that the API does not document: HTML, wrong counts
    ├── AuthenticationError       401: the API key is missing or wrong
    ├── PlanLimitError            402: the plan's limit is reached
    ├── PermissionDeniedError     403: the API key does not permit the request
    ├── NotFoundError             404: no such dataset or log in the key's organization
    ├── ValidationError           400, 413, 422: the request is invalid; see `fields`
    ├── RateLimitError            429: too many requests; see `retry_after`
    └── ServerError               5xx: the platform failed

The texts of the status codes are in `client/status_errors.py`. An ApiError names the request and
its status, never the API key and never a prompt: the response is in `body`, not in the message.
"""

from collections.abc import Mapping, Sequence


class RespanError(Exception):
    """Base of all exceptions of this package."""


class ConfigurationError(RespanError, ValueError):
    """An argument, an environment variable or a file of settings is invalid.

    The message names it and says what to do.
    """


class MissingExtraError(RespanError, ImportError):
    """An optional dependency is not installed. The message says what to install."""


class ApiError(RespanError):
    """A request to the platform failed."""

    def __init__(
        self,
        problem: str,
        *,
        method: str,
        path: str,
        status: int | None = None,
        body: str = "",
        fields: Mapping[str, Sequence[str]] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{method} {path}: {problem}")
        self.problem = problem
        """The message without method and path, for people who did not send the request."""
        self.method = method
        self.path = path
        self.status = status
        """The HTTP status; None when there was no response."""
        self.body = body
        """The start of the response. May quote the request, so it is not in the message."""
        self.fields = dict(fields or {})
        """The server's messages by field of the request."""
        self.retry_after = retry_after
        """Seconds that the server asks to wait; None when it does not say."""


class ConnectionFailedError(ApiError):
    """No response: the connection was refused or reset, or DNS or TLS failed."""


class DeadlineError(ApiError):
    """No complete response came in time."""


class UnexpectedResponseError(ApiError):
    """A response that the API does not document: a redirect, HTML, wrong counts."""


class AuthenticationError(ApiError):
    """401: the API key is missing or wrong."""


class PlanLimitError(ApiError):
    """402: the plan's limit is reached."""


class PermissionDeniedError(ApiError):
    """403: the API key does not permit the request."""


class NotFoundError(ApiError):
    """404: no such dataset or log in the key's organization."""


class ValidationError(ApiError):
    """400, 413 or 422: the request is invalid; `fields` says why."""


class RateLimitError(ApiError):
    """429: too many requests; `retry_after` says how long to wait."""


class ServerError(ApiError):
    """5xx: the platform failed."""
