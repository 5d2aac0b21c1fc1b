"""How a call is put to httpx, and how what comes back is put into an `Answer`.

Pure. The key is here and nowhere else: it goes into one header, and out of whatever comes back.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from respan_langchain._http_result import HttpResult
from respan_langchain.client.http.request_trace import (
    BodyReader,
    RequestTrace,
    result_from_error,
    result_from_response,
)
from respan_langchain.client.requests import ApiRequest

MAX_CONNECT_SECONDS = 5.0
"""Seconds to connect at most: what answers at all answers sooner."""


@dataclass(frozen=True, slots=True)
class HttpCodec:
    """Where requests go, and with which key."""

    root: str
    key: str | None = field(repr=False)

    def build_request(self, call: ApiRequest[Any], content: bytes, left: float) -> dict[str, Any]:
        """Write the arguments of httpx's `stream`; `left` is the seconds that it may take."""
        return {
            "method": call.method,
            "url": self.root + call.target(),
            "content": content or None,
            "headers": self._headers(with_body=bool(content)),
            "timeout": (min(MAX_CONNECT_SECONDS, left), left, left, left),
            # An injected client may have authentication and a taste for redirects of its own.
            "auth": None,
            "follow_redirects": False,
        }

    def read_response(self, response: Any, body: BodyReader, *, unpacked: bool) -> HttpResult:
        """Read a response whose body was read, and perhaps unpacked, by others."""
        encoding = "" if unpacked else response.headers.get("content-encoding", "")
        return result_from_response(response, body.content(encoding), self.key)

    def read_failure(self, error: Exception, trace: RequestTrace, *, late: bool) -> HttpResult:
        """Say why there is no response."""
        return result_from_error(error, trace, late=late, secret=self.key)

    def _headers(self, *, with_body: bool) -> Mapping[str, str]:
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": "respan-langchain",
        }
        if with_body:
            headers["Content-Type"] = "application/json"
        if self.key is not None:
            headers["Authorization"] = f"Bearer {self.key}"
        return headers


@contextmanager
def suppress_instrumentation() -> Iterator[None]:
    """Let OpenTelemetry's instrumentations overlook what happens in here."""
    opentelemetry: Any = sys.modules.get("opentelemetry.context")
    if opentelemetry is None:
        yield
        return
    # The plain key is what older instrumentations ask for.
    ours = opentelemetry.set_value("suppress_instrumentation", True)
    key = getattr(opentelemetry, "_SUPPRESS_INSTRUMENTATION_KEY", None)
    if key is not None:
        ours = opentelemetry.set_value(key, True, ours)
    token = opentelemetry.attach(ours)
    try:
        yield
    finally:
        opentelemetry.detach(token)
