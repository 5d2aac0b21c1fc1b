"""Leaves traces open in one of several ways, and prints by how many bytes the process grew."""

import gc
import json
import os
import sys
import uuid
from pathlib import Path
from typing import TypedDict

from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.runnables import RunnableLambda

from respan_langchain import RespanDatasetCallbackHandler

LARGE = 200_000
PAGE = 4_096


def text(number):
    """A text of its own, so that no two share memory."""
    return f"{number:010}" * (LARGE // 10)


def config_of(handler):
    return {} if handler is None else {"callbacks": [handler]}


def interrupted(handler):
    """1,500 graphs that wait for a person, each with a state of 200 kB."""
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.graph import START, StateGraph
    from langgraph.types import interrupt

    class State(TypedDict):
        text: str

    def ask(_):
        return {"text": interrupt("sure?")}

    builder = StateGraph(State).add_node("ask", ask).add_edge(START, "ask")
    for number in range(1_500):
        graph = builder.compile(checkpointer=InMemorySaver())
        thread = {"configurable": {"thread_id": str(number)}}
        graph.invoke({"text": text(number)}, {**config_of(handler), **thread})


def abandoned(handler):
    """3,000 streams of fallbacks that are read half-way and neither closed nor deleted."""
    model = GenericFakeChatModel(messages=iter(lambda: AIMessage("one two three"), None))
    app = model.with_fallbacks([model])
    streams = []
    for number in range(3_000):
        streams.append(app.stream(text(number), config_of(handler)))
        next(streams[-1])
    return streams


def starts(handler):
    """6,000 runs that start and never end."""
    for number in range(6_000):
        handler.on_chain_start({}, {"text": text(number)}, run_id=uuid.uuid4(), name="open")


def under_open_roots(handler, run):
    """600 open roots with ten finished runs under each, in turns."""
    roots = [uuid.uuid4() for _ in range(600)]
    for root in roots:
        handler.on_chain_start({}, {"question": "q"}, run_id=root, name="open")
    for number in range(6_000):
        run(number, roots[number % len(roots)])


def steps(handler):
    """Chains that end under roots that do not."""

    def step(number, root):
        run_id = uuid.uuid4()
        given = {"text": text(number)}
        handler.on_chain_start({}, given, run_id=run_id, parent_run_id=root, name="step")
        handler.on_chain_end({"text": text(-number)}, run_id=run_id, parent_run_id=root)

    under_open_roots(handler, step)


def tools(handler):
    """Tools that end under roots that do not: the root's row shows what they returned."""

    def tool(number, root):
        run_id = uuid.uuid4()
        handler.on_tool_start(
            {"name": "search"}, text(number), run_id=run_id, parent_run_id=root, inputs={}
        )
        handler.on_tool_end(text(-number), run_id=run_id, parent_run_id=root)

    under_open_roots(handler, tool)


def models(handler):
    """Models that end under roots that do not; with sampling, they wait for the decision."""

    def model(number, root):
        run_id = uuid.uuid4()
        handler.on_llm_start({"name": "model"}, [text(number)], run_id=run_id, parent_run_id=root)
        answer = ChatGeneration(message=AIMessage(text(-number)))
        handler.on_llm_end(LLMResult(generations=[[answer]]), run_id=run_id, parent_run_id=root)

    under_open_roots(handler, model)


def resident():
    """Bytes of memory that the process has now."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


WAYS = {way.__name__: way for way in (interrupted, abandoned, starts, steps, tools, models)}


def main():
    way, options, url = sys.argv[1:]
    handler = None
    if options:
        handler = RespanDatasetCallbackHandler(
            dataset_id="d1", api_key="k" * 20, base_url=url, **json.loads(options)
        )
    RunnableLambda(len).invoke("warm up", config_of(handler))
    before = resident()
    held_by_app = WAYS[way](handler)
    if handler is not None:
        handler.process_pending()
    sys.stdout.write(f"{resident() - before}\n")
    sys.stdout.flush()
    del held_by_app
    os._exit(0)


main()
