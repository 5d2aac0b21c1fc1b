"""Answers of earlier versions of the app: another answer to the same input may be a regression."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from respan_langchain.rules.decision import RowAddress
from respan_langchain.rules.facts import TraceFacts
from respan_langchain.rules.signatures import hash_values, normalize

MAX_INPUTS: Final = 10_000
"""Inputs that are remembered; beyond it, the one that was not seen for longest is forgotten."""
ANSWERED: Final = frozenset({"success", "error"})
"""How traces end that can be compared: a failure is another answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The first answer of one version of the app to an input."""

    input: bytes
    """A hash of the root's name and its input."""
    version: str
    output: bytes
    """A hash of how it ended and its output."""
    row: RowAddress


class AnswerHistory:
    """The first answer of the latest version, for each input."""

    def __init__(self) -> None:
        self._latest: OrderedDict[bytes, Answer] = OrderedDict()

    def find_other(self, answer: Answer) -> Answer | None:
        """Return another answer to this input, of another version."""
        known = self._latest.get(answer.input)
        if known is None or known.version == answer.version or known.output == answer.output:
            return None
        return known

    def remember(self, answer: Answer) -> None:
        """Remember the answer of a kept trace, unless one of its version is known."""
        known = self._latest.pop(answer.input, None)
        if known is None or known.version != answer.version:
            known = answer
        self._latest[answer.input] = known
        if len(self._latest) > MAX_INPUTS:
            self._latest.popitem(last=False)


def read_answer(facts: TraceFacts, row: RowAddress | None) -> Answer | None:
    """Return a trace's answer, which its root's row shows; None if it cannot be compared."""
    version = facts.metadata.get("app_version")
    if version is None or row is None or facts.status not in ANSWERED or not facts.input:
        return None
    if not (facts.has_whole("input") and facts.has_whole("output")):
        return None
    return Answer(
        hash_values(facts.name, normalize(facts.input)),
        str(version),
        hash_values(facts.status, normalize(facts.output)),
        row,
    )
