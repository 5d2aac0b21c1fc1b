"""Agents whose tool calls a person reviews, and the labels that each decision gives."""

import json
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from respan_langchain.rules import Rules, edited_by_human, everything, keep, rejected_by_human
from support.scripts import Script

ASKED = {"messages": [("user", "Pay them.")]}
GOLD = Rules(
    keep(edited_by_human | rejected_by_human, to="gold", corrections="human"), keep(everything)
)
APPROVED = {"type": "approve"}
REJECTED = {"type": "reject", "message": "Too much."}
ANSWERED = {"type": "respond", "message": "I paid by hand."}


def edited(amount: int) -> dict[str, Any]:
    return {"type": "edit", "edited_action": {"name": "pay", "args": {"amount": amount}}}


def zero(*words: str) -> list[dict[str, Any]]:
    entry = {"name": "human", "score": 0.0}
    return [{**entry, "comment": "\n".join(words)} if words else entry]


CASES: dict[str, Any] = {
    "approve one": ([5], [APPROVED], None, None),
    "edit one": ([500], [edited(50)], [50], None),
    "reject one": ([500], [REJECTED], None, zero("Too much.")),
    "reject one without words": ([500], [{"type": "reject"}], None, zero()),
    "respond to one": ([500], [ANSWERED], None, None),
    "approve several": ([5, 6], [APPROVED, APPROVED], None, None),
    "edit several": ([500, 500], [edited(50), edited(60)], [50, 60], None),
    "reject several": ([5, 6], [REJECTED, REJECTED], None, zero("Too much.", "Too much.")),
    "respond to several": ([5, 6], [ANSWERED, ANSWERED], None, None),
    "approve and edit": ([5, 500], [APPROVED, edited(50)], [5, 50], None),
    "decide in every way": (
        [500, 7, 8, 9],
        [REJECTED, edited(70), ANSWERED, APPROVED],
        [70, 8, 9],
        zero("Too much."),
    ),
}
"""The amounts that a model wants to pay, a person's decisions, and the labels of its row: the
amounts in the expected output, and the scores."""


@tool
def pay(amount: int) -> str:
    """Pay an amount."""
    return f"paid {amount}"


def wants(*amounts: int) -> AIMessage:
    calls = [
        {"name": "pay", "args": {"amount": amount}, "id": f"call {number}"}
        for number, amount in enumerate(amounts)
    ]
    return AIMessage("", tool_calls=calls)


def paying_agent(*amounts: int, saver: Any = None, **review: Any) -> Any:
    """An agent that wants to pay these amounts, and asks a person first.

    Without amounts it is the agent of a process that resumes one.
    """
    return create_agent(
        _payer(*amounts),
        [pay],
        middleware=[HumanInTheLoopMiddleware(interrupt_on={"pay": True}, **review)],
        checkpointer=saver or InMemorySaver(),
    )


def stopping_agent(*amounts: int, saver: Any = None) -> Any:
    """An agent that wants to pay these amounts, and stops first."""
    return create_agent(
        _payer(*amounts), [pay], interrupt_before=["tools"], checkpointer=saver or InMemorySaver()
    )


def _payer(*amounts: int) -> Script:
    return Script(answers=[*([wants(*amounts)] if amounts else []), "Done."])


def ask(app: Any, handler: Any, thread: str = "t1") -> None:
    """Let the agent run until it asks."""
    app.invoke(ASKED, {"callbacks": [handler], "configurable": {"thread_id": thread}})


def decide(app: Any, handler: Any, decisions: Any, thread: str = "t1") -> None:
    """Resume the agent with a person's decisions."""
    config = {"callbacks": [handler], "configurable": {"thread_id": thread}}
    app.invoke(Command(resume={"decisions": decisions}), config)


def edit(app: Any, config: Any, *amounts: int) -> None:
    """Change the amounts that an agent wants to pay, in its state."""
    changed = wants(*amounts)
    changed.id = app.get_state(config).values["messages"][-1].id
    app.update_state(config, {"messages": [changed]})


def finish(app: Any, config: Any) -> None:
    """Let an agent run until it ends."""
    while app.get_state(config).next:
        app.invoke(None, config)


def expected_amounts(row: Any) -> list[int] | None:
    """The amounts of the calls in a row's expected output; None without one."""
    if row["expected_output"] is None:
        return None
    calls = row["expected_output"]["tool_calls"]
    return [json.loads(call["function"]["arguments"])["amount"] for call in calls]


def labels(row: Any) -> tuple[list[int] | None, Any]:
    """A row's labels, as `CASES` has them."""
    return expected_amounts(row), row["metadata"].get("scores")
