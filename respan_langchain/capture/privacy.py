"""What must not leave the process: secrets by default, and whatever the user's own redactors take out.

Works on the JSON copy, never on the app's objects. A redactor that fails costs the content it was given, not
the protection.
"""

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from respan_langchain.capture import forms, names

Redactor: TypeAlias = Callable[[str], str]
"""Makes of a string what may be sent of it."""

DROPPED: Final = "[dropped: redactor failed]"

_HINTS: Final = (
    *(family.hint for family in forms.FAMILIES),
    names.assigned,
    names.has_authority,
)


class RedactorFailedError(Exception):
    """A redactor raised, or did not return a string."""


def suspicious(text: str) -> bool:
    """Whether the text may hold a secret; false is certain, and quick."""
    for hint in _HINTS:  # noqa: SIM110 - `any` over a generator costs twice as much
        if hint(text):
            return True
    return False


def secrets(text: str) -> str:
    """Take secrets out of a text, each replaced by its kind, such as `[redacted:openai-key]`.

    >>> secrets("export KEY=sk-proj-abcdefghij0123456789")
    'export KEY=[redacted:openai-key]'
    """
    for family in forms.FAMILIES:
        if family.hint(text):
            for pattern, marker in family.forms:
                text = pattern.sub(marker, text)
    if names.has_authority(text):
        text = names.without_authority(text)
    if names.assigned(text):
        text = names.without_assigned(text)
    return text


def redacted(text: str, redactors: Iterable[Redactor]) -> str:
    """Pass a text through the user's redactors, in their order.

    Raises:
        RedactorFailedError: When one of them raised, or returned no string.
    """
    for redactor in redactors:
        try:
            text = redactor(text)
        except Exception as error:
            raise RedactorFailedError from error
        if not isinstance(text, str):
            raise RedactorFailedError
    return text
