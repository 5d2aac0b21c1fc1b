"""What a row says of its call: names, tags, metadata, who it was for, and its own settings."""

from uuid import UUID

import pytest
from langchain_core.runnables import RunnableLambda
from langgraph.graph import START, StateGraph
from langgraph.types import TracePolicy
from support.constructs import QUESTION, sequence
from support.graphs import ASKED, State, agent, graph
from support.models import FakeChat


def run(handler, app=None, **config):
    (app or sequence()).invoke(QUESTION, {"callbacks": [handler], **config})


def test_the_name_and_the_tags_are_the_runs_own_without_langchains(handler, rows_of):
    run(handler, run_name="support", tags=["beta", "eu"])

    rows = rows_of(handler)
    assert rows.roots[0]["metadata"]["span_name"] == "support"
    for row in rows:
        assert row["metadata"]["tags"] == ["beta", "eu"]
        assert row["metadata"]["span_workflow_name"] == "support"


NAMES = [
    ("thread_identifier", "thread_id", "metadata"),
    ("thread_identifier", "conversation_id", "metadata"),
    ("session_identifier", "session_id", "metadata"),
    ("customer_identifier", "user_id", "metadata"),
    ("customer_identifier", "customer_id", "metadata"),
    ("thread_identifier", "thread_id", "configurable"),
    ("session_identifier", "session_id", "configurable"),
    ("customer_identifier", "user_id", "configurable"),
]


@pytest.mark.parametrize(("key", "name", "place"), NAMES)
@pytest.mark.parametrize("make", [sequence, graph])
@pytest.mark.parametrize("who", ["u7", 7, UUID(int=7)], ids=["text", "number", "UUID"])
def test_identifiers_are_read_from_metadata_and_configurable(
    key, name, place, make, who, handler, rows_of
):
    run(handler, make(), **{place: {name: who}})

    for row in rows_of(handler):
        assert row["metadata"][key] == str(who)


@pytest.mark.parametrize(
    ("key", "name"), sorted({(key, name) for key, name, place in NAMES if place == "metadata"})
)
@pytest.mark.parametrize("place", ["metadata", "configurable"])
def test_an_empty_identifier_is_unknown_and_overrides_nothing(
    key, name, place, make_handler, rows_of
):
    handler = make_handler(metadata={key: "from-the-handler"})
    run(handler, sequence(), **{place: {name: ""}})

    for row in rows_of(handler):
        assert row["metadata"][key] == "from-the-handler"


def test_a_row_has_the_apps_metadata_without_langchains(handler, rows_of):
    run(handler, metadata={"experiment": "b", "nested": {"a": [1]}, "langsmith_secret": "x"})

    for row in rows_of(handler):
        metadata = row["metadata"]
        assert metadata["experiment"] == "b"
        assert metadata["nested"] == {"a": [1]}
        assert not [key for key in metadata if key.startswith(("ls_", "lc_", "__", "checkpoint"))]


SECRET_KEYS = [
    "api_key",
    "OPENAI_API_KEY",
    "authorization",
    "access_token",
    "password",
    "x-api-key",
]


@pytest.mark.parametrize("key", SECRET_KEYS)
def test_metadata_that_looks_secret_is_not_sent(key, handler, rows_of):
    run(handler, metadata={key: "s3cr3t-value", "plain": "x"}, configurable={key: "s3cr3t-value"})

    rows = rows_of(handler)
    assert "s3cr3t-value" not in str(rows)
    assert rows.roots[0]["metadata"]["plain"] == "x"


def test_settings_of_a_call_apply_and_are_removed_from_metadata(handler, rows_of):
    ours = {
        "expected_output": "30 days",
        "custom_identifier": "case-1",
        "tags": ["gold"],
        "metadata": {"source": "faq"},
        "customer_identifier": "u9",
        "thread_identifier": "t9",
    }
    run(handler, metadata={"respan": ours})

    rows = rows_of(handler)
    [root], [chat] = rows.roots, rows.chats
    assert root["expected_output"] == "30 days"
    assert root["metadata"]["custom_identifier"] == "case-1"
    assert chat.get("expected_output") is None
    assert chat["metadata"]["custom_identifier"] == chat["metadata"]["run_id"]
    for row in rows:
        metadata = row["metadata"]
        assert metadata["tags"] == ["gold"]
        assert metadata["source"] == "faq"
        assert (metadata["customer_identifier"], metadata["thread_identifier"]) == ("u9", "t9")
        assert "respan" not in metadata


def test_the_vendors_own_settings_are_read_as_well(handler, rows_of):
    params = {"customer_identifier": "u8", "metadata": {"plan": "pro"}, "thread_identifier": "t8"}
    run(handler, metadata={"respan_params": params})

    for row in rows_of(handler):
        assert row["metadata"]["customer_identifier"] == "u8"
        assert row["metadata"]["plan"] == "pro"
        assert "respan_params" not in row["metadata"]


def test_a_call_can_name_another_dataset(handler, rows_of):
    run(handler, metadata={"respan": {"dataset": "other"}})

    assert rows_of(handler) == []
    assert len(rows_of(handler, "other")) == 2


def test_a_call_can_turn_capture_off(handler, rows_of):
    run(handler, metadata={"respan": {"capture": False}})
    run(handler)

    assert len(rows_of(handler)) == 2


@pytest.mark.parametrize("odd", [None, "x", 7, [], {"dataset": 7, "tags": 3, "metadata": "m"}])
def test_settings_of_a_wrong_type_are_ignored(odd, handler, rows_of):
    run(handler, metadata={"respan": odd, "respan_params": odd})

    assert len(rows_of(handler)) == 2


def test_a_row_of_a_graph_names_its_node(make_handler, rows_of):
    handler = make_handler(capture=("root", "llm", "tool"))
    agent().invoke(ASKED, {"callbacks": [handler]})

    rows = rows_of(handler)
    for row in rows:
        assert row["metadata"]["lc_agent_name"] == "guide"
    chat = rows.chats[0]["metadata"]
    assert (chat["langgraph_node"], chat["langgraph_step"]) == ("model", 1)
    assert chat["langgraph_checkpoint_ns"].startswith("model:")
    assert not [key for key in chat if key in ("langgraph_triggers", "langgraph_path")]


def test_a_graphs_trace_policy_is_respected(make_handler, rows_of):
    handler = make_handler(capture=("root", "chain"))
    policy = TracePolicy(
        process_inputs=lambda _: {"trimmed": True}, process_outputs=lambda _: {"short": True}
    )
    builder = StateGraph(State).add_node(
        "node", lambda state: {"answer": "a secret"}, trace_policy=policy
    )
    run(handler, builder.add_edge(START, "node").compile())

    [node] = [row for row in rows_of(handler) if row["metadata"]["span_name"] == "node"]
    assert (node["input"], node["output"]) == ({"trimmed": True}, {"short": True})


def test_every_row_has_the_handlers_metadata(make_handler, rows_of):
    handler = make_handler(metadata={"team": "shop"}, tags=["nightly"], environment="test")
    run(handler, tags=["beta"])

    for row in rows_of(handler):
        assert row["metadata"]["team"] == "shop"
        assert row["metadata"]["environment"] == "test"
        assert row["metadata"]["tags"] == ["nightly", "beta"]


def test_what_was_measured_is_not_overwritten_by_metadata(handler, rows_of):
    run(handler, metadata={"status": "great", "model": "mine", "run_id": "x", "log_type": "y"})

    for row in rows_of(handler):
        assert row["metadata"]["status"] == "success"
        assert row["metadata"]["model"] != "mine"
        assert row["metadata"]["log_type"] in ("workflow", "chat")


def test_an_inner_run_can_have_its_own_settings(handler, rows_of):
    inner = FakeChat().with_config(metadata={"respan": {"expected_output": "inner"}})
    (RunnableLambda(lambda _: "Hello") | inner).invoke("x", {"callbacks": [handler]})

    rows = rows_of(handler)
    assert rows.chats[0]["expected_output"] == "inner"
    assert rows.roots[0].get("expected_output") is None


class Uncomparable:
    """Compares like an array: with something that is neither true nor false, or not at all."""

    def __eq__(self, other):
        raise ValueError("ambiguous")

    __hash__ = None


@pytest.mark.parametrize("expected", ["E", {"a": [1]}, Uncomparable()], ids=["text", "dict", "odd"])
@pytest.mark.parametrize(
    ("make", "asked"), [(sequence, QUESTION), (graph, QUESTION), (agent, ASKED)]
)
@pytest.mark.parametrize("key", ["respan", "respan_params"])
def test_settings_for_one_row_are_not_inherited(key, make, asked, expected, make_handler, rows_of):
    handler = make_handler(capture=("root", "llm", "tool", "chain"))
    said = {key: {"custom_identifier": "mine", "expected_output": expected}}
    make().invoke(asked, {"callbacks": [handler], "metadata": said})

    rows = rows_of(handler)
    [root] = [row for row in rows if row["metadata"]["custom_identifier"] == "mine"]
    assert "span_parent_id" not in root["metadata"]
    assert [row["metadata"]["span_name"] for row in rows if row["expected_output"] is not None] == [
        root["metadata"]["span_name"]
    ]


def test_settings_that_cannot_be_compared_are_not_inherited(handler, rows_of):
    said = [{"respan": {"expected_output": [Uncomparable()]}} for _ in range(2)]
    inner = FakeChat().with_config(metadata=said[0])
    asked = {"callbacks": [handler], "metadata": said[1]}
    RunnableLambda(lambda _: inner.invoke("x").text).invoke("x", asked)

    assert [row["expected_output"] for row in rows_of(handler)] == [["<Uncomparable>"]] * 2
