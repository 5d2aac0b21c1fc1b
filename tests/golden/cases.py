"""What the golden rows show: one thing that apps do for each, run as apps run it."""

import base64
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from golden.models import Researcher, Scripted, candidates, reasoned
from langchain.agents import create_agent
from langchain.agents.structured_output import ToolStrategy
from langchain_core.caches import InMemoryCache
from langchain_core.documents import Document
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnablePassthrough
from langchain_core.tools import ToolException, tool
from pydantic import BaseModel, Field
from support.graphs import asking_graph
from support.models import FakeChat, FakeText

from respan_langchain import TraceTimeouts

Config = dict[str, Any]
EVERYTHING = ("root", "llm", "tool", "retriever", "chain")
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(64)).decode()
WAV = base64.b64encode(b"RIFF\x40\x00\x00\x00WAVE" + bytes(64)).decode()
ASKED = {"messages": [("user", "Is the Runner there in 42, and what is it?")]}


@dataclass(frozen=True)
class Case:
    """Something that an app does, and how its handler is made."""

    run: Callable[[Config], object]
    handler: dict[str, Any] = field(default_factory=dict)


class Shelf(BaseRetriever):
    """Two rules of a shop, as a vector store gives them."""

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return [
            Document(
                "Unworn shoes can be returned within 30 days.",
                id="rule-7",
                metadata={"source": "rules.md", "score": 0.91, "page": 3},
            ),
            Document("Socks can not.", metadata={"source": "rules.md"}),
        ]


@tool
def stock(shoe: str, sizes: list[int]) -> dict[str, Any]:
    """Say how many pairs of a shoe are there; sizes are European."""
    return {"shoe": shoe, "pairs": dict.fromkeys(map(str, sizes), 2)}


@tool
def price(shoe: str) -> str:
    """Say what a shoe costs."""
    raise ToolException(f"{shoe} has no price")


price.handle_tool_error = True


class Weather(BaseModel):
    """A forecast."""

    city: str = Field(description="Where")
    number: int


PROMPT = ChatPromptTemplate.from_messages([("system", "You sell shoes."), ("human", "{question}")])
QUESTION = {"question": "Can I return shoes?"}


def chat(config: Config) -> object:
    model = FakeChat().bind(temperature=0.2, max_tokens=200, stop=["\n\n"])
    said = {
        "user_id": "u-7",
        "thread_id": "t-1",
        "plan": "gold",
        "respan": {"expected_output": "Within 30 days.", "tags": ["returns"]},
    }
    return model.invoke(
        [SystemMessage("You sell shoes."), HumanMessage("Can I return shoes?", name="ann")],
        {**config, "metadata": said, "tags": ["beta"]},
    )


def text(config: Config) -> object:
    return FakeText().invoke("What is 2 + 2?", config)


def rag(config: Config) -> object:
    prompt = ChatPromptTemplate.from_template("{context}\n\nQuestion: {question}")

    def joined(found: list[Document]) -> str:
        return "\n".join(each.page_content for each in found)

    found = RunnablePassthrough.assign(context=itemgetter("question") | Shelf() | joined)
    chain = found | prompt | FakeChat(asked=40) | StrOutputParser()
    return chain.with_config(run_name="answer").invoke(QUESTION, config)


def agent(config: Config, *, at_once: bool = True) -> object:
    made = create_agent(
        Researcher(reply="Two pairs; the price is unknown.", at_once=at_once),
        tools=[stock, price],
        system_prompt="You sell shoes.",
        name="seller",
    )
    return made.invoke(ASKED, config)


def patient_agent(config: Config) -> object:
    """Asks for one tool after the other, so that its rows have an order."""
    return agent(config, at_once=False)


def structured(config: Config) -> object:
    model = FakeChat(turns=1, calls="Weather").with_structured_output(Weather)
    return (PROMPT | model).invoke({"question": "What is the weather in Paris?"}, config)


def structured_agent(config: Config) -> object:
    model = FakeChat(turns=1, calls="Weather")
    made = create_agent(model, tools=[], response_format=ToolStrategy(Weather), name="forecaster")
    return made.invoke({"messages": [("user", "What is the weather in Paris?")]}, config)


def media(config: Config) -> object:
    blocks: list[str | dict[str, Any]] = [
        {"type": "text", "text": "What is in these?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
        {"type": "image", "base64": PNG, "mime_type": "image/png"},
        {"type": "image_url", "image_url": {"url": "https://shop.example/runner.png"}},
        {"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}},
    ]
    model = FakeChat(reply="A shoe, three times, and a bell.", asked=900)
    return model.invoke([HumanMessage(blocks)], config)


def reasoning(config: Config) -> object:
    return Scripted(answers=[reasoned()]).invoke("I bought them 29 days ago. Well?", config)


def several(config: Config) -> object:
    answers = list(candidates("Within 30 days.", "Yes, you can."))
    return Scripted(answers=answers).bind(n=2).invoke("Can I return shoes?", config)


def error(config: Config) -> object:
    with suppress(ValueError):
        (PROMPT | FakeChat(fails=True) | StrOutputParser()).invoke(QUESTION, config)
    return None


def abandoned(config: Config) -> object:
    stream = FakeChat().stream("Can I return shoes?", config)
    next(stream)
    stream.close()
    return None


def abandoned_chain(config: Config) -> object:
    stream = (PROMPT | FakeChat() | StrOutputParser()).stream(QUESTION, config)
    next(stream)
    stream.close()
    return None


def interrupted(config: Config) -> object:
    return asking_graph().invoke(QUESTION, {**config, "configurable": {"thread_id": "t-1"}})


def cached(config: Config) -> object:
    model = FakeChat(cache=InMemoryCache())
    model.invoke("Can I return shoes?")
    return model.invoke("Can I return shoes?", config)


CASES = {
    "chat": Case(chat),
    "text_llm": Case(text),
    "rag_chain": Case(rag),
    "agent": Case(agent),
    "structured_output": Case(structured),
    "structured_agent": Case(structured_agent),
    "image_and_audio": Case(media),
    "reasoning": Case(reasoning),
    "candidates": Case(several),
    "error": Case(error),
    "abandoned_stream": Case(abandoned),
    "abandoned_chain": Case(abandoned_chain),
    "interrupted_graph": Case(interrupted, {"timeouts": TraceTimeouts(interrupted=0.0)}),
    "cache_hit": Case(cached),
    "every_kind": Case(patient_agent, {"capture": EVERYTHING}),
    "every_kind_rag": Case(rag, {"capture": EVERYTHING}),
    "no_content": Case(patient_agent, {"content": False, "capture": EVERYTHING}),
    "no_content_error": Case(error, {"content": False}),
}
