"""A quick look over a row, to tell whether the careful and dearer pass is needed at all.

Most rows hold no secret, no huge string and nothing odd; they are encoded as they are. In doubt
the answer is 'careful'.
"""

from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import Any, Final

import orjson

from respan_langchain.redaction import key_names, secrets

MIN_SECRET_LENGTH: Final = 10
"""Characters of the shortest string that can hold a secret."""
LARGE_TEXT: Final = 4_096
"""Characters from which on a string is worth remembering, to be encoded once."""
MAX_CONTAINERS: Final = 100_000
"""Dicts and lists that are looked into; a row that was never shaped may hold itself."""
IDS: Final = frozenset({
    "custom_identifier", "run_id", "trace_unique_id", "span_unique_id", "span_parent_id",
    "resumed_run_ids", "log_type", "status", "status_code",
})  # fmt: skip
"""Metadata that the machine made: always whole, never redacted."""
ARGUMENTS: Final = "arguments"
"""Where a tool call has its arguments: JSON, in a string."""
MAX_CLEARED_TEXTS: Final = 1_000
"""Strings remembered: what a prompt and an answer say stands in the row of the call and again in
that of its root, and the names of models stand in all of them."""
_SCALARS: Final = frozenset({int, float, bool, type(None)})

_harmless_names: set[str] = set()


class Prescan:
    """Looks rows over, and remembers which strings it found without a secret."""

    def __init__(self, *, look_for_secrets: bool) -> None:
        self._look_for_secrets = look_for_secrets
        self._cleared: set[str] = set()

    def needs_redaction(self, row: Mapping[str, Any]) -> bool:
        """Whether the row holds a large string, a secret perhaps, or something that is no JSON.

        Its metrics, numbers and times, and the machine's ids are not looked at.
        """
        places = _content_containers(row)
        texts = None if places is None else self._collect_texts(places)
        if texts is None or (texts and len(max(texts, key=len)) >= LARGE_TEXT):
            return True
        if texts and self._look_for_secrets:
            if secrets.may_contain_secret("\n".join(texts)):
                return True
            if len(self._cleared) > MAX_CLEARED_TEXTS:
                self._cleared.clear()
            self._cleared.update(texts)
        return False

    def _collect_texts(self, waiting: list[Any]) -> list[str] | None:
        """The strings that may hold a secret; None as soon as anything else calls for care."""
        texts: list[str] = []
        cleared = self._cleared
        for node in waiting:
            values: Iterable[Any] = node
            if type(node) is dict:
                if not (node.keys() <= _harmless_names or _are_harmless(node)) or (
                    ARGUMENTS in node and not _open_arguments(node[ARGUMENTS], waiting)
                ):
                    return None
                values = node.values()
            for value in values:
                kind = type(value)
                if kind is str:
                    if len(value) >= MIN_SECRET_LENGTH and value not in cleared:
                        texts.append(value)
                elif kind is dict or kind is list:
                    waiting.append(value)
                elif kind not in _SCALARS:
                    return None
            if len(waiting) > MAX_CONTAINERS:
                return None
        return texts


def _open_arguments(arguments: object, waiting: list[Any]) -> bool:
    """Have a look into a tool call's arguments, too; false when that calls for care by itself."""
    if type(arguments) is not str or not may_be_json(arguments):
        return True
    try:
        waiting.append(orjson.loads(arguments))
    except orjson.JSONDecodeError:
        return False
    return True


def may_be_json(text: str) -> bool:
    """Whether the text may be an object or a list in JSON, with names in it."""
    return text.lstrip()[:1] in {"{", "["}


def _content_containers(row: Mapping[str, Any]) -> list[Any] | None:
    """The row's fields, and its metadata after the ids; None if its names call for care."""
    fields = [row[name] for name in row if name not in _SEPARATE_FIELDS]
    metadata = row.get("metadata", _NOTHING)
    if type(metadata) is not dict or not (
        metadata.keys() <= _harmless_names or _are_harmless(metadata)
    ):
        return None
    # They come first; one that does not is looked at, and in doubt leads to the careful pass.
    ids = [*takewhile(IDS.__contains__, metadata)]
    return [fields, [*metadata.values()][len(ids) :]]


_SEPARATE_FIELDS: Final = frozenset({"metadata", "metrics"})
_NOTHING: Final[dict[str, Any]] = {}


def _are_harmless(node: dict[Any, Any]) -> bool:
    # Names come again and again: each is judged once, and only the harmless ones are remembered.
    if not all(type(name) is str and is_harmless(name) for name in node):
        return False
    if len(_harmless_names) >= key_names.MAX_CACHED_NAMES:
        _harmless_names.clear()
    _harmless_names.update(node)
    return True


def is_harmless(name: str) -> bool:
    """Whether a dict's key neither is a secret nor names one."""
    return (
        len(name) <= key_names.MAX_NAME_LENGTH
        and not key_names.get_confidence(name)
        and not secrets.may_contain_secret(name)
    )
