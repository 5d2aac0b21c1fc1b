"""Compares each trace with those that were kept before it: copies of them, and other answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from respan_langchain.rules.answers import Answer, AnswerHistory, read_answer
from respan_langchain.rules.decision import RowAddress, RowChange
from respan_langchain.rules.duplicates import Duplicates
from respan_langchain.rules.facts import TraceFacts
from respan_langchain.rules.signatures import Dedupe, describe_dedupe, get_copy_key

REGRESSION: Final = "possible_regression"


@dataclass(frozen=True, slots=True)
class ComparedTrace:
    """A trace, and what is known of earlier ones like it."""

    facts: TraceFacts
    row: RowAddress | None
    """Its root's row; None if the root becomes none."""
    key: bytes | None
    """The same for copies; None if it has none."""
    answer: Answer | None
    """None if it is not compared with other answers."""
    other: Answer | None
    """Another answer to its input, of another version of the app."""


class EarlierTraces:
    """The kept traces of one engine."""

    def __init__(
        self,
        dedupe: Dedupe | None,
        on_error: Callable[[str, Exception], None],
        *,
        marks_regressions: bool,
    ) -> None:
        """`on_error` is called when the function of `dedupe` raises; the trace is no copy then."""
        # Declared, as pyright widens the literals otherwise.
        self._dedupe: Dedupe | None = dedupe
        self._on_error = on_error
        self._marks_regressions = marks_regressions
        self._duplicates = Duplicates()
        self._answers = AnswerHistory()
        self._changes: list[RowChange] = []

    def compare(self, facts: TraceFacts, dataset: str | None) -> ComparedTrace:
        """Compare a trace whose rows would go to this dataset; None for the handler's."""
        row = None if facts.row_id is None else RowAddress(facts.row_id, dataset)
        key = None if self._dedupe is None else self._copy_key(facts, dataset, self._dedupe)
        answer = read_answer(facts, row) if self._marks_regressions else None
        other = None if answer is None else self._answers.find_other(answer)
        return ComparedTrace(facts, row, key, answer, other)

    def fold(self, trace: ComparedTrace) -> bool:
        """Count a trace if it is a copy of a kept one; another answer is none."""
        if trace.key is None or trace.other is not None:
            return False
        return self._duplicates.fold(trace.key, trace.facts.ended, trace.facts.seen_count)

    def keep(self, trace: ComparedTrace) -> Mapping[str, str]:
        """Remember a trace that is kept; return the marks of its root's row."""
        if trace.key is not None:
            facts = trace.facts
            self._duplicates.remember(trace.key, trace.row, facts.ended, facts.seen_count)
        if trace.answer is None:
            return {}
        self._answers.remember(trace.answer)
        if trace.other is None:
            return {}
        self._changes.append(RowChange(trace.other.row, {REGRESSION: trace.answer.row.id}))
        return {REGRESSION: trace.other.row.id}

    def show_counts(self) -> None:
        """Let `take_changes` return the counts of copies as of now."""
        self._duplicates.show_counts()

    def take_changes(self) -> list[RowChange]:
        """Return what is to be added to the rows of kept traces."""
        changes, self._changes = self._changes, []
        return changes + self._duplicates.take_changes()

    def _copy_key(self, facts: TraceFacts, dataset: str | None, dedupe: Dedupe) -> bytes | None:
        try:
            return get_copy_key(facts, dataset, dedupe)
        except Exception as error:  # noqa: BLE001  # the function is the user's
            self._on_error(f"dedupe={describe_dedupe(dedupe)}", error)
            return None
