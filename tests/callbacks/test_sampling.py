"""Which runs become rows: by kind, by name, tag or predicate, and by sampling."""

import json
import subprocess
import sys

import pytest
from langchain_core.runnables import RunnableLambda
from support.constructs import QUESTION, retrieval, sequence
from support.graphs import ASKED, agent
from support.models import FakeChat

KINDS = {
    "root": {"agent"},
    "llm": {"chat"},
    "tool": {"tool"},
    "chain": {"agent", "task"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_single_kind_can_be_captured(kind, make_handler, rows_of):
    handler = make_handler(capture=kind)
    agent().invoke(ASKED, {"callbacks": [handler]})

    assert {row["metadata"]["log_type"] for row in rows_of(handler)} == KINDS[kind]


def test_only_retrievers_can_be_captured(make_handler, rows_of):
    handler = make_handler(capture="retriever")
    retrieval().invoke(QUESTION, {"callbacks": [handler]})

    [row] = rows_of(handler)
    assert row["metadata"]["span_name"] == "Shelf"
    assert "About Can I return shoes?" in str(row["output"][0])


def test_a_root_model_call_is_captured_as_root_or_as_llm(make_handler, rows_of):
    from support.models import FakeChat

    for kind in ("root", "llm"):
        handler = make_handler(capture=kind, dataset=kind)
        FakeChat().invoke("Hello", {"callbacks": [handler]})
        assert len(rows_of(handler, kind)) == 1


@pytest.mark.parametrize(
    ("selectors", "names"),
    [
        ({"include": "guide"}, {"guide"}),
        ({"include": ["guide", "lookup"]}, {"guide", "lookup"}),
        ({"exclude": "lookup"}, {"guide", "FakeChat"}),
        ({"include": lambda run: run.kind == "tool"}, {"lookup"}),
        ({"exclude": lambda run: run.is_root}, {"FakeChat", "lookup"}),
        ({"include": "beta"}, {"guide", "FakeChat", "lookup"}),
        ({"include": "guide", "exclude": "beta"}, set()),
    ],
)
def test_names_tags_and_functions_select_runs(selectors, names, make_handler, rows_of):
    handler = make_handler(capture=("root", "llm", "tool"), **selectors)
    agent().invoke(ASKED, {"callbacks": [handler], "tags": ["beta"]})

    assert {row["metadata"]["span_name"] for row in rows_of(handler)} == names


def test_a_selector_that_fails_drops_the_row_and_is_logged_once(make_handler, caplog):
    handler = make_handler(include=lambda run: run.nothing)
    for _ in range(3):
        sequence().invoke(QUESTION, {"callbacks": [handler]})
    handler.flush(timeout=20)

    assert sum(handler.stats.internal_errors.values()) == 6
    [record] = [record for record in caplog.records if record.name.startswith("respan_langchain")]
    assert "AttributeError" in record.message


def threads_kept(handler, rows_of, count):
    for number in range(count):
        for _ in range(2):
            RunnableLambda(len).invoke(
                "x", {"callbacks": [handler], "metadata": {"thread_id": f"thread {number}"}}
            )
    return [row["metadata"]["thread_identifier"] for row in rows_of(handler)]


def test_a_conversation_is_sampled_as_a_whole(make_handler, rows_of):
    kept = threads_kept(make_handler(sample_rate=0.5), rows_of, 40)

    assert 0 < len(set(kept)) < 40
    assert all(kept.count(thread) == 2 for thread in kept)


ELSEWHERE = """
import json, sys
from langchain_core.runnables import RunnableLambda
from respan_langchain import RespanDatasetCallbackHandler
seen = []
handler = RespanDatasetCallbackHandler(
    "d", base_url=sys.argv[1], sample_rate=0.5, on_row=lambda body: seen.append(json.loads(body))
)
for number in range(40):
    config = {"callbacks": [handler], "metadata": {"thread_id": f"thread {number}"}}
    RunnableLambda(len).invoke("x", config)
handler.shutdown()
print(json.dumps(sorted({row["metadata"]["thread_identifier"] for row in seen})))
"""


def test_another_process_keeps_the_same_conversations(make_handler, rows_of, platform):
    there = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, platform], capture_output=True, text=True, check=True
    )
    here = threads_kept(make_handler(sample_rate=0.5), rows_of, 40)

    assert json.loads(there.stdout) == sorted(set(here))


def test_a_sampled_row_has_its_rule_and_its_probability(make_handler, rows_of):
    handler = make_handler(sample_rate=0.5)
    threads_kept(handler, rows_of, 10)

    for row in rows_of(handler):
        sampling = row["metadata"]["sampling"]
        assert (sampling["rule"], sampling["probability"]) == ("everything", 0.5)


def test_the_session_of_the_root_decides_about_its_model_calls(make_handler, rows_of):
    handler = make_handler(sample_rate=0.5)
    # The model ends first, and its own session is among those that are kept.
    model = FakeChat().with_config(metadata={"session_id": "session 4"})
    for number in range(20):
        config = {"callbacks": [handler], "metadata": {"session_id": f"session {number}"}}
        RunnableLambda(lambda _: model.invoke("Hello").text).invoke("x", config)

    rows = rows_of(handler)
    assert 0 < len(rows.roots) < 20
    assert len(rows.chats) == len(rows.roots)


def test_a_failed_trace_is_kept_with_all_its_rows(make_handler, rows_of):
    handler = make_handler(sample_rate=0.0)
    sequence().invoke(QUESTION, {"callbacks": [handler]})
    with pytest.raises(ValueError, match="the model is out"):
        sequence(fails=True).invoke(QUESTION, {"callbacks": [handler]})

    rows = rows_of(handler)
    assert (len(rows.roots), len(rows.chats)) == (1, 1)
    for row in rows:
        sampling = row["metadata"]["sampling"]
        assert (sampling["rule"], sampling["probability"]) == ("failed", 1.0)


def test_keep_errors_false_samples_failed_traces_too(make_handler, rows_of):
    handler = make_handler(sample_rate=0.0, keep_errors=False)
    with pytest.raises(ValueError, match="the model is out"):
        sequence(fails=True).invoke(QUESTION, {"callbacks": [handler]})

    assert rows_of(handler) == []


def test_totals_include_model_calls_that_are_not_captured(make_handler, rows_of):
    handler = make_handler(capture="root")
    agent().invoke(ASKED, {"callbacks": [handler]})

    [root] = rows_of(handler)
    assert (root["metrics"]["llm_calls"], root["metrics"]["prompt_tokens"]) == (3, 36)
