"""Secrets in text after one of the names in `secret_names.py`: `password=...`, `Cookie: ...`."""

import re
from dataclasses import dataclass
from itertools import chain
from typing import Final

from respan_langchain.redaction.secret_names import (
    MAX_NAME_LENGTH,
    NAMES,
    PASSWORDS,
    SecretNameKind,
    looks_like_secret,
)
from respan_langchain.redaction.secret_search import after_escape
from respan_langchain.serialization.objects import REDACTED

_SPELLINGS: Final[dict[str, SecretNameKind]] = {
    joint.join(name.split()): kind for name, kind in NAMES.items() for joint in ("", "_", "-")
}
_WHOLE_WORDS: Final = frozenset({"secret", "cookie", "token", "sig", "pwd"})
"""Names that must not continue another word: `tiktoken` is no token."""
_DESCRIPTIONS: Final = frozenset({
    "string", "strings", "required", "optional", "hidden", "missing", "invalid", "incorrect",
    "wrong", "empty", "expired", "unknown", "forgotten", "changed", "reset", "update", "updated",
    "rejected", "accepted", "needed", "disabled", "enabled", "present", "varchar", "nullable",
    "boolean", "number", "object", "integer", "prompt", "account", "default", "example",
    "placeholder", "undefined", "request", "response", "settings", "config", "input", "output",
    "field", "value", "verified", "mismatch", "failed", "success", "protected", "encrypted",
    "redacted", "hashed", "unset", "private", "public",
})  # fmt: skip
"""Words that describe a password instead of being one."""
_DESCRIBING: Final = ("pass", "secret", "token", "key", "cred", "auth", "user")
"""Parts of the names that code gives to such values."""
_ENDS: Final = tuple(_SPELLINGS)

_SCHEME: Final = r"(?:(?:bearer|basic|token|digest)\s+)?"
_VALUE_AFTER: Final = re.compile(
    r"(?i)[>=]?\s{0,3}(?:"
    rf"\"{_SCHEME}(?P<double>[^\"\\\n]{{0,2000}}(?:\\.[^\"\\\n]{{0,2000}}){{0,50}})(?:\"|\Z)"
    rf"|'{_SCHEME}(?P<single>[^'\\\n]{{0,2000}}(?:\\.[^'\\\n]{{0,2000}}){{0,50}})(?:'|\Z)"
    rf"|\\{{1,7}}[\"']{_SCHEME}(?P<escaped>[^\"'\\\n]{{0,2000}})(?:\\{{1,7}}[\"']|\Z)"
    rf"|{_SCHEME}(?P<bare>[^\s\"'<>{{}}()\[\],;&|\\]{{6,2000}})(?P<next>&|;|\s+\w+=|\S?))"
)
_VALUES: Final = ("double", "single", "escaped", "bare")
_LINE: Final = re.compile(r"[^\n\r\"'\\]*")
_REFERENCE: Final = re.compile(
    r"[<{$%\[]|(?:os|self|settings|config|process|env)\.|https?://|\*{3,}\Z|\.{3,}\Z"
)
_ESCAPE: Final = re.compile(after_escape() + r"\Z")
_LAST_LETTERS: Final = (
    "word", "words", "swd", "hrase", "rases", "[aieshngtr]key", "[_-]key", "cret", "oken", "ials",
    "tial", "horization", "ookie", "sig", "ature", "pwd",
)  # fmt: skip


def _assignment(sign: str) -> re.Pattern[str]:
    # The pattern begins at the sign, which is rare, and looks back over quotes and spaces to the
    # end of a name. IGNORECASE would disable the fast search for the sign, so both cases of each
    # letter are listed.
    def both_cases(letters: str) -> str:
        head, _, tail = letters.rpartition("]")
        classes = f"{head}{head[1:].upper()}]" if head else ""
        return classes + "".join(f"[{letter}{letter.upper()}]" for letter in tail)

    def ends(gap: str) -> str:
        return "|".join(f"(?<={both_cases(end)}{gap}{sign})" for end in _LAST_LETTERS)

    # JSON in JSON in JSON has one, three, seven backslashes before its quotes.
    gaps = (r"[\"' ]", r"[\"'\\][\"' ]", r"\\{3}[\"']", r"\\{7}[\"']")
    behind = "|".join(f"(?<={gap}{sign})(?:{ends(gap)})" for gap in gaps)
    return re.compile(f"{sign}(?:(?<=[A-Za-z]{sign})(?:{ends('')})|(?<=[\"' ]{sign})(?:{behind}))")


_SIGNS: Final = (_assignment("="), _assignment(":"))


@dataclass(frozen=True, slots=True)
class _Name:
    kind: SecretNameKind
    is_upper: bool
    """Written in capitals, as environment variables are."""
    is_password: bool
    """A word such as `password` or `passphrase`."""


def may_match(text: str) -> bool:
    """Whether the text may have an assignment to a name of a secret."""
    return _SIGNS[0].search(text) is not None or _SIGNS[1].search(text) is not None


def redact(text: str) -> str:
    """Redact the values after such names, quoted or bare."""
    pieces, done = [], 0
    for sign in sorted(chain(*(sign.finditer(text) for sign in _SIGNS)), key=re.Match.start):
        at = sign.start()
        name = _name_before(text[max(done, at - MAX_NAME_LENGTH) : at]) if at >= done else None
        value = _VALUE_AFTER.match(text, at + 1) if name else None
        if name and value and _is_secret(value, name, sign[0]):
            start, end = value.span(next(kind for kind in _VALUES if value[kind] is not None))
            pieces += [text[done:start], REDACTED]
            is_line = name.kind == "header" and value["bare"]
            done = _end_of_line(text, end) if is_line else end
    return "".join([*pieces, text[done:]]) if pieces else text


def _name_before(text: str) -> _Name | None:
    spelled = text.rstrip(" \t").rstrip("\"'").rstrip("\\")
    lowered = spelled.lower()
    if not lowered.endswith(_ENDS):
        return None
    name = max((end for end in _ENDS if lowered.endswith(end)), key=len)
    before = lowered[: -len(name)]
    if name in _WHOLE_WORDS and before[-1:].isalpha() and not _ESCAPE.search(before):
        return None
    return _Name(_SPELLINGS[name], spelled[-len(name) :].isupper(), name in PASSWORDS)


def _is_secret(value: re.Match[str], name: _Name, sign: str) -> bool:
    quoted = value["double"] or value["single"] or value["escaped"]
    text = quoted or value["bare"]
    if text is None or len(text) < 3 or _REFERENCE.match(text) or value["next"] in {"(", "["}:
        return False
    if name.kind == "weak":
        return looks_like_secret(text)
    if quoted or is_mixed(text) or (name.kind == "header" and _is_header(value)):
        return True
    # What remains is a bare word or number: `password=password` in code, `PASSWORD=swordfish`.
    is_last = not value.string[value.end() :].strip() and not value["next"]
    if is_last and not name.is_upper:
        return _is_password(text, name, sign)
    is_set = name.is_upper or value["next"] not in {"", ",", ")"}
    return sign == "=" and (text.isdigit() or is_set)


def _is_password(text: str, name: _Name, sign: str) -> bool:
    # The last word of a text, only letters: it may be a password, or a word that describes one.
    word = text.rstrip(".!?").lower()
    is_described = word in _DESCRIPTIONS or any(end in word for end in _DESCRIBING)
    if sign == "=":
        return text.isdigit() or (text.isalnum() and not is_described)
    return name.is_password and text.isalpha() and text.islower() and not is_described


def _is_header(value: re.Match[str]) -> bool:
    line = value.string[value.start() : _end_of_line(value.string, value.start())]
    return any(map(is_mixed, line.split()))


def _end_of_line(text: str, start: int) -> int:
    found = _LINE.match(text, start)
    return start if found is None else found.end()


def is_mixed(text: str) -> bool:
    """Whether the text has letters, and also digits or characters that no identifier has."""
    return any(map(str.isalpha, text)) and (
        any(map(str.isdigit, text)) or not text.replace(".", "").replace("-", "").isidentifier()
    )
