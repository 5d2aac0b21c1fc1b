"""An app that says something in every place that a row can come from, through a real handler.

`said(place)` gives the words for a place; `CONTENT` are the places where an app speaks to its
models and tools, `CONTEXT` those where it describes its runs.
"""

import copy
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from golden.models import Scripted
from langchain.agents import create_agent
from langchain_core.documents import Document
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import PromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.tools import ToolException, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt
from pydantic import create_model
from support.graphs import State
from support.models import FakeChat, FakeText

Said = Callable[[str], str]
Given = tuple[Any, Any]
"""Something of the app's, and a copy of it from before."""
CONTENT = (
    "system", "user", "block", "sender", "answer", "reasoning", "refusal", "image link", "stop",
    "tool description", "schema description", "tool arguments", "key of tool arguments",
    "tool result", "tool error", "broken tool call", "question", "key of the input",
    "deep in the input", "text prompt", "text answer", "document", "document metadata",
    "key of document metadata", "document source", "model error", "chain error", "streamed",
    "streamed text", "abandoned", "interrupt", "state", "second candidate", "structured output",
    "expected output", "key of the output", "large text", "error of a retriever",
)  # fmt: skip
CONTEXT = (
    "metadata", "key of metadata", "deep in metadata", "tag", "run name", "customer", "thread",
    "ours", "vendors",
)  # fmt: skip


def everything(config: dict[str, Any], said: Said) -> list[Given]:
    """Run it all; gives what the app put in, with what it was."""
    given: list[Given] = []

    def run(app: Runnable[Any, Any], asked: Any, **more: Any) -> None:
        given.append((asked, copy.deepcopy(asked)))
        whole = {**config, **more}
        given.append((more, copy.deepcopy(more)))
        with suppress(ValueError, ToolException):
            app.invoke(asked, whole)

    for part in (_conversation, _tools, _chains, _texts, _failures, _structured, _graph, _context):
        part(run, said)
    _streams(config, said)
    return given


def _conversation(run: Callable[..., None], said: Said) -> None:
    answer = AIMessage(
        said("answer"),
        additional_kwargs={"reasoning_content": said("reasoning"), "refusal": said("refusal")},
    )
    link = {"type": "image_url", "image_url": {"url": "https://x.example/?q=" + said("image link")}}
    asked = [
        SystemMessage(said("system")),
        HumanMessage(said("user"), name=said("sender")),
        HumanMessage([{"type": "text", "text": said("block")}, link]),
    ]
    model = Scripted(answers=[answer, AIMessage(said("second candidate"))])
    run(model.bind(stop=[said("stop")]), asked)
    run(FakeChat(), "word " * 3_000 + said("large text") + " word" * 30_000)


def _tools(run: Callable[..., None], said: Said) -> None:
    @tool(description=said("tool description"))
    def answering(words: dict[str, str]) -> str:
        return said("tool result")

    @tool
    def failing(words: dict[str, str]) -> str:
        """Fail."""
        raise ToolException(said("tool error"))

    failing.handle_tool_error = True
    words = {"words": {"x": said("tool arguments"), said("key of tool arguments"): "y"}}
    calls = [
        {"name": "answering", "args": words, "id": "call_1"},
        {"name": "failing", "args": words, "id": "call_2"},
    ]
    broken = {"name": "f", "args": said("broken tool call"), "id": "call_3", "error": "no JSON"}

    class Caller(FakeChat):
        def _message(self, messages: list[Any]) -> AIMessage:
            if messages[-1].type == "tool":
                return AIMessage("", invalid_tool_calls=[broken])
            return AIMessage("", tool_calls=calls)

    run(create_agent(Caller(), tools=[answering, failing]), {"messages": [("user", "Do it.")]})


class Shelf(BaseRetriever):
    """Finds what it is given, or fails with it."""

    found: tuple[Document, ...] = ()
    failure: str = ""

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        if self.failure:
            raise ValueError(self.failure)
        return list(self.found)


def _chains(run: Callable[..., None], said: Said) -> None:
    found = Document(
        said("document"),
        metadata={
            "page": said("document metadata"),
            said("key of document metadata"): 1,
            "source": said("document source"),
        },
    )
    asked = {
        "question": said("question"),
        said("key of the input"): 1,
        "deep": [{"in": {"it": [said("deep in the input")]}}],
    }

    def ask(_: Any) -> Any:
        Shelf(found=(found,)).invoke("?")
        return {said("key of the output"): 1}

    run(RunnableLambda(ask), asked)
    run(Shelf(failure=said("error of a retriever")), "?")


def _texts(run: Callable[..., None], said: Said) -> None:
    prompt = PromptTemplate.from_template("{question}")
    run(
        prompt | FakeText(reply=said("text answer")) | StrOutputParser(),
        {"question": said("text prompt")},
    )


def _failures(run: Callable[..., None], said: Said) -> None:
    class Refused(FakeChat):
        def _message(self, messages: list[Any]) -> AIMessage:
            raise ValueError(said("model error"))

    def fail(_: Any) -> None:
        raise ValueError(said("chain error"))

    run(Refused(), "Hello")
    run(RunnableLambda(fail), "Hello")


def _structured(run: Callable[..., None], said: Said) -> None:
    form = create_model("Form", __doc__=said("schema description"), city=(str, ...))
    call = {"name": "Form", "args": {"city": said("structured output")}, "id": "call_4"}
    model = Scripted(answers=[AIMessage("", tool_calls=[call])]).with_structured_output(form)
    run(RunnableLambda(str) | model, "Where?")


def _graph(run: Callable[..., None], said: Said) -> None:
    def halt(state: State) -> State:
        return {"answer": str(interrupt({"why": said("interrupt")}))}

    builder = StateGraph(State).add_node("halt", halt).add_edge(START, "halt")
    app = builder.compile(checkpointer=InMemorySaver())
    run(app, {"question": said("state")}, configurable={"thread_id": "t-1"})


def _context(run: Callable[..., None], said: Said) -> None:
    metadata = {
        "note": said("metadata"),
        said("key of metadata"): 1,
        "deep": {"in": [said("deep in metadata")]},
        "user_id": said("customer")[:250],
        "thread_id": said("thread")[:250],
        "respan": {
            "expected_output": {"is": said("expected output")},
            "metadata": {"m": said("ours")},
        },
        "respan_params": {"metadata": {"n": said("vendors")}},
    }
    run(FakeChat(), "Hello", metadata=metadata, tags=[said("tag")], run_name=said("run name")[:250])


def _streams(config: dict[str, Any], said: Said) -> None:
    # This model's chunks are words and the spaces between them, so nothing comes whole.
    model = GenericFakeChatModel(messages=iter([AIMessage(said("streamed"))]))
    list(model.stream("Hello", config))
    list(FakeText(reply=said("streamed text")).stream("Hello", config))
    left = GenericFakeChatModel(messages=iter([AIMessage(said("abandoned") + " and more")]))
    stream = left.stream("Hello", config)
    for chunk in stream:
        if chunk.content == "more":
            break
    stream.close()
