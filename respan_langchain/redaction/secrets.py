"""Redacts secrets in a text, by all ways of finding them."""

from collections.abc import Callable
from functools import cache

from respan_langchain.redaction import assignments, disguises, http_credentials
from respan_langchain.redaction.secret_formats import FORMATS
from respan_langchain.redaction.secret_search import build_groups


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
