"""Every exception that this package raises, as one tree.

RespanError
├── ConfigurationError            an argument, a variable or a file is wrong (also a ValueError)
├── MissingExtraError             an optional dependency is not installed (also an ImportError)
└── ApiError                      a call to the platform did not succeed
    ├── ConnectionFailedError     no answer: refused, reset, DNS, TLS
    ├── DeadlineError             no whole answer in time
    ├── UnexpectedAnswerError     an answer that the contract does not know: HTML, wrong counts
    ├── AuthenticationError       401: the key is missing or wrong
    ├── PlanLimitError            402: the plan's limit is reached
    ├── PermissionDeniedError     403: the key may not do this
    ├── NotFoundError             404: no such dataset or log in this organization
    ├── ValidationError           400, 413, 422: the request is refused; `fields` says why
    ├── RateLimitError            429: `retry_after` says for how long to wait
    └── ServerError               5xx: the platform failed

An ApiError names what was asked and what came back, never the key and never a prompt: the server's
body stays in `body`, out of the message.
"""

from collections.abc import Mapping, Sequence


class RespanError(Exception):
    """What all errors of this package have in common."""


class ConfigurationError(RespanError, ValueError):
    """An argument, an environment variable or a file of settings is wrong.

    The message says what to do.
    """


class MissingExtraError(RespanError, ImportError):
    """Something optional is needed and not installed; the message says what to install."""


class ApiError(RespanError):
    """A call to the platform did not succeed."""

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
        """What went wrong, without the method and the path."""
        self.method = method
        self.path = path
        self.status = status
        """The HTTP status, None when no answer came."""
        self.body = body
        """The start of the server's words; may quote what was sent, so it is not in the message."""
        self.fields = dict(fields or {})
        """The server's complaints by field of the request."""
        self.retry_after = retry_after
        """Seconds that the server asks to wait, None when it did not say."""


class ConnectionFailedError(ApiError):
    """No answer: refused, reset, DNS or TLS."""


class DeadlineError(ApiError):
    """No whole answer came in time."""


class UnexpectedAnswerError(ApiError):
    """An answer that the contract does not know: a redirect, HTML, wrong counts."""


class AuthenticationError(ApiError):
    """401: the key is missing or wrong."""


class PlanLimitError(ApiError):
    """402: the plan's limit is reached."""


class PermissionDeniedError(ApiError):
    """403: the key may not do this."""


class NotFoundError(ApiError):
    """404: no such dataset or log in this organization."""


class ValidationError(ApiError):
    """400, 413 or 422: the request is refused; `fields` says what is wrong."""


class RateLimitError(ApiError):
    """429: too many requests; `retry_after` says for how long to wait."""


class ServerError(ApiError):
    """5xx: the platform failed."""
