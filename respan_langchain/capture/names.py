"""Secrets that only their name gives away: `password=...`, `"api_key": "..."`, headers, URLs, keys of dicts.

A strong name (`password`, `client_secret`) makes a secret of what follows; a weak one (`token`, `sig`), which
ordinary data uses as well, only of a value that looks like one.
"""

import re
from binascii import Error as NotBase64
from binascii import a2b_base64
from itertools import chain
from typing import Final

MARK: Final = "[redacted:secret]"
MOST_REMEMBERED: Final = 5_000
LONGEST_NAME: Final = 80

_STRONG: Final = (
    r"(?:pass(?:word|wd|phrase)s?|"
    r"(?:api|access|private|account|shared_?access|secret|auth|signing|encryption|master)[_-]?key|"
    r"(?<![a-z])secret|(?:client|app|consumer|webhook)secret|authorization|credentials?|"
    r"(?:access|refresh|auth|id|bearer|session|csrf|api|bot|security)[_-]?token|(?<![a-z])cookie)"
)
_WEAK: Final = r"(?:(?<![a-z])(?:token|sig|pwd)|signature)"
_NAME_BEFORE: Final = re.compile(
    rf"(?i)(?:(?P<strong>{_STRONG})|{_WEAK})(?:\\{{0,3}}[\"'])?\s{{0,3}}\Z"
)
_VALUE_AFTER: Final = re.compile(
    r"(?i)[>=]?\s{0,3}(?:"
    r"(?P<quote>\\{0,3}[\"'])(?:(?:bearer|basic|token|digest)\s+)?"
    r"(?P<quoted>(?:(?!(?P=quote))[^\n]){3,4000})(?P=quote)"
    r"|(?:(?:bearer|basic|token|digest)\s+)?"
    r"(?P<bare>[^\s\"'<>{}()\[\],;&|\\]{6,4000})(?P<next>&|;|\s+\w+=|\S?))"
)
_REFERENCE: Final = re.compile(
    r"[<{$%\[]|(?:os|self|settings|config|process|env)\.|https?://|\*{3,}\Z|\.{3,}\Z"
)
_URL: Final = re.compile(r"(://[^\s/:@\"'<>]*:)([^\s/@\"'<>\[]+)(?=@)")
_BEARER: Final = re.compile(
    r"(?i)\b(bearer\s+)(?=[A-Z._~+/=-]{0,80}[0-9])(?=[0-9._~+/=-]{0,80}[A-Z])[A-Z0-9._~+/=-]{10,}"
)
_BASIC: Final = re.compile(r"(?i)\b(basic\s+)([A-Z0-9+/]{8,}={0,2})")

_ENDS: Final = (
    "word", "words", "swd", "hrase", "key", "cret", "oken", "ials", "tial", "zation", "ookie", "sig", "ature", "pwd",
)  # fmt: skip


def _assignment(sign: str) -> re.Pattern[str]:
    # Begins at the sign, which is rare, and looks back over quotes and spaces to the end of a name. The flag
    # for case would cost the fast search for the sign, so both cases are spelled out.
    def ends(gap: str) -> str:
        spelled = ("".join(f"[{letter}{letter.upper()}]" for letter in end) for end in _ENDS)
        return "|".join(f"(?<={end}{gap}{sign})" for end in spelled)

    quotes = r"[\"'\\ ]"
    gaps = [quotes * width for width in range(1, 5)]
    behind = "|".join(f"(?<=[A-Za-z]{gap}{sign})(?:{ends(gap)})" for gap in gaps)
    return re.compile(f"{sign}(?:(?<=[A-Za-z]{sign})(?:{ends('')})|(?<={quotes}{sign})(?:{behind}))")


_SIGNS: Final = (_assignment("="), _assignment(":"))


def assigned(text: str) -> bool:
    """Whether something stands after a name that secrets have."""
    return _SIGNS[0].search(text) is not None or _SIGNS[1].search(text) is not None


def without_assigned(text: str) -> str:
    """The text without the values that stand after such names, quoted or bare."""
    pieces, done = [], 0
    for sign in sorted(chain(*(sign.finditer(text) for sign in _SIGNS)), key=re.Match.start):
        at = sign.start()
        if at < done:
            continue
        name = _NAME_BEFORE.search(text, max(done, at - LONGEST_NAME), at)
        value = _VALUE_AFTER.match(text, at + 1) if name else None
        if name and value and _is_secret(value, strong=name["strong"] is not None, sign=sign[0]):
            group = "quoted" if value["quoted"] is not None else "bare"
            pieces += [text[done : value.start(group)], MARK]
            done = value.end(group)
    return "".join([*pieces, text[done:]]) if pieces else text


def _is_secret(value: re.Match[str], *, strong: bool, sign: str) -> bool:
    text = value["quoted"] if value["quoted"] is not None else value["bare"]
    if _REFERENCE.match(text):
        return False
    if not strong:
        return len(text) >= 10 and _is_mixed(text)
    if value["quoted"] is not None or _is_mixed(text):
        return True
    return sign == "=" and (text.isdigit() or value["next"] not in {"", ",", ")"})


def _is_mixed(text: str) -> bool:
    letters = any(map(str.isalpha, text))
    return letters and not text.isidentifier() | text.isspace() or letters and any(map(str.isdigit, text))


_BASIC_HEADER: Final = re.compile(r"B(?:asic|ASIC)\s+[A-Za-z0-9+/]{8}")


def has_authority(text: str) -> bool:
    """Whether a header's credentials or a URL's password may be in the text."""
    return (
        "earer " in text
        or _BASIC_HEADER.search(text) is not None
        or ("@" in text and _URL.search(text) is not None)
    )


def without_authority(text: str) -> str:
    """The text without what follows `Bearer` or `Basic`, and without passwords in URLs."""
    text = _URL.sub(r"\1[redacted:password]", text)
    text = _BEARER.sub(r"\1[redacted:bearer-token]", text)
    return _BASIC.sub(_without_basic, text)


def _without_basic(found: re.Match[str]) -> str:
    # `Basic` begins many sentences; only user and password, in base64, follow it in a header.
    try:
        decoded = a2b_base64(found[2] + "=" * (-len(found[2]) % 4))
    except NotBase64:
        return found[0]
    return f"{found[1]}[redacted:basic-credentials]" if b":" in decoded else found[0]


_STRONG_ENDS: Final = (
    "password", "passwd", "passphrase", "apikey", "secret", "secretkey", "accesskey", "privatekey", "signingkey",
    "encryptionkey", "accountkey", "masterkey", "authkey", "accesstoken", "refreshtoken", "authtoken", "idtoken",
    "sessiontoken", "bearertoken", "securitytoken", "apitoken", "bottoken", "csrftoken", "authorization", "credentials",
    "setcookie",
)  # fmt: skip
_STRONG_NAMES: Final = frozenset({"cookie", "cookies", "passwords", "secrets", "credential"})
_WEAK_ENDS: Final = ("token", "pwd", "signature", "sig")
_PAGING: Final = ("pagetoken", "nexttoken", "continuationtoken", "synctoken")
_NOT_LETTERS: Final = re.compile(r"[^a-z0-9]+")

_strength: dict[str, int] = {}


def strength(name: str) -> int:
    """How surely a dict's key names a secret: 2 strong, 1 weak, 0 not at all."""
    known = _strength.get(name)
    if known is None:
        known = _judged(name)
        if len(_strength) >= MOST_REMEMBERED:
            _strength.clear()
        if len(name) <= LONGEST_NAME:
            _strength[name] = known
    return known


def _judged(name: str) -> int:
    if len(name) > LONGEST_NAME:
        return 0
    letters = _NOT_LETTERS.sub("", name.lower())
    if letters.endswith(_STRONG_ENDS) or letters in _STRONG_NAMES:
        return 2
    return 1 if letters.endswith(_WEAK_ENDS) and not letters.endswith(_PAGING) else 0


def is_weakly_secret(text: str) -> bool:
    """Whether a value under a weak name looks like a secret."""
    return len(text) >= 10 and " " not in text and any(map(str.isdigit, text)) and any(map(str.isalpha, text))
