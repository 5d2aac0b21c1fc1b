"""Duplicates, budgets and possible regressions of a running app."""

import logging
import threading
from uuid import uuid4

import pytest
from langchain_core.runnables import RunnableLambda
from support.constructs import QUESTION, sequence
from support.graphs import ASKED, agent

from respan_langchain.errors import ConfigurationError
from respan_langchain.rules import Budget, Rules, error_anywhere, everything, keep
from respan_langchain.stats import RuleCounts

ECHO = RunnableLambda(lambda said: said)


def ask(handler, number=0, **more):
    """The same question, of another user and thread each time."""
    metadata = {"thread_id": f"thread {number}", "user_id": f"user {number}", **more}
    sequence().invoke(
        QUESTION, {"callbacks": [handler], "tags": [str(number)], "metadata": metadata}
    )


@pytest.mark.parametrize(
    "dedupe", ["input", "input+output", lambda facts: facts.name], ids=["input", "both", "function"]
)
def test_the_first_of_equal_calls_is_captured_with_all_its_rows_and_counts_the_others(
    dedupe, make_handler, rows_of
):
    handler = make_handler(dedupe=dedupe)
    for number in range(4):
        ask(handler, number)

    rows = rows_of(handler)
    assert [len(rows.roots), len(rows.chats)] == [1, 1]
    assert rows.roots[0]["metadata"]["seen_count"] == 4
    assert "seen_count" not in rows.chats[0]["metadata"]
    assert rows.roots[0]["metadata"]["thread_identifier"] == "thread 0"


def test_copies_that_end_after_the_row_is_stored_are_counted_on_it(make_handler, rows_of):
    handler = make_handler(dedupe="input")
    seen = []
    for _ in range(3):
        ask(handler)
        seen.append(rows_of(handler).roots[0]["metadata"].get("seen_count"))

    assert seen == [None, 2, 3]
    stats = handler.stats
    assert stats.rules["everything"] == RuleCounts(seen=3, kept=1, folded=2)
    assert stats.captured == stats.delivered == 2
    assert stats.feedback == {"applied": 2}


def test_agents_with_the_same_question_are_copies_whatever_ids_their_messages_have(
    make_handler, rows_of
):
    handler = make_handler(dedupe="input+output")
    for _ in range(2):
        agent().invoke(ASKED, {"callbacks": [handler]})

    (root,) = rows_of(handler).roots
    assert root["metadata"]["seen_count"] == 2


def test_copies_of_a_rule_are_counted_in_its_dataset(make_handler, rows_of):
    rules = Rules(keep(error_anywhere, to="failures"), keep(everything), dedupe="input")
    handler = make_handler(rules=rules)
    for fails in (False, True, True, False, False):
        chain = sequence(fails=fails)
        config = {"callbacks": [handler]}
        chain.with_fallbacks([ECHO]).invoke(QUESTION, config)

    assert [row["metadata"]["seen_count"] for row in rows_of(handler).roots] == [3]
    assert [row["metadata"]["seen_count"] for row in rows_of(handler, "failures").roots] == [2]


def test_without_content_nothing_is_a_copy(make_handler, rows_of):
    handler = make_handler(dedupe="input+output", content=False)
    for _ in range(2):
        ask(handler)

    assert len(rows_of(handler).roots) == 2


def test_calls_whose_input_was_left_out_are_no_copies(make_handler, rows_of):
    handler = make_handler(dedupe="input", max_queue_bytes=1_000_000)
    runs = [uuid4() for _ in range(10)]
    for run_id in runs:
        handler.on_chain_start({}, {"text": "x" * 200_000}, run_id=run_id, name="chain")
        handler.process_pending()
    for run_id in runs:
        handler.on_chain_end("read", run_id=run_id)

    rows = rows_of(handler, may_fail=True)
    left_out = [row for row in rows if "omitted" in row["metadata"]]
    assert len(left_out) > 2
    assert not any("seen_count" in row["metadata"] for row in left_out)
    assert len(rows) == len(left_out) + 1


def test_without_a_root_row_copies_are_folded_and_counted_in_stats_only(make_handler, rows_of):
    handler = make_handler(dedupe="input", capture="llm")
    for _ in range(3):
        ask(handler)

    assert len(rows_of(handler)) == 1
    assert handler.stats.rules["everything"].folded == 2
    assert handler.stats.feedback == {}


def test_a_function_that_raises_folds_nothing_and_is_counted(make_handler, rows_of):
    def broken(_):
        raise LookupError

    handler = make_handler(dedupe=broken)
    for _ in range(2):
        ask(handler)

    assert len(rows_of(handler, may_fail=True).roots) == 2
    assert handler.stats.internal_errors == {"rules: dedupe=broken raised LookupError": 2}


def test_signatures_are_compared_on_the_workers_thread(make_handler):
    threads = set()
    handler = make_handler(dedupe=lambda _: threads.add(threading.get_ident()))
    ask(handler)
    handler.flush()

    assert threads
    assert threading.get_ident() not in threads


@pytest.mark.parametrize(
    "options",
    [{"dedupe": "output"}, {"dedupe": "input", "rules": Rules(keep(everything))}],
    ids=str,
)
def test_a_wrong_dedupe_is_an_error(options, make_handler):
    with pytest.raises(ConfigurationError, match=r"^dedupe: "):
        make_handler(**options)


def test_past_a_budget_fewer_calls_are_captured_which_is_logged_once(make_handler, rows_of, caplog):
    handler = make_handler(rules=Rules(keep(everything), budget=Budget(rows_per_day=20)))
    with caplog.at_level(logging.WARNING):
        for number in range(400):
            ECHO.invoke(number, {"callbacks": [handler]})
        rows = rows_of(handler)

    probabilities = [row["metadata"]["sampling"]["probability"] for row in rows]
    assert probabilities[:20] == [1.0] * 20
    assert 20 < len(rows) < 60
    assert max(probabilities[20:]) <= 0.5
    assert handler.stats.rules["everything"].over_budget == 400 - len(rows)
    assert handler.stats.budget == {"rows_per_day": len(rows) / 20}
    assert "budget[rows_per_day]=" in str(handler.stats)
    assert (
        len([line for line in caplog.messages if "budget is used up (rows_per_day)" in line]) == 1
    )


def test_a_budget_counts_bytes_and_the_cost_of_model_calls(make_handler, rows_of):
    rules = Rules(keep(everything), budget=Budget(bytes_per_day=1e9, usd_per_day=1e-9))
    handler = make_handler(rules=rules)
    ask(handler)
    rows = rows_of(handler)

    (root,) = rows.roots
    used = handler.stats.budget
    assert used["usd_per_day"] == pytest.approx(root["metrics"]["cost"] / 1e-9)
    assert 500 < used["bytes_per_day"] * 1e9 < 20_000


def test_another_answer_of_another_version_marks_both_rows(make_handler, rows_of):
    handler = make_handler(rules=Rules(keep(everything), mark_regressions=True))
    for version, reply in [("1.0", "Yes."), ("1.0", "Sure."), ("1.1", "No.")]:
        config = {"callbacks": [handler], "metadata": {"app_version": version}}
        sequence(reply=reply).invoke(QUESTION, config)
        handler.flush()

    first, second, third = (row["metadata"] for row in rows_of(handler).roots)
    assert first["possible_regression"] == third["custom_identifier"]
    assert third["possible_regression"] == first["custom_identifier"]
    assert "possible_regression" not in second
