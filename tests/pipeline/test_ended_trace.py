"""A live trace has the facts that its rows show, before they are built."""

from functools import cached_property

import pytest
from langchain_core.runnables import RunnableLambda
from langgraph.types import Command
from support.constructs import QUESTION, sequence
from support.graphs import ASKED, agent, asking_graph
from support.models import FakeChat

from respan_langchain.rules import Rules, TraceFacts, keep, metadata, predicate, tag
from respan_langchain.rules.facts import StoredTrace

FACTS = {
    name
    for name, value in vars(TraceFacts).items()
    if isinstance(value, property | cached_property) and not name.startswith("_")
} - {"root", "rows", "metadata"}
"""Those that a live trace has without content are left out."""
APPS = {
    "agent": (agent, [ASKED]),
    "chain": (sequence, [QUESTION]),
    "failed chain": (lambda: sequence(fails=True), [QUESTION]),
    "model": (FakeChat, ["Hi"]),
    "graph that asked a person": (asking_graph, [QUESTION, Command(resume="yes")]),
}


def read_facts(trace):
    return {name: getattr(trace, name) for name in FACTS} | {"model": trace.get("model")}


@pytest.mark.parametrize("kind", APPS)
def test_a_live_trace_has_the_facts_of_its_stored_rows(kind, make_handler, rows_of):
    live = {}
    handler = make_handler(
        rules=Rules(keep(predicate(lambda trace: live.update(read_facts(trace)) is None)))
    )
    make_app, inputs = APPS[kind]
    app = make_app()
    for given in inputs:
        config = {"callbacks": [handler], "tags": ["beta"], "metadata": {"user_id": "ann"}}
        try:
            app.invoke(given, {**config, "configurable": {"thread_id": "t"}})
        except ValueError:
            assert kind == "failed chain"

    rows = rows_of(handler)
    below = [row for row in rows if row not in rows.roots]
    assert live == read_facts(StoredTrace([*rows.roots, *below]))


@pytest.mark.parametrize(
    ("of_handler", "of_call"),
    [
        ({"tags": ["vip"]}, {}),
        ({}, {"tags": ["vip"]}),
        ({}, {"respan": {"metadata": {"tags": ["vip"]}}}),
    ],
    ids=["handler", "call", "settings of the call"],
)
def test_a_tag_that_only_metadata_names_is_found(of_handler, of_call, make_handler, rows_of):
    handler = make_handler(rules=Rules(keep(tag("vip"))), metadata=of_handler)
    sequence().invoke(QUESTION, {"callbacks": [handler], "metadata": of_call})

    [root] = rows_of(handler).roots
    assert root["metadata"]["tags"] == ["vip"]


@pytest.mark.parametrize("key", ["model", "finish_reason"])
def test_metadata_of_the_app_stands_for_what_no_model_call_gives(key, make_handler, rows_of):
    handler = make_handler(rules=Rules(keep(metadata(key, "own"))))
    RunnableLambda(str).invoke(QUESTION, {"callbacks": [handler], "metadata": {key: "own"}})

    [root] = rows_of(handler).roots
    assert root["metadata"][key] == "own"
