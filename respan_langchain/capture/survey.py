"""A quick look over a row, to tell whether the careful and dearer pass is needed at all.

Most rows hold no secret, no huge string and nothing odd; they are encoded as they are. In doubt
the answer is 'careful'.
"""

from typing import Any, Final

from respan_langchain.capture import names, privacy

SHORTEST_SUSPECT: Final = 10
"""Characters of the shortest string that can hold a secret."""
LARGE: Final = 4_096
"""Characters from which on a string is worth remembering, to be encoded once."""
_PLAIN: Final = frozenset({int, float, bool, type(None)})

_harmless: set[str] = set()


def needs_care(row: dict[str, Any], *, look_for_secrets: bool) -> bool:
    """Whether the row holds a large string, a secret perhaps, or something that is no JSON."""
    texts: list[str] = []
    waiting: list[Any] = [row]
    while waiting:
        node = waiting.pop()
        if type(node) is dict:
            if not node.keys() <= _harmless and not _learned(node):
                return True
            inner = node.values()
        else:
            inner = node
        for value in inner:
            kind = type(value)
            if kind is str:
                length = len(value)
                if length >= LARGE:
                    return True
                if length >= SHORTEST_SUSPECT:
                    texts.append(value)
            elif kind is dict or kind is list:
                waiting.append(value)
            elif kind not in _PLAIN:
                return True
    return look_for_secrets and privacy.suspicious("\n".join(texts))


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
