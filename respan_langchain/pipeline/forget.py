"""Removes the rows of a customer, a thread or a run: in this process, on disk, in Redis, at Respan.

The receipt says what was removed where, and which places could not be searched.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from respan_langchain._arguments import check_number
from respan_langchain._clock import CLOCK
from respan_langchain._connect import open_client
from respan_langchain.client.forget import delete_subject
from respan_langchain.client.subject import Subject, build_subject
from respan_langchain.delivery.outcome import Forgotten
from respan_langchain.delivery.spool import maintenance
from respan_langchain.delivery.worker import Worker
from respan_langchain.embedded.store.store import open_store
from respan_langchain.errors import RespanError
from respan_langchain.pipeline.destination import spool_directory
from respan_langchain.redaction.personal_data import KINDS
from respan_langchain.redaction.personal_search import PersonalDataSearch
from respan_langchain.settings.settings import Settings
from respan_langchain.tracing.call_settings import MAX_IDENTIFIER


@dataclass(frozen=True, slots=True)
class ForgetReceipt:
    """How many rows `forget` removed, and where; true when every place could be searched."""

    at: str
    """When it was done, in ISO 8601."""
    base_url: str
    """The platform."""
    open_traces: int = 0
    """Traces of this process that had not ended, or waited to be resumed; they give no rows."""
    memory: int = 0
    """Rows that waited in this process."""
    broker: int = 0
    """Rows that waited in Redis, dead letters included."""
    disk: Mapping[str, int] = field(default_factory=dict)
    """Rows that were on disk alone, by file; those of this process as `spool`."""
    platform: Mapping[str, int] = field(default_factory=dict)
    """Rows that the platform had, by the id of their dataset."""
    problems: tuple[str, ...] = ()
    """Where rows may be left, and why."""

    @property
    def total(self) -> int:
        """All rows that were removed."""
        return self.memory + self.broker + sum(self.disk.values()) + sum(self.platform.values())

    def __bool__(self) -> bool:
        return not self.problems


def forget_rows(
    settings: Settings,
    *,
    customer: str | None,
    thread: str | None,
    run: UUID | str | None,
    worker: Worker | None = None,
    http_client: Any = None,
    timeout: float = 60.0,
) -> ForgetReceipt:
    """Remove rows that match all arguments, first here, then from every dataset of the platform.

    Waits up to `timeout` seconds for rows that are just being sent, to remove them there, and for
    each request.

    Raises:
        ConfigurationError: Nothing is given.
    """
    check_number("timeout", timeout, minimum=0)
    build_subject(customer, thread, run)  # before they are spelled in other ways
    subject = build_subject(_spell(customer, settings), _spell(thread, settings), run)
    problems: list[str] = []
    here = _forget_in_process(worker, subject, timeout, problems)
    disk = {"spool": here.disk} if here.disk else {}
    shared = _forget_in_broker(settings, subject, problems)
    return ForgetReceipt(
        datetime.fromtimestamp(CLOCK.time(), UTC).isoformat(timespec="seconds"),
        settings.base_url,
        here.open_traces + shared.open_traces,
        here.memory,
        shared.memory,
        disk | _forget_on_disk(spool_directory(settings), subject, problems),
        _forget_on_platform(settings, http_client, subject, timeout, problems),
        tuple(problems),
    )


def _spell(identifier: str | None, settings: Settings) -> set[str] | None:
    """Return an identifier as rows have it: itself, or its pseudonym."""
    if identifier is None:
        return None
    identifier = identifier[:MAX_IDENTIFIER]
    spellings = {identifier}
    if settings.pseudonym_key is not None:
        key = settings.pseudonym_key.get_secret_value()
        spellings.add(PersonalDataSearch(KINDS, pseudonym_key=key).redact(identifier))
    return spellings


def _forget_in_process(
    worker: Worker | None, subject: Subject, timeout: float, problems: list[str]
) -> Forgotten:
    if worker is None:
        return Forgotten()
    found = worker.forget(subject)
    if not found.sent:
        return found
    worker.flush(timeout)
    later = worker.forget(subject)
    if later.sent:
        problems.append(f"{later.sent} row(s) were sent without a clear response")
    return found + later


def _forget_on_disk(directory: Path, subject: Subject, problems: list[str]) -> dict[str, int]:
    def note(path: Path) -> None:
        problems.append(f"{path}: the file cannot be read in full, or not changed")

    removed = maintenance.forget(directory, subject.matches_row, note)
    return {str(path): count for path, count in removed.items()}


def _forget_in_broker(settings: Settings, subject: Subject, problems: list[str]) -> Forgotten:
    if settings.via is None:
        return Forgotten()
    from respan_langchain.fleet.broker import BrokerError
    from respan_langchain.fleet.forget import forget_in_broker

    try:
        found = forget_in_broker(settings.via.get_secret_value(), subject)
    except BrokerError as error:
        problems.append(str(error))
        return Forgotten()
    if found.sent:
        problems.append(f"Redis: {found.sent} row(s) are just being sent by a forwarder")
    return found


def _forget_on_platform(
    settings: Settings, http_client: Any, subject: Subject, timeout: float, problems: list[str]
) -> dict[str, int]:
    try:
        with open_client(settings, http_client, timeout=timeout) as client:
            deleted = client.run(delete_subject(client.options, subject))
    except RespanError as error:
        problems.append(f"{settings.base_url}: {error}")
        return {}
    if settings.is_local and not open_store(settings.base_url).erase_deleted():
        problems.append(f"{settings.base_url}: the -wal file has deleted rows while it is read")
    return deleted
