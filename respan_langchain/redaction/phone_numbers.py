"""Phone numbers in text: international ones, and national ones in the usual groups."""

import re
from collections.abc import Iterator
from typing import Final

from respan_langchain.redaction.secret_search import after_escape


def _begin(first: str) -> str:
    # The first character comes before the look-behind: the engine searches for it faster.
    # Two digits and a space before it make it a part of a longer row of numbers.
    return rf"{first}(?<!\d[ .]{first})(?:(?<![\w.+-]{first})|{after_escape(first)})"


_GAP: Final = r"[ .\u00a0/-]?"
_DIGIT: Final = rf"\)?{_GAP}\(?\d"
_END: Final = r"(?![\w/]|[-.,:]\d| \d)"
_INTERNATIONAL: Final = re.compile(
    rf"(?:\+(?:(?<![\w+]\+)|{after_escape('[+]')})|%2[Bb])"
    rf"(?:1{_GAP}\(?[2-9]|[2-9])(?:{_DIGIT}){{6,13}}(?!\w)",
    re.ASCII,
)
_NATIONAL: Final = re.compile(
    # +41 as 0041; Japan; France; other countries with the prefix 0.
    rf"{_begin('0')}(?:0[1-9]\d{{0,2}}[ ./(-](?:{_DIGIT}){{6,12}}"
    r"|\d-\d{4}-\d{4}|\d{2}-\d{3,4}-\d{4}"
    r"|[1-9](?P<pair>[ .])\d{2}(?:(?P=pair)\d{2}){3}"
    rf"|\d{{1,4}}[ /]\d{{3,4}}[ ]?\d{{2,4}}(?:[ ]\d{{2,4}})?){_END}",
    re.ASCII,
)
_NORTH_AMERICAN: Final = re.compile(
    rf"{_begin('[2-9]')}\d{{2}}(?P<sep>[ .-])[2-9]\d{{2}}(?P=sep)\d{{4}}{_END}"
    rf"|\([2-9]\d{{2}}\)[ ]?[2-9]\d{{2}}[ .-]\d{{4}}{_END}",
    re.ASCII,
)
_LABELLED: Final = re.compile(
    r"(?i)\b(?:phone|tel|telephone|telefon|mobile|mobil|cell|fax|whatsapp|msisdn)s?"
    r"(?:[ _-]?(?:no|numbers?|nr))?[\\\"':=. ]{1,8}(?:is )?"
    rf"(?P<number>\(?\d(?:{_DIGIT}){{6,13}}){_END}",
    re.ASCII,
)
_DIGITS: Final = re.compile(r"\D")
_RUN: Final = re.compile(
    rf"[0-9](?<!\d[0-9])(?!\d{{3}}-\d{{2}}-\d{{2}}(?!\d))(?:{_DIGIT}){{6,}}",  # no ISO date
    re.ASCII,
)
"""Digits that hold a phone number, if any is there; the other patterns search only near them."""
_LABEL: Final = 32
"""Characters before a run that may hold a label, a plus sign or a parenthesis."""
_AFTER: Final = 2
"""Characters after a run that `_END` looks at."""


def find_phones(text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of phone numbers with 7 to 15 digits, in their order."""
    done = 0
    for run in _RUN.finditer(text):
        for start, end in _spans_near(text, run):
            if start >= done and 7 <= len(_DIGITS.sub("", text[start:end])) <= 15:
                done = end
                yield start, end


def _spans_near(text: str, run: re.Match[str]) -> list[tuple[int, int]]:
    first, last = max(run.start() - _LABEL, 0), run.end() + _AFTER
    return sorted(
        found.span("number" if pattern is _LABELLED else 0)
        for pattern in (_INTERNATIONAL, _NATIONAL, _NORTH_AMERICAN, _LABELLED)
        for found in pattern.finditer(text, first, last)
    )
