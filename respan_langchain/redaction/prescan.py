"""A fast check whether a row needs redaction or truncation.

Most rows have no secret and no large string, and are encoded unchanged. An uncertain row counts as
one that needs it.
"""

from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import Any, Final

import orjson

from respan_langchain.redaction import personal_data, secret_names, secrets
from respan_langchain.redaction.personal_search import MIN_NUMBER, PersonalDataSearch

MIN_SECRET_LENGTH: Final = 10
"""Characters of the shortest string that can hold a secret."""
LARGE_TEXT: Final = 4_096
"""Characters; the encoded form of a string of this length or more is cached."""
MAX_CONTAINERS: Final = 100_000
"""Dicts and lists that are visited; a value that was never serialized may contain itself."""
IDS: Final = frozenset({
    "custom_identifier", "run_id", "trace_unique_id", "span_unique_id", "span_parent_id",
    "resumed_run_ids", "log_type", "status", "status_code",
})  # fmt: skip
"""Metadata that we generate: never cut, never redacted."""
ARGUMENTS: Final = "arguments"
"""The key of a tool call's arguments, which are JSON in a string."""
MAX_CLEARED_TEXTS: Final = 1_000
"""Cached strings without a secret: prompts occur in several rows, and model names in all."""
_SCALARS: Final = frozenset({int, float, bool, type(None)})


class ClearedTexts(set[str]):
    """Strings that hold neither a secret nor personal data, a limited number of them."""

    def remember(self, texts: Iterable[str]) -> None:
        """Add strings that were searched without a match."""
        if len(self) > MAX_CLEARED_TEXTS:
            self.clear()
        self.update(texts)


class Prescan:
    """Checks rows, and caches which strings hold neither a secret nor personal data."""

    def __init__(
        self, *, look_for_secrets: bool, personal: PersonalDataSearch, cleared: ClearedTexts
    ) -> None:
        self._look_for_secrets = look_for_secrets
        self._personal = personal
        self._min_length = personal_data.MIN_LENGTH if personal else MIN_SECRET_LENGTH
        self._harmless_names: set[str] = set()
        self._cleared = cleared

    def needs_redaction(self, row: Mapping[str, Any]) -> bool:
        """Whether the row has a large string, possibly a secret or personal data, or no JSON.

        The metrics and the ids in the metadata are not checked.
        """
        places = self._content_containers(row)
        texts = None if places is None else self._collect_texts(places)
        if texts is None or (texts and len(max(texts, key=len)) >= LARGE_TEXT):
            return True
        if texts and (self._look_for_secrets or self._personal):
            text = "\n".join(texts)
            has_secret = self._look_for_secrets and secrets.may_contain_secret(text)
            if has_secret or self._personal.may_match(text):
                return True
            self._cleared.remember(texts)
        return False

    def _collect_texts(self, waiting: list[Any]) -> list[str] | None:
        """Return the strings to search for secrets; None if the row needs redaction anyway."""
        texts: list[str] = []
        cleared, shortest, known = self._cleared, self._min_length, self._harmless_names
        for node in waiting:
            values: Iterable[Any] = node
            if type(node) is dict:
                if not (node.keys() <= known or self._are_harmless(node)) or (
                    ARGUMENTS in node and not _open_arguments(node[ARGUMENTS], waiting)
                ):
                    return None
                values = node.values()
            for value in values:
                kind = type(value)
                if kind is str:
                    if len(value) >= shortest and value not in cleared:
                        texts.append(value)
                elif kind is dict or kind is list:
                    waiting.append(value)
                elif kind not in _SCALARS or (
                    self._personal and value is not None and value >= MIN_NUMBER
                ):
                    return None
            if len(waiting) > MAX_CONTAINERS:
                return None
        return texts

    def _content_containers(self, row: Mapping[str, Any]) -> list[Any] | None:
        """Return the row's fields, and its metadata without ids; None if a key may be a secret."""
        fields = [row[name] for name in row if name not in _SEPARATE_FIELDS]
        metadata = row.get("metadata", _NOTHING)
        if type(metadata) is not dict or not self._are_harmless(metadata):
            return None
        # The ids come first, but for that of the parent.
        values = [*metadata.values()][len([*takewhile(IDS.__contains__, metadata)]) :]
        parent_id = metadata.get("span_parent_id")
        if parent_id is not None and parent_id in values:
            values.remove(parent_id)
        return [fields, values]

    def _are_harmless(self, node: dict[Any, Any]) -> bool:
        # Keys repeat from row to row: each is checked once, and only harmless ones are cached.
        known, personal = self._harmless_names, self._personal
        if node.keys() <= known:
            return True
        for name in node:
            if type(name) is not str or not is_harmless(name):
                return False
            if personal.may_match(name) or personal.names_phone(name):
                return False
        if len(known) >= secret_names.MAX_CACHED_NAMES:
            known.clear()
        known.update(node)
        return True


def _open_arguments(arguments: object, waiting: list[Any]) -> bool:
    """Add a tool call's parsed arguments to `waiting`; False if they are broken JSON."""
    if type(arguments) is not str or not may_be_json(arguments):
        return True
    try:
        waiting.append(orjson.loads(arguments))
    except orjson.JSONDecodeError:
        return False
    return True


def may_be_json(text: str) -> bool:
    """Whether the text may be a JSON object or array."""
    return text.lstrip()[:1] in {"{", "["}


_SEPARATE_FIELDS: Final = frozenset({"metadata", "metrics"})
_NOTHING: Final[dict[str, Any]] = {}


def is_harmless(name: str) -> bool:
    """Whether a dict's key neither is nor names a secret."""
    return (
        len(name) <= secret_names.MAX_NAME_LENGTH
        and not secret_names.get_confidence(name)
        and not secrets.may_contain_secret(name)
    )
