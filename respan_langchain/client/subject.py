"""Whose rows are to be removed: a customer's, a thread's, or those of a run. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from uuid import UUID

import orjson

from respan_langchain._arguments import check_text
from respan_langchain.client.models import Log
from respan_langchain.errors import ConfigurationError

RUN_KEYS: Final = ("trace_unique_id", "custom_identifier", "run_id")
"""Where rows name their run; the first has the root run's id on all rows of its trace."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Rows are chosen that match each of these; None matches all."""

    customers: frozenset[str] | None = None
    """Spellings of a customer's identifier; a row has one of them."""
    threads: frozenset[str] | None = None
    runs: frozenset[str] | None = None

    def matches(self, metadata: Mapping[str, Any]) -> bool:
        """Whether a row with this metadata is chosen."""
        return (
            _is_in(self.customers, metadata, ("customer_identifier",))
            and _is_in(self.threads, metadata, ("thread_identifier",))
            and _is_in(self.runs, metadata, RUN_KEYS)
        )

    def matches_log(self, log: Log) -> bool:
        """Whether a log of the platform is chosen."""
        names = ("customer_identifier", "thread_identifier", "trace_unique_id", "custom_identifier")
        fields = {name: value for name in names if (value := getattr(log, name)) is not None}
        return self.matches({**(log.metadata or {}), **fields})

    def matches_row(self, identifier: str, body: bytes) -> bool:
        """Whether a row that waits to be sent is chosen, by its `custom_identifier` and JSON."""
        metadata = orjson.loads(body).get("metadata") or {}
        return self.matches({"custom_identifier": identifier, **metadata})

    def filters(self) -> list[dict[str, dict[str, Any]]]:
        """Return filters that together select these logs; the platform takes one for a field."""
        chosen = {"customer_identifier": self.customers, "thread_identifier": self.threads}
        common = {name: _isin(texts) for name, texts in chosen.items() if texts is not None}
        if self.runs is None:
            return [common]
        return [{**common, name: _isin(self.runs)} for name in RUN_KEYS[:2]]


Spellings: TypeAlias = str | Collection[str] | None
"""One text, or several spellings of it."""


def build_subject(customer: Spellings, thread: Spellings, run: UUID | str | None) -> Subject:
    """Return whose rows are chosen: those that match all arguments.

    Raises:
        ConfigurationError: Nothing is given, or no text.
    """
    if customer is None and thread is None and run is None:
        raise ConfigurationError("forget: give a customer, a thread or a run")
    return Subject(
        _read_spellings("customer", customer), _read_spellings("thread", thread), _spell_run(run)
    )


def _read_spellings(name: str, spellings: Spellings) -> frozenset[str] | None:
    if spellings is None:
        return None
    is_several = isinstance(spellings, Collection) and not isinstance(spellings, str | bytes)
    texts = spellings if is_several and spellings else [spellings]
    return frozenset(check_text(name, each, f"the identifier of a {name}") for each in texts)


def _spell_run(run: UUID | str | None) -> frozenset[str] | None:
    """Return a run's id with hyphens and without, as rows have it."""
    if run is None:
        return None
    run = check_text("run", str(run) if isinstance(run, UUID) else run, "the id of a run")
    try:
        run_id = UUID(run)
    except ValueError:
        return frozenset({run})
    return frozenset({str(run_id), run_id.hex, run})


def _isin(texts: frozenset[str]) -> dict[str, Any]:
    return {"operator": "in", "value": sorted(texts)}


def _is_in(texts: frozenset[str] | None, metadata: Mapping[str, Any], keys: Iterable[str]) -> bool:
    if texts is None:
        return True
    values = [metadata.get(key) for key in keys]
    return any(value is not None and str(value) in texts for value in values)
