"""Names of secrets, as keys of dicts and in text: the one list of them.

Any value under a strong name (`password`, `X-Api-Key`, `clientSecret`) is a secret. A weak name
(`token`, `sig`) occurs in ordinary data too, so a value under it is a secret only if it looks like
one.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal, TypeAlias

Confidence: TypeAlias = Literal["strong", "weak"]
"""How surely a key names a secret."""
SecretNameKind: TypeAlias = Literal["strong", "header", "weak"]
"""As `Confidence`; in text, the value of a header is the rest of its line."""

MAX_CACHED_NAMES: Final = 5_000
MAX_NAME_LENGTH: Final = 80


def _compounds(firsts: str, second: str) -> dict[str, SecretNameKind]:
    return {f"{first} {second}": "strong" for first in firsts.split()}


PASSWORDS: Final = ("password", "passwd", "passphrase")
NAMES: Final[Mapping[str, SecretNameKind]] = {
    **dict.fromkeys(PASSWORDS, "strong"),
    **dict.fromkeys(("passwords", "passphrases", "credential", "credentials", "secret"), "strong"),
    **_compounds("api access private account secret auth signing encryption master", "key"),
    **_compounds("access refresh auth id bearer session csrf api bot security", "token"),
    **_compounds("client app consumer webhook", "secret"),
    **dict.fromkeys(("authorization", "cookie", "set cookie"), "header"),
    **dict.fromkeys(("signature", "token", "sig", "pwd"), "weak"),
}
"""Endings of names: `DB_PASSWORD` ends with `password`. `api key` is written `apiKey`, `API_KEY`,
`Api-Key` as well."""
_WHOLE_KEYS: Final = frozenset(
    {"passwords", "passphrases", "credential", "cookie", "cookies", "secrets"}
)
"""Names that are no endings of keys: `forgotten_passwords` may be a number."""
_PAGING: Final = ("pagetoken", "nexttoken", "continuationtoken", "synctoken")
_NOT_LETTERS: Final = re.compile(r"[^a-z0-9]+")
_STRONG_ENDS: Final = tuple(
    name.replace(" ", "")
    for name, kind in NAMES.items()
    if kind != "weak" and name not in _WHOLE_KEYS
)
_WEAK_ENDS: Final = tuple(name for name, kind in NAMES.items() if kind == "weak")


def get_confidence(name: str) -> Confidence | None:
    """Return how surely a dict's key names a secret; None if it does not."""
    return _classify(name[-MAX_NAME_LENGTH:])  # cut, so that the cache holds no long strings


@lru_cache(MAX_CACHED_NAMES)
def _classify(name: str) -> Confidence | None:
    letters = _NOT_LETTERS.sub("", name.lower())
    if letters.endswith(_STRONG_ENDS) or letters in _WHOLE_KEYS:
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
