"""Ten questions of customers, and the scripted turns of the model for each."""

from dataclasses import dataclass
from typing import Final, Literal

from respan_langchain.cli.demo_app.model import ToolUse, Turn


@dataclass(frozen=True)
class Question:
    """One message of a customer."""

    text: str
    customer: str
    turns: tuple[Turn, ...]
    to: Literal["chain", "agent"] = "chain"


QUESTIONS: Final = (
    Question(
        "Can I return shoes that I wore once?", "ada",
        ("Only unworn shoes can be returned, within 30 days and in their box.",),
    ),
    Question("How long does delivery take?", "ben", ("Two to four working days.",)),
    Question(
        "Is delivery free above 50?", "ben",
        ("No, delivery is free above 60; below that it costs 4.90.",),
    ),
    Question(
        "Where is my order A-1042?", "cleo",
        (
            ToolUse("order_status", {"order": "A-1042"}),
            "It is on its way and should be with you on Thursday.",
        ),
        to="agent",
    ),
    Question(
        "I am between 42 and 43, which size do I take?", "dan",
        ("Take 43. For running shoes add half a size more.",),
    ),
    Question(
        "A seam has opened after a year. Who pays?", "eve",
        ("We do: soles and seams have a warranty of two years.",),
    ),
    Question("Can I pay by invoice?", "ada", ("Yes, you have 14 days to pay an invoice.",)),
    Question(
        "Do you ship to Greenland?", "finn",
        (TimeoutError("the model did not answer within 30 seconds"),),
    ),
    Question(
        "Please take back order A-1077, it is too small.", "gus",
        (
            ToolUse("order_status", {"order": "A-1077"}),
            ToolUse("start_return", {"order": "A-1077", "reason": "too small"}),
            "Your return R-1077 is open, and the label is in your mail.",
        ),
        to="agent",
    ),
    Question(
        "How do I clean leather?", "cleo",
        ("With a damp cloth; let it dry away from the heater.",),
    ),
)  # fmt: skip
