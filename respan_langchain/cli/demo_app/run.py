"""Ask the support desk all questions, with the handler attached as in any app."""

from collections.abc import Iterator
from dataclasses import dataclass

from langchain_core.runnables import RunnableConfig

from respan_langchain.callbacks.handler import RespanDatasetCallbackHandler
from respan_langchain.cli.demo_app.model import ShopModel
from respan_langchain.cli.demo_app.questions import QUESTIONS, Question
from respan_langchain.cli.demo_app.shop import support_agent, support_chain

SCRIPT = {question.text: question.turns for question in QUESTIONS}


@dataclass(frozen=True)
class Answer:
    """A question and its answer, or why there is none."""

    question: Question
    answer: str | None
    failure: Exception | None = None


def ask_questions(handler: RespanDatasetCallbackHandler, *, pause: float) -> Iterator[Answer]:
    """Ask one question after the other; the model takes `pause` seconds for a word."""
    chain = support_chain(
        ShopModel(script=SCRIPT, model="gpt-4o-mini", served="gpt-4o-mini-2024-07-18", pause=pause)
    )
    agent = support_agent(
        ShopModel(
            script=SCRIPT, model="gpt-4.1-mini", served="gpt-4.1-mini-2025-04-14", pause=pause
        )
    )
    for number, question in enumerate(QUESTIONS, start=1):
        config: RunnableConfig = {
            "callbacks": [handler],
            "metadata": {"thread_id": f"demo-{number}", "user_id": question.customer},
        }
        try:
            if question.to == "chain":
                answer = "".join(chain.stream({"question": question.text}, config))
            else:
                state = agent.invoke({"messages": [("user", question.text)]}, config)
                answer = str(state["messages"][-1].content)
        except TimeoutError as failure:
            yield Answer(question, None, failure)
        else:
            yield Answer(question, answer)
