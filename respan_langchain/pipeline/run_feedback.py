"""Feedback on runs, from the app's call to an encoded row of feedback.

Feedback on an open run is held until the run ends, so that it follows the run's row. Delivery then
merges it into that row, or into what the platform has stored.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias
from uuid import UUID

from respan_langchain._arguments import check_text
from respan_langchain._clock import CLOCK
from respan_langchain.client.feedback import build_feedback, check_feedback
from respan_langchain.delivery.row import FEEDBACK_PREFIX, EncodedRow
from respan_langchain.delivery.status import DeliveryStatus
from respan_langchain.pipeline.error_counter import ErrorCounter
from respan_langchain.pipeline.event_queue import COPY, EventQueue
from respan_langchain.pipeline.row_addresses import RowAddresses
from respan_langchain.rows.content import allowed_value
from respan_langchain.rows.encoder import RowEncoder
from respan_langchain.rows.schema import Row
from respan_langchain.rules.decision import RowChange
from respan_langchain.serialization.json_value import Json, json_value
from respan_langchain.tracing.events import FEEDBACK, OMITTED, Event
from respan_langchain.tracing.run import Run
from respan_langchain.tracing.tracker import RunTracker

NO_RUN: Final = UUID(int=0)
"""The run of feedback that names a row by another identifier than a run's id."""
MAX_HELD: Final = 1_000
"""Feedback on open runs that is held at most; more of it is sent at once."""

FeedbackDetails: TypeAlias = tuple[str | None, float | None, str | None, str, float]
"""The details of an event: the row's identifier where that is no run's id, the score, the comment,
the name, and the wall time."""


class RunFeedback:
    """The feedback of one handler that is not passed to delivery yet."""

    def __init__(
        self,
        encoder: RowEncoder,
        addresses: RowAddresses,
        status: DeliveryStatus,
        errors: ErrorCounter,
        *,
        content: bool,
    ) -> None:
        """Without `content`, comments and expected outputs are left out."""
        self._encoder = encoder
        self._addresses = addresses
        self._errors = errors
        self._content = content
        self.status = status
        """Where feedback is counted."""
        self.clear()

    def clear(self) -> None:
        """Forget all feedback, in a child process: its parent delivers it."""
        self._held: list[Event] = []
        self._ready: list[Event] = []

    def put_feedback(
        self,
        events: EventQueue,
        run_id: UUID | str,
        score: float | None,
        comment: str | None,
        expected_output: object,
        name: str,
    ) -> None:
        """Put feedback into the queue, on the app's thread.

        Raises:
            ConfigurationError: Nothing is given, or the score is not a finite number.
        """
        if not isinstance(run_id, UUID):
            check_text("run_id", run_id, "a run's id or a custom identifier")
        check_feedback(score, comment, expected_output, name)
        if events.is_closed:
            self.status.drop(str(run_id), "closed")
            return
        run, identifier = _parse_run_id(run_id)
        details: FeedbackDetails = (identifier, score, comment, name, CLOCK.time())
        events.put_event(FEEDBACK, run, expected_output, details, COPY)

    def add_feedback(self, event: Event, runs: RunTracker) -> None:
        """Add feedback, and hold it if its run is open."""
        _, _, _, run_id, _, _ = event
        holds = runs.find(run_id) is not None and len(self._held) < MAX_HELD
        (self._held if holds else self._ready).append(event)

    def take_ready(self, finished: Sequence[Run]) -> list[EncodedRow]:
        """Return the feedback that waits for no run, now that these have finished, encoded."""
        ended = {run.id for run in finished} if self._held else frozenset()
        ready = [*self._ready, *(event for event in self._held if event[3] in ended)]
        self._held = [event for event in self._held if event[3] not in ended]
        self._ready = []
        return self._errors.map(self._encode, ready)

    def encode_changes(self, changes: Sequence[RowChange]) -> list[EncodedRow]:
        """Return what rules add to rows that were built earlier, encoded as feedback on them."""
        return self._errors.map(self._encode_change, changes)

    def counts(self) -> dict[str, int]:
        """Return how much feedback is in which state; states without any are left out."""
        counts = self.status.counts()
        states = {
            "waiting": counts.pending + len(self._held),
            "applied": counts.delivered,
            "rejected": counts.rejected,
            "expired": counts.total_dropped + counts.unconfirmed,
        }
        return {state: count for state, count in states.items() if count}

    def _encode(self, event: Event) -> EncodedRow:
        _, _, _, run_id, expected_output, (named, score, comment, name, given_at) = event
        identifier, dataset = self._addresses.find(named or str(run_id))
        feedback = build_feedback(
            identifier,
            score=score,
            comment=comment if self._content else None,
            expected_output=self._expected(expected_output),
            name=name,
            given_at=given_at,
        )
        body = self._encoder.encode(feedback)
        return EncodedRow(identifier, f"{FEEDBACK_PREFIX}{dataset}", body, self.status)

    def _encode_change(self, change: RowChange) -> EncodedRow:
        row, named = change.row, change.row.dataset
        dataset = self._addresses.dataset if named is None else f"name:{named}"
        marks: Row = {"metadata": {"custom_identifier": row.id, **change.metadata}, "metrics": {}}
        return EncodedRow(
            row.id, f"{FEEDBACK_PREFIX}{dataset}", self._encoder.encode(marks), self.status
        )

    def _expected(self, value: object) -> Json:
        if value is None or value is OMITTED or not self._content:
            return None
        return allowed_value(json_value(value))


def _parse_run_id(run_id: UUID | str) -> tuple[UUID, str | None]:
    """Return the run's id, and the identifier of a row where that is no run's id."""
    if isinstance(run_id, UUID):
        return run_id, None
    try:
        return UUID(run_id), None
    except ValueError:
        return NO_RUN, run_id
