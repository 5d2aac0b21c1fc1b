"""What one format of keys or tokens is made of: a prefix, an alphabet and a length."""

from dataclasses import dataclass
from typing import Final

ALNUM: Final = "A-Za-z0-9"
WORD: Final = "A-Za-z0-9_"
URL_SAFE: Final = "A-Za-z0-9_-"
DOTTED: Final = "A-Za-z0-9_.-"
BASE64: Final = "A-Za-z0-9+/"
UPPER: Final = "A-Z0-9"
LOWER: Final = "a-z0-9"
HEX: Final = "0-9a-f"
UUID: Final = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
HAS_DIGIT: Final = "(?=[A-Za-z]{0,60}[0-9])"
IS_MIXED: Final = "(?=[A-Za-z_-]{0,60}[0-9])(?=[a-z0-9_-]{0,60}[A-Z])(?=[A-Z0-9_-]{0,60}[a-z])"
"""Digits, capitals and small letters come soon."""
IS_RANDOM: Final = IS_MIXED + "(?=[A-Za-z]*[0-9]+[A-Za-z]+[0-9])"
"""And digits in two places: no name in code has that."""


@dataclass(frozen=True, slots=True)
class TokenFormat:
    """One form of a key or token."""

    name: str
    """Stands in its place, as in `[redacted:openai-key]`."""
    prefix: str
    """A pattern of fixed width; its last character is what the search looks for."""
    tail: str
    """A pattern of what follows."""
    source: str
    """Where the provider describes it."""
    has_long_tail: bool = True
    """Whether the tail has at least eight characters of tokens."""
    may_continue_word: bool = False
    """Whether the prefix may stand inside a word; else none of its characters may precede it."""


def _tail(alphabet: str, length: str, *, condition: str = "") -> str:
    is_exact = "," not in length
    return f"{condition}[{alphabet}]{{{length}}}" + (f"(?![{alphabet}])" if is_exact else "")


def parse_table(rows: str) -> tuple[TokenFormat, ...]:
    """Read formats, one a line: name, prefix, alphabet of the tail, its length, source."""
    alphabets = {
        "alnum": ALNUM, "word": WORD, "url": URL_SAFE, "dotted": DOTTED, "base64": BASE64,
        "upper": UPPER, "lower": LOWER, "hex": HEX, "HEX": "0-9A-F", "equals": BASE64 + "=",
    }  # fmt: skip
    conditions = {"": "", "digit": HAS_DIGIT, "mixed": IS_MIXED, "random": IS_RANDOM}
    formats = []
    for line in filter(None, map(str.strip, rows.splitlines())):
        name, prefix, alphabet, length, source = line.split()
        kind, _, condition = alphabet.partition("+") if alphabet[0] != "[" else (alphabet, "", "")
        characters = alphabets.get(kind, kind.strip("[]"))
        tail = _tail(characters, length, condition=conditions[condition])
        may_continue_word = prefix.startswith(("_", "[a-z]"))
        formats.append(TokenFormat(name, prefix, tail, source, may_continue_word=may_continue_word))
    return tuple(formats)
