"""The door: under which names, and with which key, the platform may be asked over a port.

Pure. A loopback address unless told otherwise, and then only with a key; and without a key only
under names that mean this machine, since a page elsewhere could point a name of its own here.
"""

from dataclasses import dataclass, field

from respan_langchain.client.urls import is_loopback
from respan_langchain.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class BindConfig:
    """Where the platform is served, and to whom.

    Raises:
        ConfigurationError: Other machines could knock, and there is no key.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    """0 takes any that is free."""
    api_key: str | None = field(default=None, repr=False)
    """What an API client, or a person on the page, must know; None takes any key, and anyone."""
    allowed_hosts: frozenset[str] = frozenset()
    """Further host names under which the platform may be asked."""

    def __post_init__(self) -> None:
        if not self.is_loopback and not self.api_key:
            raise ConfigurationError(
                f"host {self.host!r} can be reached from other machines: give a key"
            )

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can knock."""
        return is_loopback(self.host)

    def allows_host(self, host_header: str) -> bool:
        """Tell whether a Host header names us. With a key, a false name gains nothing."""
        if self.api_key and not self.allowed_hosts:
            return True
        name = _parse_host(host_header)
        own_names = (self.host, *self.allowed_hosts)
        return is_loopback(name) or name in {own.lower() for own in own_names}


def _parse_host(host_header: str) -> str:
    name, colon, port = host_header.rpartition(":")
    alone = name if colon and port.isdecimal() else host_header
    return alone.removeprefix("[").removesuffix("]").lower()
