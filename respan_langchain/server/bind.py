"""Where the server listens, and under which host names and with which key it can be used.

Pure. Without a key the server listens on loopback only, and only under names of this machine: a web
page elsewhere could point a host name of its own here (DNS rebinding).
"""

from dataclasses import dataclass, field

from respan_langchain.client.urls import is_loopback
from respan_langchain.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class BindConfig:
    """The server's address, key and host names.

    Raises:
        ConfigurationError: Other machines can connect, and there is no key.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    """0 takes any free port."""
    api_key: str | None = field(default=None, repr=False)
    """The key that API clients send and people enter; None accepts any key, and no login."""
    allowed_hosts: frozenset[str] = frozenset()
    """Additional values of the Host header that are allowed."""

    def __post_init__(self) -> None:
        if not is_loopback(self.host) and not self.api_key:
            raise ConfigurationError(
                f"refusing to listen on {self.host!r} without an API key:"
                " pass --api-key, or set RESPAN_API_KEY"
            )

    def allows_host(self, host_header: str) -> bool:
        """Whether a Host header is allowed; with a key, any is, since the key protects the data."""
        if self.api_key and not self.allowed_hosts:
            return True
        return self.knows_host(host_header)

    def knows_host(self, host_header: str) -> bool:
        """Whether a Host header names this machine, the bound host or an allowed host."""
        name = _parse_host(host_header)
        known = {known.lower() for known in (self.host, *self.allowed_hosts)}
        return is_loopback(name) or name in known


def _parse_host(host_header: str) -> str:
    name, colon, port = host_header.rpartition(":")
    without_port = name if colon and port.isdecimal() else host_header
    return without_port.removeprefix("[").removesuffix("]").lower()
