"""Asks the support desk ten questions of customers, with the handler as in any app.

The turns of the model are scripted for each question.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from langchain_core.runnables import RunnableConfig

from respan_langchain.callbacks.handler import RespanDatasetCallbackHandler
from respan_langchain.cli.demo_app.model import ShopModel, ToolUse, Turn
from respan_langchain.cli.demo_app.shop import support_agent, support_chain


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
SCRIPT: Final = {question.text: question.turns for question in QUESTIONS}


def ask_questions(handler: RespanDatasetCallbackHandler, *, pause: float) -> Iterator[str]:
    """Ask one question after the other, and yield each after its answer or its failure.

    The model takes `pause` seconds for a word, and fails once.
    """
    new_model = partial(ShopModel, script=SCRIPT, pause=pause)
    chain = support_chain(new_model(model="gpt-4o-mini", served="gpt-4o-mini-2024-07-18"))
    agent = support_agent(new_model(model="gpt-4.1-mini", served="gpt-4.1-mini-2025-04-14"))
    for number, question in enumerate(QUESTIONS, start=1):
        config: RunnableConfig = {
            "callbacks": [handler],
            "metadata": {"thread_id": f"demo-{number}", "user_id": question.customer},
        }
        with suppress(TimeoutError):
            if question.to == "chain":
                list(chain.stream({"question": question.text}, config))
            else:
                agent.invoke({"messages": [("user", question.text)]}, config)
        yield question.text
