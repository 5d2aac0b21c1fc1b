"""What `doctor` finds in a Redis or Valkey server that a fleet uses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from respan_langchain._clock import CLOCK
from respan_langchain.fleet.broker import Broker, BrokerError
from respan_langchain.fleet.keys import ROWS
from respan_langchain.fleet.scripts import STATES
from respan_langchain.fleet.status import read_status

OLDEST_VERSION: Final = (6, 2)
MAX_CLOCK_SKEW: Final = 60.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class ServerCheck:
    """One thing that was looked at."""

    message: str
    is_problem: bool = False


def check_server(broker: Broker) -> Iterator[ServerCheck]:
    """Look at version, memory policy, persistence, permissions, clock and vanished rows."""
    try:
        broker.numbers(STATES, "doctor")
        information = broker.command("INFO")
        seconds = broker.command("TIME")[0]
        vanished = read_status(broker).vanished
    except BrokerError as error:
        yield ServerCheck(str(error), is_problem=True)
        return
    yield _check_version(information)
    yield _check_memory(information)
    yield _check_persistence(information)
    yield _check_vanished(vanished)
    if abs(seconds - CLOCK.time()) > MAX_CLOCK_SKEW:
        skew = round(seconds - CLOCK.time())
        yield ServerCheck(f"its clock differs from this one by {skew} s", is_problem=True)


def _check_version(information: Mapping[str, Any]) -> ServerCheck:
    version = str(information["redis_version"])
    is_old = tuple(int(part) for part in version.split(".")[:2]) < OLDEST_VERSION
    name = "Valkey" if "valkey_version" in information else "Redis"
    shown = information.get("valkey_version", version)
    needed = ", and 6.2 is needed" if is_old else ""
    return ServerCheck(f"{name} {shown} answers and runs scripts{needed}", is_old)


def _check_memory(information: Mapping[str, Any]) -> ServerCheck:
    policy, limit = information["maxmemory_policy"], information["maxmemory"]
    if limit and policy != "noeviction":
        message = f"maxmemory-policy is {policy}, which deletes rows: set noeviction"
        return ServerCheck(message, is_problem=True)
    return ServerCheck("no row is evicted when its memory is full")


def _check_vanished(count: int) -> ServerCheck:
    if not count:
        return ServerCheck("no row has vanished")
    lost = f"{count} row(s) vanished from Redis: {ROWS} was trimmed or evicted, or it failed over"
    return ServerCheck(lost, is_problem=True)


def _check_persistence(information: Mapping[str, Any]) -> ServerCheck:
    if information["aof_enabled"]:
        return ServerCheck("rows survive a restart (appendonly)")
    return ServerCheck("appendonly is off: rows that wait are lost when it restarts")
