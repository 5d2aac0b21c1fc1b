"""International bank account numbers in text: a country's length and a valid checksum."""

import re
from collections.abc import Iterator
from typing import Final

from respan_langchain.redaction.secret_search import after_escape

_LENGTHS: Final = {
    country: int(length)
    for length, countries in (
        row.split(maxsplit=1)
        for row in (
            "15 NO", "16 BE", "18 DK FI FO GL NL FK SD", "19 MK SI", "20 AT BA EE KZ LT LU XK MN",
            "21 CH HR LI LV", "22 BG BH CR DE GB GE IE ME RS VA", "23 AE GI IL IQ OM SO TL",
            "24 AD CZ ES MD PK RO SA SE SK TN VG", "25 LY PT ST", "26 IS TR",
            "27 BI DJ FR GR IT MC MR SM", "28 AL AZ BY CY DO GT HU LB NI PL SV",
            "29 BR EG PS QA UA", "30 JO KW MU YE", "31 MT SC", "32 LC", "33 RU",
        )
    )
    for country in countries.split()
}  # fmt: skip
"""Characters of each country's IBAN, from the SWIFT registry."""
_HEAD: Final = re.compile(
    # The search begins at the digits, which are rarer than letters.
    r"[0-9](?<=[A-Za-z]{2}[0-9])(?:(?<![\w-][A-Za-z]{2}[0-9])"
    rf"|{after_escape('[A-Za-z]{2}[0-9]')})[0-9][ \u00a0-]?(?=[A-Za-z0-9]{{4}})",
    re.ASCII,
)
_SPACED: Final = re.compile(r"(?:[ \u00a0-]?[A-Za-z0-9])*")
_MAX_SPACED: Final = 48


def find_ibans(text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of IBANs, in groups or without spaces."""
    for head in _HEAD.finditer(text):
        start = head.start() - 2
        length = _LENGTHS.get(text[start : start + 2].upper())
        end = _end_of(text, start, length) if length else None
        if end and _is_valid(text[start:end]):
            yield start, end


def _end_of(text: str, start: int, length: int) -> int | None:
    """Return where this number of letters and digits ends; None if a word goes on there."""
    found = _SPACED.match(text, start, start + _MAX_SPACED)
    places = [at for at in range(start, found.end()) if text[at].isalnum()] if found else []
    if len(places) < length:
        return None
    end = places[length - 1] + 1
    following = text[end : end + 1]
    return None if following.isascii() and following.isalnum() else end


def _is_valid(iban: str) -> bool:
    compact = re.sub(r"[ \u00a0-]", "", iban)
    return int("".join(str(int(each, 36)) for each in compact[4:] + compact[:4])) % 97 == 1
