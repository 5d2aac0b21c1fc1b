"""Keys of dicts that name a secret: `password`, `X-Api-Key`, `clientSecret`.

Any value under a strong name is a secret. A weak name (`token`, `sig`) occurs in ordinary data
too, so a value under it is a secret only if it looks like one.
"""

import re
from functools import lru_cache
from typing import Final, Literal, TypeAlias

Confidence: TypeAlias = Literal["strong", "weak"]
"""How surely a key names a secret."""

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
    r"""Return a look-behind for an escape such as `\n` in JSON, followed by `before`.

    The letter of the escape does not belong to the word that follows it.
    """
    return rf"(?:(?<=\\[bfnrt]{before})|(?<=\\u[0-9A-Fa-f]{{4}}{before}))"


def get_confidence(name: str) -> Confidence | None:
    """Return how surely a dict's key names a secret; None if it does not."""
    return _classify(name[-MAX_NAME_LENGTH:])  # cut, so that the cache holds no long strings


@lru_cache(MAX_CACHED_NAMES)
def _classify(name: str) -> Confidence | None:
    letters = _NOT_LETTERS.sub("", name.lower())
    if letters.endswith(_STRONG_ENDS) or letters in _STRONG_NAMES:
        return "strong"
    return "weak" if letters.endswith(_WEAK_ENDS) and not letters.endswith(_PAGING) else None


def looks_like_secret(text: str) -> bool:
    """Whether a value under a weak name looks like a secret: long, mixed, without spaces."""
    return (
        len(text) >= 10
        and " " not in text
        and any(map(str.isdigit, text))
        and any(map(str.isalpha, text))
    )
