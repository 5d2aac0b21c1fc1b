"""What was seen of one exchange: whether the request left whole, and what was read of the answer.

No network in here: the exchange reports, this remembers and turns it into an `Answer`.
"""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from respan_langchain._http_result import HttpResult

NOT_SENT_ERRORS = frozenset({
    "ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol",
    "LocalProtocolError", "InvalidURL",
})  # fmt: skip
"""Exceptions that mean so by themselves, for transports that do not trace."""
ERROR_TEXTS = {
    "ConnectError": "could not connect",
    "ConnectTimeout": "could not connect in time",
    "PoolTimeout": "no connection became free in time",
    "ProxyError": "the proxy refused",
    "ReadError": "the connection broke while the answer was awaited",
    "WriteError": "the connection broke while the request was sent",
    "RemoteProtocolError": "the server closed the connection, or what it said is not HTTP",
    "InvalidURL": "the URL cannot be used",
}
QUOTABLE_ERRORS = frozenset({"ConnectError", "ProxyError"})
"""Exceptions whose words come from the system or the proxy; others may quote what was sent."""

MIN_KEY_LENGTH = 8
"""Letters; what is shorter is no real key, and would be found in innocent words."""


class RequestTrace:
    """Watches one request leave. Call it as httpx's `trace` extension."""

    def __init__(self, *, last_event: str) -> None:
        self._last_event = last_event
        self._traced = False
        self._in_tunnel = False
        self._sent = False

    def __call__(self, event: str, told: Mapping[str, Any]) -> None:
        """Take note of an event."""
        self._traced = True
        if event.endswith("send_request_headers.started"):
            # A proxy's tunnel is opened by a request of its own, which is not ours.
            self._in_tunnel = getattr(told.get("request"), "method", b"") == b"CONNECT"
        elif event.endswith(self._last_event) and not self._in_tunnel:
            self._sent = True

    async def on_event_async(self, event: str, told: Mapping[str, Any]) -> None:
        """Do the same for the asynchronous half, where httpcore awaits it."""
        self(event, told)

    def was_sent(self, error: BaseException) -> bool:
        """Whether the request may have reached the server whole."""
        return self._sent if self._traced else NOT_SENT_ERRORS.isdisjoint(_class_names(error))


class BodyReader:
    """What is read of an answer's body, up to a number of bytes before and after unpacking."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._parts: list[bytes] = []
        self._left = most

    def add(self, part: bytes) -> bool:
        """Take a part, and say whether to read on."""
        self._parts.append(part[: self._left])
        self._left -= len(self._parts[-1])
        return self._left > 0

    def content(self, encoding: str) -> bytes:
        """Unpack what came; what cannot be unpacked stays as it is, and will not pass for JSON."""
        raw = b"".join(self._parts)
        if encoding.strip().lower() not in {"gzip", "x-gzip", "deflate"}:
            return raw
        try:
            # 32 above the largest window: find out whether it is zlib or gzip.
            return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(raw, self._most)
        except zlib.error:
            return raw


def result_from_response(response: Any, content: bytes, secret: str | None) -> HttpResult:
    """Turn a response into an answer, without the key should the server repeat it."""
    headers = {name.lower(): redact_key(secret, value) for name, value in response.headers.items()}
    if secret is not None and response.status_code >= 300 and len(secret) >= MIN_KEY_LENGTH:
        content = content.replace(secret.encode(), b"***")
    return HttpResult(response.status_code, content, headers)


def result_from_error(
    error: BaseException, trace: RequestTrace, *, late: bool, secret: str | None
) -> HttpResult:
    """Say in words why no whole answer came."""
    names = _class_names(error)
    problem = "no whole answer came in time" if late else _describe(error, names)
    return HttpResult(
        status=None,
        error=redact_key(secret, problem),
        maybe_sent=trace.was_sent(error),
        timed_out=late or any("Timeout" in name for name in names),
    )


def redact_key(secret: str | None, text: str) -> str:
    """Take the key out of a text, should something have put it there."""
    if secret is None or len(secret) < MIN_KEY_LENGTH:
        return text
    return text.replace(secret, "***")


def _describe(error: BaseException, names: Sequence[str]) -> str:
    said = next(
        (ERROR_TEXTS[name] for name in names if name in ERROR_TEXTS), f"failed with {names[0]}"
    )
    if not QUOTABLE_ERRORS.intersection(names):
        return said
    quoted = "".join(sign for sign in str(error) if sign.isprintable())[:200]
    return f"{said}: {quoted}" if quoted else said


def _class_names(error: BaseException) -> list[str]:
    return [kind.__name__ for kind in type(error).__mro__]
