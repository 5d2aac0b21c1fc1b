"""Personal data in text: e-mail addresses, card numbers, IP addresses.

Each kind has a function that yields the places of its matches, as those in `phone_numbers.py` and
`iban.py`; `personal_search.py` applies them. A function begins at a character or form that is rare
in prose, so that text without personal data costs little. No match crosses a line break: the
prescan joins the strings of a row by line breaks. A word is one of ASCII letters: Chinese, Japanese
and Thai put no space before and after an address.
"""

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final, Literal, TypeAlias, get_args

from respan_langchain.redaction.secret_search import after_escape

PersonalData: TypeAlias = Literal["email", "phone", "card", "iban", "ip"]
PERSONAL: Final = "personal"
"""The preset for all kinds."""
KINDS: Final[tuple[PersonalData, ...]] = get_args(PersonalData)
MIN_LENGTH: Final = 6
"""Characters of the shortest string with personal data, such as `a@b.ch`."""

_LOCAL: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-" + "".join(
    map(chr, range(0xC0, 0x250))
)
"""Characters of the part before the `@`: letters of Latin scripts, digits and signs."""
_MAX_LOCAL: Final = 128
_DOMAIN: Final = re.compile(
    # `name@1.2.3` and `name@v1.2.x` are versions, `icon@2x.png` is a file, `a@self.b` is code.
    r"(?:@|%40)(?!v?\d+\.\d|\dx\.|self\.)"
    r"(?:[A-Za-z0-9\u00c0-\u024f](?:[A-Za-z0-9\u00c0-\u024f-]{0,62})\.){1,8}"
    r"(?:xn--[A-Za-z0-9-]{2,59}|[A-Za-z]{2,24})(?![\w(])",
    re.ASCII,
)
_ESCAPE: Final = re.compile(r"[bfnrt]|u[0-9A-Fa-f]{4}")
_SERVICE_USERS: Final = frozenset({"git", "hg", "svn"})
"""Users of addresses such as `git@github.com:owner/name.git`."""

_CARD: Final = re.compile(
    r"[2-6](?:(?<![\w.+-][2-6])|" + after_escape("[2-6]") + r")"
    r"(?:\d{13,18}|\d{3}(?P<sep>[ .\u00a0-])(?:"
    r"\d{4}(?P=sep)\d{4}(?P=sep)\d{2,4}(?:(?P=sep)\d{3})?|\d{6}(?P=sep)\d{4,5}))"
    r"(?![\w-]|[ .]\d)",
    re.ASCII,
)
_BRAND: Final = re.compile(
    r"4(?:\d{15}|\d{18})|(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)\d+(?<=^.{16})"
    r"|3[47]\d{13}|(?:6011|65|64[4-9]|62|35(?:2[89]|[3-8]))\d+(?<=^.{16})|62\d{17}"
    r"|(?:36|38|39|30[0-5])\d+(?<=^.{14})"
)
"""Visa, Mastercard, American Express, Discover, UnionPay, JCB and Diners Club, by ISO/IEC 7812."""
_OTHER_NUMBER: Final = re.compile(
    r"(?i)\b(?:order|invoice|ticket|tracking|shipment|package|serial|sku|isbn|ean|build)s?"
    r"(?:[ _-]?(?:no\.?|number|nr\.?|id))?[\"':=# ]{0,4}\Z"
)
"""What stands before a number that is no card."""

_IPV4: Final = re.compile(
    r"\.(?:(?<=[0-9]\.)[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})(?!\.?\w|-[A-Za-z])", re.ASCII
)
"""An address after its first number, which `_FIRST_NUMBER` finds."""
_FIRST_NUMBER: Final = re.compile(
    rf"(?:(?<![\w.+-])|(?<=\w-)|{after_escape()})[0-9]{{1,3}}\Z", re.ASCII
)
_VERSION: Final = re.compile(
    r"(?i)(?:\b(?:versions?|ver|v|releases?|build|firmware|sections?|chapter|clause|article)"
    r"[\s:=\"'.v]{0,4}|\u00a7\s?|[=<>~!^]=\s?|[~^]\s?|(?:^|[\s(;\"'])[a-z]+/)\Z"
)
"""What stands before four numbers that are a version or a section, or a product in a user agent."""
_IPV6: Final = re.compile(
    r":(?::|(?:[0-9A-Fa-f]{1,4}:){2})[0-9A-Fa-f:]{0,34}(?:\.[0-9]{1,3}){0,3}(?![\w:])", re.ASCII
)
"""An address from its first `::` or, without one, from its first colon."""
_GROUPS_BEFORE: Final = re.compile(
    rf"(?:(?<![\w:.])|{after_escape()})(?:[0-9A-Fa-f]{{1,4}}:){{0,6}}[0-9A-Fa-f]{{0,4}}\Z",
    re.ASCII,
)
_SPAN: Final = 48
"""Characters before a match that may say what it is."""


def find_emails(text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of e-mail addresses, also those with `%40`, as in URLs."""
    if "@" not in text and "%40" not in text:
        return
    done = 0
    for domain in _DOMAIN.finditer(text):
        at = domain.start()
        before = text[max(done, at - _MAX_LOCAL) : at]
        start = at - len(before) + len(before.rstrip(_LOCAL))
        if start and text[start - 1] == "\\" and (escape := _ESCAPE.match(text, start, at)):
            start = escape.end()
        local = text[start:at]
        if local and local not in _SERVICE_USERS and not text.endswith("://", 0, start):
            done = domain.end()
            yield start, done


def find_cards(text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of card numbers: a brand's prefix and length, and a valid check digit."""
    for found in _CARD.finditer(text):
        digits = re.sub(r"\D", "", found[0])
        if _BRAND.fullmatch(digits) and _is_luhn(digits) and len({*digits}) > 1:
            start = found.start()
            if not _OTHER_NUMBER.search(text[max(start - _SPAN, 0) : start]):
                yield found.span()


def _is_luhn(digits: str) -> bool:
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, odd)) + sum(sum(divmod(2 * int(each), 10)) for each in even)) % 10 == 0


def find_ips(text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of IP addresses, except those that name no machine, such as loopback."""
    done = 0
    for start, end in sorted((*_find_ipv6(text), *_find_ipv4(text))):
        if start >= done:
            done = end
            yield start, end


def _find_ipv4(text: str) -> Iterator[tuple[int, int]]:
    done = 0
    for found in _IPV4.finditer(text):
        at = found.start()
        first = _FIRST_NUMBER.search(text[max(at - 10, done) : at])
        if first is None:
            continue
        start = at - len(first[0])
        is_version = _VERSION.search(text[max(start - _SPAN, 0) : start])
        if not is_version and _names_a_machine(text[start : found.end()], IPv4Address):
            done = found.end()
            yield start, done


def _find_ipv6(text: str) -> Iterator[tuple[int, int]]:
    done = 0
    for found in _IPV6.finditer(text):
        at = found.start()
        groups = _GROUPS_BEFORE.search(text[max(at - 40, done) : at])
        start = at - len(groups[0]) if groups else at
        address = text[start : found.end()].rstrip(":")
        # `a::b` is code, and eight pairs of digits are a hardware address.
        is_long = any(len(group) > 2 for group in address.split(":"))
        if is_long and any(map(str.isdigit, address)) and _names_a_machine(address, IPv6Address):
            done = start + len(address)
            yield start, done


def _names_a_machine(text: str, kind: type[IPv4Address | IPv6Address]) -> bool:
    try:
        address = kind(text)
    except AddressValueError:
        return False
    is_mapped = isinstance(address, IPv6Address) and address.ipv4_mapped is not None
    return is_mapped or not (
        address.is_loopback or address.is_unspecified or address.is_multicast or address.is_reserved
    )
