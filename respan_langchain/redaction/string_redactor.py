"""Redacts and truncates strings; caches large ones as JSON, since they occur in several rows.

Works on the JSON copy, never on the app's objects. If a redactor of the user fails, the content is
dropped and not sent.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import orjson

from respan_langchain.redaction import prescan, secrets
from respan_langchain.redaction.personal_search import PersonalDataSearch
from respan_langchain.serialization import scalars
from respan_langchain.serialization.truncation import truncate_text

Redactor: TypeAlias = Callable[[str], str]
"""Takes a string and returns what may be sent of it."""

DROPPED: Final = "[dropped: redactor failed]"
REDACTION_MARGIN: Final = 8_192
"""Characters beyond the limit that redactors get, so that no cut leaves half a secret."""
MAX_CACHED_BYTES: Final = 8_000_000
"""Bytes of strings in the cache."""


class RedactorFailedError(Exception):
    """A redactor raised, or did not return a string."""


class StringRedactor:
    """Redacts strings by one set of rules."""

    def __init__(
        self,
        redactors: Sequence[Redactor],
        most: int,
        *,
        secrets: bool,
        personal: PersonalDataSearch,
        cleared: prescan.ClearedTexts,
    ) -> None:
        self.redactors = redactors
        self.hides_secrets = secrets
        self.personal = personal
        self._cleared = cleared
        self._max_bytes = most
        self._large_from = min(prescan.LARGE_TEXT, most // 4)
        self._cache: dict[str, tuple[orjson.Fragment, bool]] = {}
        self._cached_bytes = 0

    def is_large(self, text: str) -> bool:
        """Whether the text is to be cached, or may be over the limit."""
        return len(text) >= self._large_from

    def redact(self, text: str) -> str:
        """Redact a string that is not large.

        Raises:
            RedactorFailedError: A redactor of the user failed.
        """
        if text not in self._cleared:
            text = self._search(text)
        for redactor in self.redactors:
            try:
                text = redactor(text)
            except Exception as error:
                raise RedactorFailedError from error
            if not isinstance(text, str):
                raise RedactorFailedError
        return scalars.replace_surrogates(str.__str__(text))

    def _search(self, text: str) -> str:
        """Redact secrets and personal data."""
        redacted = text
        if self.hides_secrets and len(text) >= prescan.MIN_SECRET_LENGTH:
            redacted = secrets.redact_secrets(text)
        redacted = self.personal.redact(redacted)
        if redacted == text and not self.is_large(text):
            self._cleared.remember((text,))
        return redacted

    def redact_large(self, text: str) -> tuple[orjson.Fragment, bool]:
        """Redact a large string; return its JSON and whether it was cut.

        Raises:
            RedactorFailedError: A redactor of the user failed.
        """
        known = self._cache.get(text)
        if known is None:
            redacted, cut = self._redact_and_truncate(text)
            encoded = trim_buffer(orjson.dumps(redacted))
            known = (orjson.Fragment(encoded), cut)
            size = len(text) + len(encoded)
            if self._cached_bytes + size > MAX_CACHED_BYTES:
                self.clear()
            if size <= MAX_CACHED_BYTES:
                self._cache[text] = known
                self._cached_bytes += size
        return known

    def clear(self) -> None:
        """Empty the cache."""
        self._cache.clear()
        self._cached_bytes = 0

    def _redact_and_truncate(self, text: str) -> tuple[str, bool]:
        whole = scalars.replace_surrogates(text)
        seen = whole[: self._max_bytes + REDACTION_MARGIN]
        redacted = self.redact(seen)
        already_cut = len(whole[len(seen) :].encode())
        if already_cut:
            # Half a secret at the end of what redactors saw would not be recognized.
            safe = redacted[: max(len(redacted) - REDACTION_MARGIN // 2, 0)]
            already_cut += len(redacted[len(safe) :].encode())
            redacted = safe
        if already_cut or len(redacted.encode()) > self._max_bytes:
            return truncate_text(redacted, self._max_bytes, already_cut), True
        return redacted, False


def trim_buffer(encoded: bytes) -> bytes:
    """Copy bytes into a buffer of their own size.

    orjson returns the buffer that it wrote into, which is up to ten times as large for a string;
    that matters for bytes that are cached.
    """
    return bytes(memoryview(encoded))
