"""Names that secrets have, as keys of dicts: `password`, `X-Api-Key`, `clientSecret`.

A strong name makes a secret of whatever it names; a weak one (`token`, `sig`), which ordinary data
uses as well, only of a value that looks like one.
"""

import re
from typing import Final

REDACTED: Final = "[redacted:secret]"
MAX_CACHED_NAMES: Final = 5_000
MAX_NAME_LENGTH: Final = 80

_STRONG_ENDS: Final = (
    "password", "passwd", "passphrase", "apikey", "secret", "secretkey", "accesskey",
    "privatekey", "signingkey", "encryptionkey", "accountkey", "masterkey", "authkey",
    "accesstoken", "refreshtoken", "authtoken", "idtoken", "sessiontoken", "bearertoken",
    "securitytoken", "apitoken", "bottoken", "csrftoken", "authorization", "credentials",
    "setcookie",
)  # fmt: skip
_STRONG_NAMES: Final = frozenset({"cookie", "cookies", "passwords", "secrets", "credential"})
_WEAK_ENDS: Final = ("token", "pwd", "signature", "sig")
_PAGING: Final = ("pagetoken", "nexttoken", "continuationtoken", "synctoken")
_NOT_LETTERS: Final = re.compile(r"[^a-z0-9]+")


def after_escape(before: str = "") -> str:
    r"""A pattern that looks back, over `before`, at an escape such as `\n` in JSON.

    Its letter does not belong to the word that follows it.
    """
    return rf"(?:(?<=\\[bfnrt]{before})|(?<=\\u[0-9A-Fa-f]{{4}}{before}))"


_strength: dict[str, int] = {}


def get_confidence(name: str) -> int:
    """How surely a dict's key names a secret: 2 strong, 1 weak, 0 not at all."""
    known = _strength.get(name)
    if known is None:
        known = _judged(name)
        if len(_strength) >= MAX_CACHED_NAMES:
            _strength.clear()
        if len(name) <= MAX_NAME_LENGTH:
            _strength[name] = known
    return known


def _judged(name: str) -> int:
    letters = _NOT_LETTERS.sub("", name[-MAX_NAME_LENGTH:].lower())
    if letters.endswith(_STRONG_ENDS) or letters in _STRONG_NAMES:
        return 2
    return 1 if letters.endswith(_WEAK_ENDS) and not letters.endswith(_PAGING) else 0


def looks_like_secret(text: str) -> bool:
    """Whether a value under a weak name looks like a secret: long, mixed, without spaces."""
    return (
        len(text) >= 10
        and " " not in text
        and any(map(str.isdigit, text))
        and any(map(str.isalpha, text))
    )
