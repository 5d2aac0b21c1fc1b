"""Signatures of traces, whatever their ids, times and metadata are, and how often each was seen.

Those of copies are equal if traces differ in case and white space only. Novelty compares more
roughly: traces are alike if they differ in numbers, case and punctuation only.
"""

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Final, Literal, TypeAlias

from respan_langchain.rules.facts import NovelBy, TraceFacts

MAX_SIGNATURES: Final = 10_000
"""Signatures that are remembered; beyond it, the one that was not seen for longest is forgotten."""
MAX_INPUT: Final = 10_000
"""Characters of the input that are compared roughly."""
_DIGITS: Final = re.compile(r"\d+")
_NO_WORDS: Final = re.compile(r"\W+")
CopyBy: TypeAlias = Literal["input", "input+output"]
"""Which part of a trace its copies have, too."""
Dedupe: TypeAlias = CopyBy | Callable[[TraceFacts], str | None]
"""The same; or a function that returns a text which copies have, too, and None for no copy."""


def get_copy_key(facts: TraceFacts, dataset: str | None, dedupe: Dedupe) -> bytes | None:
    """Return a hash that copies of a trace have, too; None for a trace that is no copy of any.

    A failure is no copy of a success, and copies go to the same dataset. A function's own errors
    are raised.
    """
    if callable(dedupe):
        given = dedupe(facts)
        return None if given is None else hash_values(dataset, given)
    parts = dedupe.split("+")
    if not all(facts.has_whole(part) for part in parts) or facts.input in (None, ""):
        return None
    output = normalize(facts.output) if "output" in parts else None
    return hash_values(dataset, facts.name, facts.status, normalize(facts.input), output)


def describe_dedupe(dedupe: Dedupe | None) -> str | None:
    """Return what copies have in common, as errors and the version of rules name it."""
    return getattr(dedupe, "__name__", "function") if callable(dedupe) else dedupe


def hash_values(*values: object) -> bytes:
    """Return a hash of JSON values that is the same for equal ones."""
    content = json.dumps(values, ensure_ascii=False, sort_keys=True, default=str)
    return blake2b(content.encode("utf-8", "replace"), digest_size=8).digest()


def normalize(value: object) -> object:
    """Return a JSON value without differences of case and white space.

    >>> normalize({"question": "Where is  Order 4711?"})
    {'question': 'where is order 4711?'}
    """
    if isinstance(value, str):
        return " ".join(value.casefold().split())
    if isinstance(value, Mapping):
        return {key: normalize(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [normalize(part) for part in value]
    return value


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
