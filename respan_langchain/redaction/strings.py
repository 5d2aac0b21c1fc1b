"""Strings as they may be sent: cleaned, redacted, cut; large ones treated once and remembered.

The same prompt, answer or document stands in several rows; its bytes are made once.
"""

from collections.abc import Sequence
from typing import Final

import orjson

from respan_langchain.redaction import prescan, secrets
from respan_langchain.redaction.secrets import Redactor
from respan_langchain.serialization import scalars
from respan_langchain.serialization.truncation import truncate_text

REDACTION_MARGIN: Final = 8_192
"""Characters past the limit that redactors still see, so that no cut leaves half a secret."""
MAX_CACHED_BYTES: Final = 8_000_000
"""Bytes of strings kept for the rows to come."""


class StringRedactor:
    """Treats strings by one set of rules."""

    def __init__(self, redactors: Sequence[Redactor], most: int, *, secrets: bool) -> None:
        self.redactors = redactors
        self.hides_secrets = secrets
        self._max_bytes = most
        self._large_from = min(prescan.LARGE_TEXT, most // 4)
        self._cache: dict[str, tuple[orjson.Fragment, bool]] = {}
        self._cached_bytes = 0

    def is_large(self, text: str) -> bool:
        """Whether the text is worth remembering, or may be over the limit."""
        return len(text) >= self._large_from

    def redact(self, text: str) -> str:
        """A string that is not large, as it may be sent.

        Raises:
            RedactorFailedError: When a redactor of the user's failed.
        """
        if self.hides_secrets and len(text) >= prescan.MIN_SECRET_LENGTH:
            text = secrets.redact_secrets(text)
        if self.redactors:
            text = str.__str__(secrets.apply_redactors(text, self.redactors))
        return scalars.replace_surrogates(text)

    def redact_large(self, text: str) -> tuple[orjson.Fragment, bool]:
        """A large string as JSON, and whether it was cut.

        Raises:
            RedactorFailedError: When a redactor of the user's failed.
        """
        known = self._cache.get(text)
        if known is None:
            treated, cut = self._treated(text)
            encoded = trim_buffer(orjson.dumps(treated))
            known = (orjson.Fragment(encoded), cut)
            self._remember(text, known, len(text) + len(encoded))
        return known

    def clear(self) -> None:
        """Let go of everything remembered."""
        self._cache.clear()
        self._cached_bytes = 0

    def _remember(self, text: str, known: tuple[orjson.Fragment, bool], weight: int) -> None:
        if self._cached_bytes + weight > MAX_CACHED_BYTES:
            self.clear()
        if weight <= MAX_CACHED_BYTES:
            self._cache[text] = known
            self._cached_bytes += weight

    def _treated(self, text: str) -> tuple[str, bool]:
        whole = scalars.replace_surrogates(text)
        seen = whole[: self._max_bytes + REDACTION_MARGIN]
        treated = self.redact(seen)
        unseen = len(whole[len(seen) :].encode())
        if unseen:
            # A secret may lie across the end of what was seen, half of it, so not recognised.
            safe = treated[: max(len(treated) - REDACTION_MARGIN // 2, 0)]
            unseen += len(treated[len(safe) :].encode())
            treated = safe
        if unseen or len(treated.encode()) > self._max_bytes:
            return truncate_text(treated, self._max_bytes, unseen), True
        return treated, False


def trim_buffer(encoded: bytes) -> bytes:
    """The same bytes in a buffer of their size.

    orjson hands out the buffer that it wrote into, which for a string is up to ten times as large;
    that matters for what is kept.
    """
    return bytes(memoryview(encoded))
