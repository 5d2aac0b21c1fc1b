"""A replay runs recorded rows against a chain, answers its tools, and says whether it got worse."""

import asyncio
import sys
import threading
from functools import partial

import pytest
from experiments.apps import ShopModel, async_shop, question, shop, shop_tools, wait_for_trials
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import BaseTool, tool
from langgraph.checkpoint.memory import InMemorySaver

from respan_langchain import ConfigurationError, Dataset, capture, disable, enable, replay, scorers
from respan_langchain.experiments.journal import open_journal, read_journal
from respan_langchain.experiments.results import (
    InconclusiveError,
    RegressionError,
    ReplayResult,
    Trial,
)

SCORERS = [scorers.same_answer, scorers.trajectory("strict")]
RUN, ARUN = BaseTool.run, BaseTool.arun
KEY = "sk-proj-" + "a1B2" * 12


def test_an_unchanged_chain_gives_the_same_answers_and_runs_no_tool(recorded, folder):
    result = replay(recorded(20), shop(folder), scorers=SCORERS)

    assert result.statuses == {"answered": 18, "failed": 2}
    assert not any(trial.divergences or trial.unused_calls for trial in result.trials)
    changes = {name: metric.comparison.change for name, metric in metrics(result).items()}
    del changes["latency"]
    assert changes == {
        "answered": 0.0,
        "cost": 1.0,
        "same_answer": 0.0,
        "trajectory(strict)": 0.0,
    }
    assert list(folder.iterdir()) == []
    assert BaseTool.run is RUN


@pytest.mark.parametrize("models", ["live", "recorded"])
@pytest.mark.parametrize("is_function", [False, True])
def test_a_chain_that_is_only_async_is_replayed(is_function, models, recorded, folder):
    app = async_shop(folder)

    async def ask(messages):
        return await app.ainvoke({"messages": messages})

    options = {} if is_function else {"use_async": True}
    chain = ask if is_function else app
    result = replay(recorded(6), chain, scorers=SCORERS, models=models, **options)

    assert [trial.error for trial in result.trials] == [None] * 6
    assert {trial.scores["same_answer"] for trial in result.trials} == {1.0}
    assert not any(trial.divergences or trial.unused_calls for trial in result.trials)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RESPAN_ENABLED", "false"),
        ("RESPAN_CONTENT", "false"),
        ("RESPAN_SAMPLE_RATE", "0"),
        ("RESPAN_DELIVERY", "durable"),
        ("RESPAN_VIA", "redis://127.0.0.1:1"),
    ],
)
def test_the_settings_of_the_app_do_not_hide_the_answers_of_a_replay(
    name, value, recorded, folder, monkeypatch, tmp_path, caplog
):
    rows = list(recorded(2))
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("RESPAN_SPOOL_DIR", str(tmp_path / "spool"))

    result = replay(rows, shop(folder), scorers=SCORERS)

    assert [trial.scores["same_answer"] for trial in result.trials] == [1.0, 1.0]
    assert not (tmp_path / "spool").exists()
    assert caplog.text == ""


def metrics(result):
    return {metric.name: metric for metric in result.verdict().metrics}


def test_exactly_the_rows_whose_call_changed_diverge_at_that_call(recorded, folder):
    result = replay(recorded(9), shop(folder, rewords=["3", "5"]), scorers=SCORERS)

    diverged = [trial for trial in result.trials if trial.status == "diverged"]
    assert [str(trial.divergences[0]) for trial in diverged] == [
        f"find_order({{'order': '#{order}'}}) was not recorded;"
        f" nearest: find_order({{'order': '{order}'}})"
        for order in ("3", "5")
    ]
    assert not result.is_complete
    with pytest.raises(InconclusiveError, match="2 diverged"):
        result.check()


def test_a_chain_that_catches_a_divergence_diverges_all_the_same(recorded, folder):
    app = shop(folder, rewords=["3"]).with_fallbacks([RunnableLambda(lambda state: "sent")])

    result = replay(recorded(4), app, make_input=lambda messages: {"messages": messages})

    assert result.statuses == {"answered": 3, "diverged": 1}


def test_a_long_call_that_is_not_made_is_shown_in_part(make_handler, platform):
    write = tool("write", description="Write a text.")(lambda text: "done")
    chain = RunnableLambda(lambda text: write.invoke({"text": text}))
    handler = make_handler()
    chain.invoke("x" * 1_000, {"callbacks": [handler]})
    handler.flush()

    [trial] = replay(Dataset.open("support-bot", base_url=platform), lambda text: "done").trials

    [unused] = trial.unused_calls
    assert unused.startswith('write {"text":"xxx')
    assert len(unused) < 250


def test_a_caller_that_is_told_of_a_divergence_goes_on(recorded, folder):
    result = replay(recorded(4), shop(folder, rewords=["3"]), on_divergence="tell")

    [told] = [trial for trial in result.trials if trial.divergences]
    assert told.status == "answered"
    assert "was not recorded" in told.output["content"]


def test_an_allowed_tool_runs_where_nothing_was_recorded(recorded, folder):
    rows = recorded(4)
    app = shop(folder, rewords=["3"])

    result = replay(rows, app, on_divergence="live", allow=["find_order"])

    assert result.statuses == {"answered": 4}
    assert [effect.read_text() for effect in folder.iterdir()] == ["#3"]


def test_a_tool_that_is_not_allowed_never_runs(recorded, folder):
    result = replay(
        recorded(4), shop(folder, rewords=["3"]), on_divergence="live", allow=["refund"]
    )

    assert result.statuses == {"answered": 3, "diverged": 1}
    assert list(folder.iterdir()) == []


def test_recorded_calls_that_are_not_made_are_reported(recorded, folder):
    result = replay(recorded(3), shop(folder, forgets=["1"]), scorers=SCORERS)

    assert [trial.unused_calls for trial in result.trials if trial.unused_calls] == [
        ('find_order {"order":"1"}',)
    ]


def test_a_cheaper_model_shows_the_ratio_of_costs(recorded, folder):
    result = replay(recorded(30), shop(folder, tokens=40), scorers=[])

    found = metrics(result)["cost"].comparison
    ratio = (40 * 0.15 + 10 * 0.6) / (100 * 0.15 + 10 * 0.6)
    assert found.low - 1e-9 <= ratio <= found.high + 1e-9
    assert metrics(result)["cost"].has_improved


def test_a_row_that_raises_now_and_did_not_before_is_worse(recorded, folder):
    def broken(state):
        raise RuntimeError("no answer today")

    result = replay(recorded(30), broken, scorers=[scorers.same_answer])

    with pytest.raises(RegressionError, match="answered"):
        result.check()


def test_a_chain_that_now_waits_for_a_person_fails(recorded, folder):
    asks = HumanInTheLoopMiddleware({"find_order": True})
    app = create_agent(
        ShopModel(), shop_tools(folder), middleware=[asks], checkpointer=InMemorySaver()
    )

    result = replay(recorded(3), app)

    assert {(trial.status, trial.error) for trial in result.trials} == {
        ("failed", "interrupted: it waits for a person")
    }


def test_a_recorded_error_of_a_tool_is_raised_again_with_its_type(recorded, folder):
    errors = []

    def note(state):
        try:
            return shop(folder).invoke({"messages": state})
        except ValueError as error:
            errors.append(str(error))
            raise

    replay(recorded(10), note, make_input=lambda messages: messages)

    assert errors == ["no order 9"]


async def in_threads(calls):
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        await asyncio.to_thread(thread.join)


async def in_tasks(calls):
    await asyncio.gather(*(asyncio.to_thread(call) for call in calls))


@pytest.mark.parametrize("together", [in_threads, in_tasks])
def test_replays_that_end_early_and_production_beside_them_do_not_mix(together, recorded, folder):
    rows, results, made = list(recorded(20)), [], []
    # Made before the threads: LangChain's `tool` changes the filters of warnings for a moment.
    apps = [shop(folder) for _ in range(5)]

    def run(app, error=None):
        def end_early(trial, left):
            if error is not None and left < 12:
                raise error

        try:
            results.append(replay(rows, app, scorers=SCORERS, on_trial=end_early))
        except (KeyboardInterrupt, RuntimeError) as raised:
            results.append(type(raised))

    async def production():
        for order in range(100, 108):
            await apps[4].ainvoke(question(order))
            made.append(str(order))

    async def main():
        ends = [None, None, KeyboardInterrupt(), RuntimeError()]
        replays = [partial(run, app, end) for app, end in zip(apps, ends, strict=False)]
        await asyncio.gather(together(replays), production())

    asyncio.run(main())
    wait_for_trials()

    complete = [each for each in results if isinstance(each, ReplayResult)]
    assert KeyboardInterrupt in results
    assert RuntimeError in results
    assert [each.statuses for each in complete] == [{"answered": 18, "failed": 2}] * 2
    assert all(set(trial.scores.values()) <= {1.0} for each in complete for trial in each.trials)
    assert sorted(effect.read_text() for effect in folder.glob("find-*")) == made
    assert [effect.name for effect in folder.glob("refund-*")] == ["refund-105"]
    assert (BaseTool.run, BaseTool.arun) == (RUN, ARUN)


def test_nothing_stays_replaced_after_ctrl_c(recorded, folder):
    def interrupt(trial, left):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay(recorded(4), shop(folder), on_trial=interrupt)
    wait_for_trials()

    assert BaseTool.run is RUN
    assert list(folder.iterdir()) == []


def test_a_replay_that_was_stopped_goes_on_and_runs_nothing_twice(recorded, folder, tmp_path):
    rows = list(recorded(9))
    ran = []

    def count(state):
        ran.append(state["messages"][0]["content"])
        return shop(folder).invoke(state)

    def stop_after_three(trial, left):
        if len(ran) >= 3:
            raise KeyboardInterrupt

    journal = tmp_path / "replay.jsonl"
    chain = RunnableLambda(count, name="count")
    options = {"concurrency": 1, "journal": journal, "make_input": lambda m: {"messages": m}}
    with pytest.raises(KeyboardInterrupt):
        replay(rows, chain, on_trial=stop_after_three, **options)
    with journal.open("ab") as file:
        file.write(b'{"row_id": "half')
    result = replay(rows, chain, **options)

    assert len(result.trials) == 9
    assert len(ran) <= 10
    assert sorted(set(ran)) == sorted(row.input[0]["content"] for row in rows if is_root(row))


@pytest.mark.parametrize(
    "content",
    [b"my notes", b"my notes\nmore", b'{"a": 1}', b'{"replay": {"dataset": "x"}}\n{"row_id'],
    ids=["one line", "two lines", "json", "the journal of another replay"],
)
def test_a_journal_that_is_another_file_stays_as_it_is(content, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)

    with pytest.raises(ConfigurationError, match="journal of"), open_journal(path, {"dataset": 1}):
        pass

    assert path.read_bytes() == content


def test_a_replay_that_was_killed_while_it_began_begins_again(tmp_path):
    path = tmp_path / "replay.jsonl"
    path.write_bytes(b'{"replay":{"data')

    with open_journal(path, {"dataset": 1}) as journal:
        journal.add(Trial("row", 0, "answered"))

    assert [trial.row_id for trial in read_journal(path)] == ["row"]


def is_root(row):
    return "span_parent_id" not in row.metadata


def test_a_replay_stops_at_its_cost(recorded, folder):
    result = replay(recorded(20), shop(folder), max_cost=0.0001, concurrency=1)

    assert 0 < len(result.trials) < 18
    assert result.stopped == "max_cost of $0.0001 reached"


def test_a_row_that_takes_too_long_is_given_up(recorded, folder):
    released = threading.Event()

    def hang(state):
        released.wait(30)

    result = replay(recorded(2), hang, timeout=0.2, concurrency=2)
    released.set()

    assert result.statuses == {"timed out": 2}


@pytest.mark.parametrize("is_async", [False, True])
def test_a_row_that_was_given_up_runs_no_tool_after_the_replay(is_async, recorded, folder):
    rows, find_order = recorded(1), shop_tools(folder)[0]
    released, answers = threading.Event(), []

    def look_up_late(state):
        released.wait(30)
        answers.append(find_order.run({"order": "0"}))

    async def look_up_late_async(state):
        await asyncio.to_thread(released.wait, 30)
        answers.append(await find_order.arun({"order": "0"}))

    result = replay(rows, look_up_late_async if is_async else look_up_late, timeout=0.2)
    released.set()
    wait_for_trials()

    assert result.statuses == {"timed out": 1}
    assert answers == ["sent"]
    assert list(folder.iterdir()) == []
    assert BaseTool.run is RUN


def test_a_row_that_never_ends_does_not_take_the_time_of_the_next(recorded, folder):
    released = threading.Event()

    def hang_once(state):
        if "order 0" in state[0]["content"]:
            released.wait(30)

    result = replay(recorded(2), hang_once, timeout=0.5, concurrency=1)
    released.set()

    assert result.statuses == {"timed out": 1, "answered": 1}


def test_another_replay_is_a_baseline(recorded, folder, tmp_path):
    rows = list(recorded(30))
    replay(rows, shop(folder, tokens=40), journal=tmp_path / "cheap.jsonl")

    result = replay(rows, shop(folder, tokens=40), baseline=tmp_path / "cheap.jsonl")

    assert metrics(result)["cost"].comparison.change == pytest.approx(1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"runnable": "nowhere:chain"}, "runnable 'nowhere:chain' cannot be loaded"),
        ({"runnable": "nowhere"}, "runnable 'nowhere': expected MODULE:NAME"),
        ({"runnable": 3}, "neither Runnable nor function"),
        ({"tools": "real"}, "tools='real'"),
        ({"models": "fake"}, "models='fake': use one of recorded, live"),
        ({"on_divergence": "next"}, "on_divergence='next'"),
        ({"repeat": 0}, "repeat: expected a whole number"),
        ({"limit": 0}, "limit: expected a whole number"),
        ({"timeout": 0}, "timeout: expected a number above 0"),
        ({"requests_per_minute": -1}, "requests_per_minute: expected a number above 0"),
        ({"max_cost": float("nan")}, "max_cost: expected a number of at least 0"),
        ({"baseline": "nowhere.jsonl"}, "baseline nowhere.jsonl"),
    ],
)
def test_a_wrong_argument_is_named(arguments, message, recorded, folder):
    rows = list(recorded(1))

    with pytest.raises(ConfigurationError, match=message):
        replay(rows, **{"runnable": shop(folder), **arguments})


def test_rows_that_cannot_be_replayed_are_skipped_by_reason(make_handler, platform, folder):
    app = RunnableLambda(lambda given: "ok")
    find_key = tool("find_key", description="Find a key.")(lambda: KEY)
    keys = RunnableLambda(lambda given: find_key.invoke({}) and "ok")
    image = {"type": "image", "base64": "aGk=", "mime_type": "image/png"}
    default, masking = make_handler(), make_handler(redact=lambda text: text.replace("Ann", "***"))
    for handler, chain, given in [
        (default, app, f"key {KEY}"),
        (masking, app, "I am Ann"),
        (default, app, "x" * 300_000),
        (make_handler(content=False), app, "what is it?"),
        (default, app, {"messages": [{"role": "user", "content": [image]}]}),
        (default, keys, "which key?"),
        (default, app, "fine"),
    ]:
        chain.invoke(given, {"callbacks": [handler]})
        handler.flush()

    result = replay(Dataset.open("support-bot", base_url=platform), app)

    assert result.skipped == {
        "input was redacted": 2,
        "input was truncated": 1,
        "input was not captured": 1,
        "input has lost its media": 1,
        "a tool call was redacted": 1,
    }
    assert len(result.rows) == 1


def test_tools_of_the_app_are_not_touched_outside_of_a_replay(folder):
    find_order = shop_tools(folder)[0]

    assert find_order.run({"order": "1"}) == "sent"


def test_a_langchain_without_a_method_that_is_replaced_runs_nothing(recorded, folder, monkeypatch):
    monkeypatch.delattr(BaseRetriever, "ainvoke")

    with pytest.raises(KeyError, match="ainvoke"):
        replay(recorded(1), shop(folder))

    assert BaseTool.run is RUN
    assert list(folder.iterdir()) == []


def test_without_scipy_nothing_runs(recorded, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    calls = []

    with pytest.raises(ConfigurationError, match=r"respan-langchain\[replay\]"):
        replay(recorded(3), RunnableLambda(calls.append))
    assert not calls


def test_rows_of_a_replay_that_are_kept_go_to_a_dataset_of_their_own(
    recorded, folder, make_handler, rows_of, platform
):
    dataset = recorded(2)
    before = len(list(dataset))
    keeping = make_handler()

    result = replay(dataset, shop(folder), config={"callbacks": [keeping]})

    kept = rows_of(keeping, "support-bot@replays")
    assert len(list(dataset)) == before
    assert {row["metadata"]["replay_of"] for row in kept.roots} == {row.id for row in result.rows}
    assert len(kept.roots) == 2
    assert {row["metadata"]["source"] for row in kept} == {"replay"}
    with pytest.raises(ConfigurationError, match="2 recorded by replay"):
        replay(Dataset.open("support-bot@replays", base_url=platform), shop(folder))


def test_imported_rows_are_replayed_and_those_of_experiments_are_not(
    make_handler, rows_of, platform
):
    handler, echo = make_handler(), RunnableLambda(str)
    for source in ("production", "import", "faq", "experiment"):
        echo.invoke(source, {"callbacks": [handler], "metadata": {"source": source}})
    rows_of(handler)

    result = replay(Dataset.open("support-bot", base_url=platform), echo)

    assert sorted(row.input for row in result.rows) == ["faq", "import", "production"]
    assert result.skipped == {"recorded by experiment": 1}


@pytest.fixture
def enabled(platform):
    yield enable("production", base_url=platform)
    disable()


def judge(outputs):
    return RunnableLambda(lambda answer: len(answer["content"]) > 3).invoke(outputs)


def test_a_replay_and_its_judges_leave_no_rows_in_an_app_that_is_captured(
    recorded, folder, enabled
):
    rows = list(recorded(4))

    result = replay(rows, shop(folder), scorers=[judge])
    enabled.flush()
    during = enabled.stats.captured
    RunnableLambda(str).invoke(1)

    enabled.flush()
    assert result.statuses == {"answered": 4}
    assert (during, enabled.stats.captured) == (0, 1)


def test_a_replay_and_its_judges_leave_no_rows_in_a_block_that_is_captured(
    recorded, folder, platform
):
    rows = list(recorded(4))

    with capture("production", base_url=platform) as captured:
        result = replay(rows, shop(folder), scorers=[judge])

    assert result.statuses == {"answered": 4}
    assert captured.rows == []
