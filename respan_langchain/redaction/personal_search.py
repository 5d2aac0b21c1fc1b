"""Finds the chosen kinds of personal data, and replaces each match by a marker.

A number says little by itself: it is read after its key, as in `phone: 4155552671`.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias, TypeVar

from respan_langchain.redaction.iban import find_ibans
from respan_langchain.redaction.personal_data import PersonalData, find_cards, find_emails, find_ips
from respan_langchain.redaction.phone_numbers import find_phones

_Find: TypeAlias = Callable[[str], Iterator[tuple[int, int]]]

_FINDERS: Final[dict[PersonalData, _Find]] = {
    "email": find_emails,
    "iban": find_ibans,
    "card": find_cards,
    "phone": find_phones,
    "ip": find_ips,
}
"""In the order in which they redact: digits of an IBAN or a card may look like a phone number."""

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

    def __init__(self, kinds: Iterable[str] = ()) -> None:
        chosen = {*kinds}
        self._finders = [
            (find, f"[redacted:{kind}]") for kind, find in _FINDERS.items() if kind in chosen
        ]

    def __bool__(self) -> bool:
        """Whether any kind is looked for."""
        return bool(self._finders)

    def may_match(self, text: str) -> bool:
        """Whether the text has personal data."""
        return any(next(find(text), None) for find, _ in self._finders)

    def redact(self, text: str) -> str:
        """Replace personal data by markers such as `[redacted:email]`."""
        for find, marker in self._finders:
            pieces, done = [], 0
            for start, end in find(text):
                pieces += [text[done:start], marker]
                done = end
            text = "".join([*pieces, text[done:]]) if pieces else text
        return text

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
        if not self._finders:
            return ""
        if isinstance(value, str):
            return value if len(value) <= _MAX_LABELLED and self.names_phone(name) else ""
        is_whole = MIN_NUMBER <= value < _MAX_NUMBER and value == int(value)
        return str(int(value)) if is_whole else ""

    def names_phone(self, name: str) -> bool:
        """Whether a number under this key may be a phone number."""
        return bool(self._finders) and _PHONE_NAME.search(name) is not None
