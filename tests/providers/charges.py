"""What an answer must cost, and what its row must say of how it ended."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from providers.cases import QUESTION
from providers.server import Answer

REFUSED = {"refused": True}


@dataclass(frozen=True)
class Charge:
    """One answer, the cost that it means and the facts of its row."""

    name: str
    model: Callable[[str], Any]
    answer: Answer
    cost: Decimal | None
    """USD by the provider's published prices, worked out by hand."""
    status: str = "complete"
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Metadata that the row must have; None: it must not have it."""
    streamed: Mapping[str, Any] = field(default_factory=dict)
    """What differs when LangChain's package streams: `cost`, `status` or facts."""
    prompt: Any = QUESTION
    prices: Mapping[str, Any] | None = None
    """The handler's, where the provider's depend on the hour."""
