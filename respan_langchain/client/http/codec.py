"""Encodes API requests for httpx, and decodes what came back into an `HttpResult`.

The API key is kept here. It is written into one header, and replaced by `***` in everything that
the server or an exception repeats.
"""

import sys
import zlib
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from respan_langchain.client.http.request_trace import (
    RequestTrace,
    UnencryptedProxyError,
    class_names,
)
from respan_langchain.client.http_result import HttpResult
from respan_langchain.client.requests import ApiRequest

MAX_CONNECT_TIME = 5.0
"""Seconds for opening a connection: a host that can be reached answers sooner."""
MIN_KEY_LENGTH = 8
"""Characters; a shorter key is not real, and replacing it would damage ordinary words."""
MAX_QUOTED = 200
"""Characters of an exception's text that an error quotes."""
ERROR_TEXTS = {
    "ConnectError": "could not connect",
    "ConnectTimeout": "could not connect in time",
    "PoolTimeout": "no connection became free in time",
    "ProxyError": "the proxy refused the request",
    "ReadError": "the connection broke before the response was complete",
    "WriteError": "the connection broke while the request was sent",
    "RemoteProtocolError": "the server closed the connection or did not answer in HTTP",
    "InvalidURL": "the URL is invalid",
    "UnicodeError": "the host name is invalid",
}
QUOTABLE_ERRORS = frozenset({"ConnectError", "ProxyError"})
"""Exceptions whose text is the system's or the proxy's; that of others may quote the request."""


class BodyReader:
    """Collects a response's body, up to a number of bytes before and after decompression."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._chunks: list[bytes] = []
        self._free = max_bytes

    def add(self, chunk: bytes) -> bool:
        """Add a chunk; return whether more can be added."""
        self._chunks.append(chunk[: self._free])
        self._free -= len(self._chunks[-1])
        return self._free > 0

    def content(self, encoding: str) -> bytes:
        """Return the decompressed body, or the raw one when it is not compressed as it claims."""
        raw = b"".join(self._chunks)
        if encoding.strip().lower() not in {"gzip", "x-gzip", "deflate"}:
            return raw
        try:
            # 32 added to the window size detects whether the header is zlib's or gzip's.
            return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(raw, self._max_bytes)
        except zlib.error:
            return raw


@dataclass(frozen=True, slots=True)
class HttpCodec:
    """Encodes requests for one platform and decodes its responses."""

    base_url: str
    key: SecretStr | None

    def build_request(self, request: ApiRequest[Any], content: bytes) -> dict[str, Any]:
        """Return the arguments of `httpx.Request`."""
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": "respan-langchain",
        }
        if content:
            headers["Content-Type"] = "application/json"
        if self.key is not None:
            headers["Authorization"] = f"Bearer {self._secret()}"
        return {
            "method": request.method,
            "url": self.base_url + request.target(),
            "headers": headers,
            "content": content or None,
        }

    def read_response(self, response: Any, body: BodyReader, *, decoded: bool) -> HttpResult:
        """Convert a response whose body was read, and `decoded` or not by the transport."""
        encoding = "" if decoded else response.headers.get("content-encoding", "")
        content = body.content(encoding)
        # Only 200 answers hold logs, which are to be read as they were stored.
        if response.status_code != 200:
            content = self._redact(content.decode("latin-1")).encode("latin-1")
        headers = {name.lower(): self._redact(value) for name, value in response.headers.items()}
        return HttpResult(response.status_code, content, headers)

    def read_failure(self, error: Exception, trace: RequestTrace, *, late: bool) -> HttpResult:
        """Describe why there is no response; `late` when the deadline has passed."""
        names = class_names(error)
        text = "deadline exceeded before the response was complete" if late else _describe(error)
        return HttpResult(
            status=None,
            error=self._redact(text),
            maybe_sent=trace.was_sent(error),
            timed_out=late or any("Timeout" in name for name in names),
            permanent=isinstance(error, UnencryptedProxyError),
        )

    def _redact(self, text: str) -> str:
        secret = self._secret()
        return text.replace(secret, "***") if len(secret) >= MIN_KEY_LENGTH else text

    def _secret(self) -> str:
        return "" if self.key is None else self.key.get_secret_value()


def http_errors() -> tuple[type[Exception], ...]:
    """Return what may be raised on the way, also by an injected client of httpx2."""
    errors: list[type[Exception]] = []
    for name in ("httpx", "httpx2"):
        if library := sys.modules.get(name):
            errors += [library.HTTPError, library.InvalidURL]
    if httpcore := sys.modules.get("httpcore"):
        errors += [
            httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError,
            httpcore.ProxyError, httpcore.UnsupportedProtocol, httpcore.ConnectionNotAvailable,
        ]  # fmt: skip
    # RuntimeError: a stream or client that was closed meanwhile. ValueError: a host name that
    # cannot be resolved. ImportError: no descriptor was free to import the HTTP library.
    return (*errors, UnencryptedProxyError, OSError, RuntimeError, ValueError, ImportError)


def _describe(error: Exception) -> str:
    """Describe an exception, quoting its own text only where that cannot hold the request."""
    if isinstance(error, UnencryptedProxyError):
        return str(error)
    names = class_names(error)
    text = next((ERROR_TEXTS[name] for name in names if name in ERROR_TEXTS), None)
    if text is None:
        return f"failed with {names[0]}"
    if QUOTABLE_ERRORS.isdisjoint(names):
        return text
    quoted = "".join(sign for sign in str(error) if sign.isprintable())[:MAX_QUOTED]
    return f"{text}: {quoted}" if quoted else text
