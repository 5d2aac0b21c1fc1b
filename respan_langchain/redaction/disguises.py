"""Secrets that are written in another way: percent-encoded, or with invisible characters inside."""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

_CHARACTERS: Final = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
"""Soft hyphen, zero-width characters, marks of direction."""
_INVISIBLE: Final = re.compile(
    # They have a meaning between emoji and in other scripts, so only those between ASCII
    # characters are left out.
    f"(?<=[!-~])[{_CHARACTERS}]+(?=[!-~])"
)
_ESCAPE: Final = re.compile("%[0-9A-Fa-f]{2}")
_ENCODED: Final = re.compile(r"(?<![^\s\"'<>])[^\s\"'<>]*?%[0-9A-Fa-f]{2}[^\s\"'<>]*")
"""A whole URL or other word, tried once from its beginning, so the search takes linear time."""
MAX_ENCODINGS: Final = 3
"""How often one value is encoded at most: a URL in the query of a URL in a query."""


def redact(text: str, redact_plain: Callable[[str], str]) -> str:
    """Redact secrets as `redact_plain` does where the text is written in another way.

    A word with such a secret is returned decoded; everything else stays as it is written.
    """

    def shown(written: str, decoded: str) -> str:
        redacted = redact_plain(decoded)
        return written if redacted == decoded else redacted

    if not text.isascii() and any(character in text for character in _CHARACTERS):
        text = shown(text, _INVISIBLE.sub("", text))
    if "%" in text and _ESCAPE.search(text):
        decoded = "\n".join(map(_decode, _ENCODED.findall(text)))
        if redact_plain(decoded) != decoded:
            text = _ENCODED.sub(lambda word: shown(word[0], _decode(word[0])), text)
    return text


def _decode(word: str) -> str:
    for _ in range(MAX_ENCODINGS):
        if not _ESCAPE.search(word):
            break
        word = unquote(word)
    return word
