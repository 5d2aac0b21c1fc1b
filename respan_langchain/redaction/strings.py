"""Strings as they may be sent: cleaned, redacted, cut; large ones treated once and remembered.

The same prompt, answer or document stands in several rows; its bytes are made once.
"""

from collections.abc import Sequence
from typing import Final

import orjson

from respan_langchain.redaction import prescan, secrets
from respan_langchain.redaction.secrets import Redactor
from respan_langchain.serialization import scalars
from respan_langchain.serialization.truncation import shortened

MARGIN: Final = 8_192
"""Characters past the limit that redactors still see, so that no cut leaves half a secret."""
MOST_REMEMBERED: Final = 8_000_000
"""Bytes of strings kept for the rows to come."""


class Texts:
    """Treats strings by one set of rules."""

    def __init__(self, redactors: Sequence[Redactor], most: int, *, secrets: bool) -> None:
        self.redactors = redactors
        self.secrets = secrets
        self._most = most
        self._large = min(prescan.LARGE, most // 4)
        self._known: dict[str, tuple[orjson.Fragment, bool]] = {}
        self._weight = 0

    def is_large(self, text: str) -> bool:
        """Whether the text is worth remembering, or may be over the limit."""
        return len(text) >= self._large

    def small(self, text: str) -> str:
        """A string that is not large, as it may be sent.

        Raises:
            RedactorFailedError: When a redactor of the user's failed.
        """
        if self.secrets and len(text) >= prescan.SHORTEST_SUSPECT:
            text = secrets.secrets(text)
        if self.redactors:
            text = str.__str__(secrets.redacted(text, self.redactors))
        return scalars.clean(text)

    def large(self, text: str) -> tuple[orjson.Fragment, bool]:
        """A large string as JSON, and whether it was cut.

        Raises:
            RedactorFailedError: When a redactor of the user's failed.
        """
        known = self._known.get(text)
        if known is None:
            treated, cut = self._treated(text)
            encoded = fitted_buffer(orjson.dumps(treated))
            known = (orjson.Fragment(encoded), cut)
            self._remember(text, known, len(text) + len(encoded))
        return known

    def forget(self) -> None:
        """Let go of everything remembered."""
        self._known.clear()
        self._weight = 0

    def _remember(self, text: str, known: tuple[orjson.Fragment, bool], weight: int) -> None:
        if self._weight + weight > MOST_REMEMBERED:
            self.forget()
        if weight <= MOST_REMEMBERED:
            self._known[text] = known
            self._weight += weight

    def _treated(self, text: str) -> tuple[str, bool]:
        whole = scalars.clean(text)
        seen = whole[: self._most + MARGIN]
        treated = self.small(seen)
        unseen = len(whole[len(seen) :].encode())
        if unseen:
            # A secret may lie across the end of what was seen, half of it, so not recognised.
            safe = treated[: max(len(treated) - MARGIN // 2, 0)]
            unseen += len(treated[len(safe) :].encode())
            treated = safe
        if unseen or len(treated.encode()) > self._most:
            return shortened(treated, self._most, unseen), True
        return treated, False


def fitted_buffer(encoded: bytes) -> bytes:
    """The same bytes in a buffer of their size.

    orjson hands out the buffer that it wrote into, which for a string is up to ten times as large;
    that matters for what is kept.
    """
    return bytes(memoryview(encoded))
