"""Marks rows that cannot be replayed: their input is not what the app was given.

A replay skips such a row and counts it by the reason.
"""

from collections.abc import Sequence

from respan_langchain.serialization.json_types import Json


def not_replayable(reason: str) -> dict[str, Json]:
    """Return the metadata of such a row."""
    return {"replayable": False, "replayable_reason": reason}


def input_change(truncated: Sequence[str]) -> dict[str, Json]:
    """Return the metadata of a row whose input was changed when it was encoded.

    `truncated` has the paths of what was cut.
    """
    was_cut = any(path.startswith(("input", "and more")) for path in truncated)
    return not_replayable("input was truncated" if was_cut else "input was redacted")
