"""What httpcore reports of one request on its way: whether it was sent, and to which host.

httpx and httpcore call the `trace` extension of a request with the name of each step.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from respan_langchain.client.urls import is_loopback

NOT_SENT_ERRORS = frozenset({
    "ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol",
    "LocalProtocolError", "InvalidURL",
})  # fmt: skip
"""Exceptions that are raised before the request is sent; for transports that do not trace."""


class UnencryptedProxyError(Exception):
    """The API key would leave this machine unencrypted, through a proxy."""


@dataclass
class RequestTrace:
    """Follows one request. Pass it, or `on_event_async`, as httpx's `trace` extension."""

    last_event: str
    """The request counts as sent after it."""
    loopback_only: bool = False
    """Whether the request is aborted when it is about to leave this machine."""
    _started = _traced = _in_tunnel = _sent = False
    _connection: Any = field(default=None, init=False)

    def start(self) -> None:
        """Note that the request is handed to a transport."""
        self._started = True

    def __call__(self, event: str, details: Mapping[str, Any]) -> None:
        """Note an event.

        Raises:
            UnencryptedProxyError: The request is about to leave this machine, and must not.
        """
        self._traced = True
        request = details.get("request")
        if event.endswith("connect_tcp.started"):
            self._check_host(str(details.get("host")))
        elif event.endswith("send_request_headers.started"):
            # A proxy's tunnel is opened by a CONNECT request, which is not the one to be sent.
            self._in_tunnel = getattr(request, "method", b"") == b"CONNECT"
            self._check_host(_host(request))
        elif event.endswith(self.last_event) and not self._in_tunnel:
            self._sent = True

    async def on_event_async(self, event: str, details: Mapping[str, Any]) -> None:
        """Note an event of an asynchronous request; close a connection whose handshake failed.

        httpcore 1.0 leaves it open where the TLS handshake was cancelled.
        """
        import anyio

        self(event, details)
        if event.endswith("connect_tcp.complete"):
            self._connection = details.get("return_value")
        elif event.endswith("start_tls.failed") and self._connection is not None:
            with anyio.CancelScope(shield=True):
                await self._connection.aclose()

    def was_sent(self, error: BaseException) -> bool:
        """Whether the server may have received the whole request before `error` was raised."""
        if self._traced:
            return self._sent
        return self._started and NOT_SENT_ERRORS.isdisjoint(class_names(error))

    def _check_host(self, host: str) -> None:
        if self.loopback_only and not is_loopback(host):
            raise UnencryptedProxyError(
                f"refusing to send the API key over plain HTTP through the proxy {host}; add the "
                "platform's host to NO_PROXY, use https:// or pass allow_http=True"
            )


def class_names(error: BaseException) -> list[str]:
    """Return the names of an exception's class and its bases, the most specific first."""
    return [kind.__name__ for kind in type(error).__mro__]


def _host(request: Any) -> str:
    url = getattr(request, "url", None)
    host = getattr(url, "host", b"")
    return host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
