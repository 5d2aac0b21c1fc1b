"""Finds the chosen kinds of personal data, and replaces each match by a marker or a pseudonym.

A number says little by itself: it is read after its key, as in `phone: 4155552671`.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from ipaddress import ip_address
from typing import Final, TypeAlias, TypeVar

from respan_langchain.redaction.iban import find_ibans
from respan_langchain.redaction.personal_data import PersonalData, find_cards, find_emails, find_ips
from respan_langchain.redaction.phone_numbers import find_phones

_Find: TypeAlias = Callable[[str], Iterator[tuple[int, int]]]


def _compact_number(text: str) -> str:
    return re.sub(r"[\W_]", "", text).upper()


_KINDS: Final[dict[PersonalData, tuple[_Find, Callable[[str], str]]]] = {
    "email": (find_emails, lambda text: text.replace("%40", "@").casefold()),
    "iban": (find_ibans, _compact_number),
    "card": (find_cards, _compact_number),
    "phone": (
        find_phones,
        lambda text: re.sub(r"%2[Bb]|\(0\)|\D", "", text).removeprefix("00"),
    ),
    "ip": (find_ips, lambda text: ip_address(text).compressed),
}
"""How each is found, and the same for all spellings of one value.

In the order in which they redact: digits of an IBAN or a card may look like a phone number.
"""
_LETTERS: Final = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
"""A pseudonym has no digits: after `phone:` they would be a phone number."""
MIN_NUMBER: Final = 1_000_000
"""The smallest JSON number that may be a phone number."""
_MAX_NUMBER: Final = 10**19
"""Above all card numbers."""
_MAX_LABELLED: Final = 64
"""Characters of the longest string that is read after its key."""
_PHONE_NAME: Final = re.compile(r"(?i)phone|tel|mobil|cell|fax|whatsapp|msisdn")
_WORD_END: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|[\W_]+|\d+\Z")
_IDENTIFIER: Final = re.compile(
    r"(?i)(?:ids?|\b(?:seed|hash|size|at|on|time|timestamp|created|updated|[mnu]s)): \Z"
)
"""Names of numbers that are neither a card's nor a phone's, however they look."""

Scalar = TypeVar("Scalar", str, int, float)


class PersonalDataSearch:
    """Finds some kinds of personal data in texts."""

    def __init__(self, kinds: Iterable[str] = (), *, pseudonym_key: str | None = None) -> None:
        """With a key, the marker of a value is the same for all its spellings, and only for it."""
        chosen = {*kinds}
        self._kinds = [(kind, *how) for kind, how in _KINDS.items() if kind in chosen]
        # blake2b takes keys of 64 bytes at most.
        self._key = None if pseudonym_key is None else blake2b(pseudonym_key.encode()).digest()

    def __bool__(self) -> bool:
        """Whether any kind is looked for."""
        return bool(self._kinds)

    def may_match(self, text: str) -> bool:
        """Whether the text has personal data."""
        return any(next(find(text), None) for _, find, _ in self._kinds)

    def redact(self, text: str) -> str:
        """Replace personal data by markers such as `[redacted:email]`."""
        for kind, find, compact in self._kinds:
            pieces, done = [], 0
            for start, end in find(text):
                marker = f"[redacted:{kind}{self._pseudonym(kind, text[start:end], compact)}]"
                pieces += [text[done:start], marker]
                done = end
            text = "".join([*pieces, text[done:]]) if pieces else text
        return text

    def _pseudonym(self, kind: str, found: str, compact: Callable[[str], str]) -> str:
        if self._key is None:
            return ""
        value = f"{kind} {compact(found)}".encode("utf-8", "replace")
        return ":" + blake2b(value, key=self._key, digest_size=8).hexdigest().translate(_LETTERS)

    def redact_value(self, name: str, value: Scalar) -> Scalar | str:
        """Redact a number, or a string under a name such as `phone`, by the key it stands under."""
        text = self._text_to_read(name, value)
        if not text:
            return value
        label = f"{_WORD_END.sub(' ', name).strip()}: "
        redacted = self.redact(label + text)
        is_identifier = not isinstance(value, str) and _IDENTIFIER.search(label)
        return value if is_identifier or redacted == label + text else redacted[len(label) :]

    def _text_to_read(self, name: str, value: str | float) -> str:
        """Return a value as text, or nothing if its key does not matter."""
        if not self._kinds:
            return ""
        if isinstance(value, str):
            return value if len(value) <= _MAX_LABELLED and self.names_phone(name) else ""
        is_whole = MIN_NUMBER <= value < _MAX_NUMBER and value == int(value)
        return str(int(value)) if is_whole else ""

    def names_phone(self, name: str) -> bool:
        """Whether a number under this key may be a phone number."""
        return bool(self._kinds) and _PHONE_NAME.search(name) is not None
