"""Stops sending to a dataset while every request must fail, for instance with a wrong key. Pure."""


class CircuitBreaker:
    """Stops sending to an address, except for probes, after an error that retries cannot fix."""

    def __init__(self, probe_interval: float) -> None:
        self._probe_interval = probe_interval
        self._probe_at: dict[str, float] = {}

    def trip(self, address: str, now: float) -> bool:
        """Open the circuit of an address, or delay its next probe; True when it was closed."""
        was_closed = address not in self._probe_at
        self._probe_at[address] = now + self._probe_interval
        return was_closed

    def reset(self, address: str) -> bool:
        """Close the circuit of an address that works again; True when it was open."""
        return self._probe_at.pop(address, None) is not None

    def is_open(self, address: str) -> bool:
        """Whether only probes may be sent to this address."""
        return address in self._probe_at

    def next_probe_at(self, address: str) -> float:
        """Return when the next probe is due; minus infinity when the circuit is closed."""
        return self._probe_at.get(address, float("-inf"))
