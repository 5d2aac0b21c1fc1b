"""What rules decide about a trace."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class RowAddress:
    """Where a row is found."""

    id: str
    """Its `custom_identifier`."""
    dataset: str | None
    """The dataset's name; None for the handler's."""


@dataclass(frozen=True, slots=True)
class RowChange:
    """What is added to the metadata of a row that was built earlier."""

    row: RowAddress
    metadata: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class SamplingDecision:
    """What becomes of all rows of a trace."""

    is_kept: bool
    dataset: str | None = None
    """The name of the dataset that they go to; None for the handler's."""
    corrects: bool = False
    """Whether people's decisions become expected outputs and scores of the model calls."""
    sampling: Mapping[str, str | float] = field(default_factory=dict)
    """Their `metadata.sampling`: the rule, the version of the rules, and the probability."""
    marks: Mapping[str, str] = field(default_factory=dict)
    """Added to the metadata of the root's row."""


NOT_KEPT: Final = SamplingDecision(is_kept=False)
