"""The types of a row while it is built, and the mark of rows that cannot be replayed.

A finished run becomes a row in steps: `row_start.py` begins it, `metrics.py` adds the numbers,
`content.py` the content, `metadata.py` what the application set.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Required, TypedDict

from respan_langchain.rows.model_call import ModelCall
from respan_langchain.serialization.json_types import Json
from respan_langchain.tracing.call_settings import CallSettings
from respan_langchain.tracing.run import Run


class Row(TypedDict, total=False):
    """A row with the platform's keys; an unknown value is left out, never null."""

    input: Json
    output: Json
    expected_output: Json
    metadata: Required[dict[str, Json]]
    metrics: Required[dict[str, Json]]


@dataclass(frozen=True, slots=True)
class RowOptions:
    """What the rows of one handler contain."""

    content: bool = True
    """False: metrics and identity only."""
    input_key: str | None = None
    """Which part of a root's input is the row's input: a key or a dotted path."""
    output_key: str | None = None
    trajectory: bool = True
    retrieved_documents: bool = True
    messages: Literal["auto", "off"] = "auto"
    """Whether a root whose state is a list of messages gives a conversation and an answer."""
    keep_media: bool = False
    """Whether images, audio and files are kept, in place of their type, size and digest."""
    metadata: Mapping[str, Json] = field(default_factory=dict)
    """Added to every row: the application's metadata, and versions."""
    tags: tuple[str, ...] = ()


class RowDraft(NamedTuple):
    """One run, and the part of its row that is built."""

    run: Run
    settings: CallSettings
    """The settings of its call."""
    model_call: ModelCall | None
    """None for everything but model calls."""
    identifier: str
    """The row's `custom_identifier`: its run's id, unless the call gave another."""
    row: Row
    takes_feedback: bool = True
    """Whether feedback on the run is for this row; it is for the first one that `map_row` makes."""


def not_replayable(reason: str) -> dict[str, Json]:
    """Return the metadata of a row whose input is not what the app was given.

    A replay skips such a row and counts it by the reason.
    """
    return {"replayable": False, "replayable_reason": reason}
