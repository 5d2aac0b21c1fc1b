"""Logs as a platform in a file shows them: each value as it was sent.

The real platform hands out objects and lists as JSON text, and the client undoes that, text that
only looks like it included. A platform in a file has no such habit, so nothing must be undone.
"""

from typing import Any

from respan_langchain.api.calls.models import Log


class ExactLog(Log):
    """A log whose contents are taken as they are."""

    input: Any = None
    output: Any = None
    expected_output: Any = None
