"""What a provider's answer must look like as a row, and the question that all of them are asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from langchain_core.tools import tool
from providers.server import Answer

QUESTION = "What is the weather in Paris?"
WORDS = ["It is ", "raining", " in Paris."]
TEXT = "It is raining in Paris."
ARGUMENTS = '{"city": "Paris"}'
HALVES = ['{"city": ', '"Paris"}']
KEY = "sk-a-key-that-must-not-be-seen"


@tool
def weather(city: str) -> str:
    """Tell the weather."""
    return f"It is raining in {city}."


def called(call_id: str | None) -> list[dict[str, Any]]:
    """The call of the weather tool, as it stands in a row; None: LangChain makes up its id."""
    function = {"name": "weather", "arguments": '{"city":"Paris"}'}
    name = {} if call_id is None else {"id": call_id}
    return [{**name, "type": "function", "function": function}]


@dataclass(frozen=True)
class Case:
    """One provider, asked once."""

    name: str
    model: Callable[[str], Any]
    """Makes the model, given the provider's URL."""
    answer: Answer
    tokens: Mapping[str, int]
    """All token metrics that the row has, and no others."""
    cost: Decimal | None
    """USD by the provider's published prices, worked out by hand."""
    facts: Mapping[str, Any]
    """Metadata that the row must have."""
    source: str = "estimate"
    """Where the cost is from. A model on the loopback may be anybody's, hence the estimate."""
    text: str | None = TEXT
    calls: Sequence[Mapping[str, Any]] = ()
    tools: Sequence[Any] = ()
    prices: Mapping[str, Any] | None = None
    streamed_tokens: Mapping[str, int] | None = None
    """Where LangChain's package reports other tokens when it streams."""
    streamed_cost: Decimal | None = None
    stray_calls: bool = False
    """Whether LangChain's package puts broken calls before the real one when it streams."""


def usd(*parts: tuple[int, str]) -> Decimal:
    """Add up tokens, each with its price in USD per million."""
    return sum((Decimal(price) * count for count, price in parts), Decimal(0)) / 1_000_000


def tokens(put_in: int, put_out: int, **others: int) -> dict[str, int]:
    """The token metrics of a row."""
    return {
        "prompt_tokens": put_in,
        "completion_tokens": put_out,
        "total_tokens": put_in + put_out,
        "total_request_tokens": put_in + put_out,
        **others,
    }
