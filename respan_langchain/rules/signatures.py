"""Signatures of traces: equal for copies, whatever their ids, times and metadata are.

Two values are the same if they differ in case and white space only. `novelty.py` compares more
roughly.
"""

import json
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Literal, TypeAlias

from respan_langchain.rules.facts import TraceFacts

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
