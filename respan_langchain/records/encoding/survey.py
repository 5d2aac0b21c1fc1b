"""A quick look over a row, to tell whether the careful and dearer pass is needed at all.

Most rows hold no secret, no huge string and nothing odd; they are encoded as they are. In doubt
the answer is 'careful'.
"""

from typing import Any, Final

from respan_langchain.records.privacy import names, privacy

SHORTEST_SUSPECT: Final = 10
"""Characters of the shortest string that can hold a secret."""
LARGE: Final = 4_096
"""Characters from which on a string is worth remembering, to be encoded once."""
MOST_CONTAINERS: Final = 100_000
"""Dicts and lists that are looked into; a row that was never shaped may hold itself."""
_PLAIN: Final = frozenset({int, float, bool, type(None)})

_harmless: set[str] = set()


def needs_care(row: dict[str, Any], *, look_for_secrets: bool) -> bool:
    """Whether the row holds a large string, a secret perhaps, or something that is no JSON."""
    texts = _texts(row)
    return texts is None or (look_for_secrets and privacy.suspicious("\n".join(texts)))


def _texts(row: dict[str, Any]) -> list[str] | None:
    """The strings that may hold a secret; None as soon as anything else calls for care."""
    texts: list[str] = []
    waiting: list[Any] = [row]
    for node in waiting:
        is_dict = type(node) is dict
        if is_dict and not node.keys() <= _harmless and not _learned(node):
            return None
        for value in node.values() if is_dict else node:
            kind = type(value)
            if kind is str:
                if (length := len(value)) >= SHORTEST_SUSPECT:
                    if length >= LARGE:
                        return None
                    texts.append(value)
            elif kind is dict or kind is list:
                waiting.append(value)
            elif kind not in _PLAIN:
                return None
        if len(waiting) > MOST_CONTAINERS:
            return None
    return texts


def _learned(node: dict[Any, Any]) -> bool:
    # Names come again and again: each is judged once, and only the harmless ones are remembered.
    if not all(type(name) is str and is_harmless(name) for name in node):
        return False
    if len(_harmless) >= names.MOST_REMEMBERED:
        _harmless.clear()
    _harmless.update(node)
    return True


def is_harmless(name: str) -> bool:
    """Whether a dict's key neither is a secret nor names one."""
    return (
        len(name) <= names.LONGEST_NAME
        and not names.strength(name)
        and not privacy.suspicious(name)
    )
