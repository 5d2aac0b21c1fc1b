"""Signatures of traces, and how often each was seen: rare traces are new, copies are not."""

import json
import re
from collections import OrderedDict
from typing import Final

from respan_langchain.rules.facts import NovelBy, TraceFacts

MAX_SIGNATURES: Final = 10_000
"""Signatures that are remembered; beyond it, the one that was not seen for longest is forgotten."""
MAX_INPUT: Final = 10_000
"""Characters of the input that are compared."""
_DIGITS: Final = re.compile(r"\d+")
_NO_WORDS: Final = re.compile(r"\W+")


class SignatureCounts:
    """How often each signature was seen."""

    def __init__(self, by: NovelBy) -> None:
        self._by: NovelBy = by
        self._counts: OrderedDict[int, int] = OrderedDict()

    def add(self, facts: TraceFacts) -> int:
        """Count a trace; return how often its signature was seen before."""
        signature = get_signature(facts, self._by)
        count = self._counts.pop(signature, 0)
        self._counts[signature] = count + 1
        if len(self._counts) > MAX_SIGNATURES:
            self._counts.popitem(last=False)
        return count


def get_signature(facts: TraceFacts, by: NovelBy) -> int:
    """Return a hash that is equal for traces that differ in numbers, case and punctuation only."""
    parts = by.split("+")
    tools = tuple(facts.tools) if "trajectory" in parts else None
    words = to_words(facts.input) if "input" in parts else None
    return hash((facts.name, tools, words))


def to_words(value: object) -> str:
    """Return the words of a JSON value.

    >>> to_words({"question": "Where is order 4711?"})
    'question where is order 0'
    """
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    words = _NO_WORDS.sub(" ", _DIGITS.sub("0", text[:MAX_INPUT].casefold()))
    return words.strip()
