"""Redacts secrets in a text, and applies the user's redactors.

Both work on the JSON copy, never on the app's objects. If a redactor fails, the content is dropped
and not sent.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Final, TypeAlias

from respan_langchain.redaction import assignments, disguises, http_credentials
from respan_langchain.redaction.secret_formats import FORMATS
from respan_langchain.redaction.secret_search import build_groups

Redactor: TypeAlias = Callable[[str], str]
"""Takes a string and returns what may be sent of it."""

DROPPED: Final = "[dropped: redactor failed]"


class RedactorFailedError(Exception):
    """A redactor raised, or did not return a string."""


@cache
def _load_detectors() -> tuple[tuple[Callable[[str], object], Callable[[str], str]], ...]:
    # Hundreds of patterns, which are compiled for the first row and not when the app starts.
    groups = ((group.may_match, group.redact) for group in build_groups(FORMATS))
    return (
        *groups,
        (http_credentials.may_match, http_credentials.redact),
        (assignments.may_match, assignments.redact),
    )


def may_contain_secret(text: str) -> bool:
    """Whether the text may hold a secret; a fast check whose False is certain."""
    for hint, _ in _load_detectors():
        if hint(text):
            return True
    return disguises.redact(text, _redact_plain) != text


def redact_secrets(text: str) -> str:
    """Replace each secret in a text by a marker such as `[redacted:openai-key]`.

    >>> redact_secrets("export KEY=sk-proj-abcdefghij0123456789")
    'export KEY=[redacted:openai-key]'
    """
    return disguises.redact(_redact_plain(text), _redact_plain)


def _redact_plain(text: str) -> str:
    for hint, without in _load_detectors():
        if hint(text):
            text = without(text)
    return text


def apply_redactors(text: str, redactors: Iterable[Redactor]) -> str:
    """Pass a text through the user's redactors, in their order.

    Raises:
        RedactorFailedError: A redactor raised, or did not return a string.
    """
    for redactor in redactors:
        try:
            text = redactor(text)
        except Exception as error:
            raise RedactorFailedError from error
        if not isinstance(text, str):
            raise RedactorFailedError
    return text
