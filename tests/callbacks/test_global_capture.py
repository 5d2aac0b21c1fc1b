"""The whole app, or one block of it, without handing a handler to every call."""

import asyncio
import subprocess
import sys
import threading

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import RunnableLambda
from langchain_core.runnables.config import var_child_runnable_config
from langchain_core.tracers import context
from langgraph.callbacks import GraphCallbackHandler
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from support.constructs import QUESTION, sequence
from support.graphs import asking_graph, graph
from support.rows import roots
from support.ways import THIRD_VERSION, WAYS

from respan_langchain.callbacks import global_capture
from respan_langchain.callbacks.global_capture import capture, disable, enable
from respan_langchain.stats import RuleCounts

DATASET = "support-bot"
THREAD = {"configurable": {"thread_id": "t1"}}
ONCE = {name: way for name, way in {**WAYS, **THIRD_VERSION}.items() if "batch" not in name}


class GraphListener(GraphCallbackHandler):
    """A handler of the app's own."""

    def __init__(self):
        self.told = []

    def on_interrupt(self, event):
        self.told.append("interrupt")

    def on_resume(self, event):
        self.told.append("resume")


@pytest.fixture(autouse=True)
def _off():
    yield
    disable(timeout=10)


def test_the_whole_app_is_captured_from_enable_to_disable(platform, rows_of):
    sequence().invoke(QUESTION)
    handler = enable(DATASET, base_url=platform)
    sequence().invoke(QUESTION)
    assert disable(timeout=10)
    sequence().invoke(QUESTION)

    assert len(rows_of(handler).roots) == 1


@pytest.mark.parametrize("source", ["replay", "experiment"])
def test_the_whole_app_is_captured_without_replays_and_experiments(source, platform, rows_of):
    handler = enable(DATASET, base_url=platform)
    sequence().invoke(QUESTION, {"metadata": {"source": source}})
    sequence().invoke(QUESTION, {"metadata": {"source": "import"}})

    assert {row["metadata"]["source"] for row in rows_of(handler)} == {"import"}
    assert handler.stats.rules == {"not production": RuleCounts(seen=1)}


def test_experiments_are_captured_where_the_app_says_so(platform, rows_of):
    handler = enable(DATASET, base_url=platform, production_only=False)
    sequence().invoke(QUESTION, {"metadata": {"source": "experiment"}})

    assert len(rows_of(handler).roots) == 1
    assert handler.stats.rules == {}


def test_threads_and_tasks_from_before_and_after_are_captured(platform, rows_of):
    go, done = threading.Event(), threading.Event()

    def early():
        go.wait()
        sequence().invoke(QUESTION)
        done.set()

    threading.Thread(target=early).start()
    handler = enable(DATASET, base_url=platform)
    go.set()
    done.wait()
    late = threading.Thread(target=lambda: sequence().invoke(QUESTION))
    late.start()
    late.join()
    asyncio.run(sequence().ainvoke(QUESTION))

    assert len(rows_of(handler).roots) == 3


def test_a_graph_is_captured_with_its_interrupts(platform, rows_of):
    handler = enable(DATASET, base_url=platform)
    graph().invoke(QUESTION)

    assert len(rows_of(handler).roots) == 1


@pytest.mark.parametrize("way", ONCE)
def test_a_graph_that_is_interrupted_and_resumed_is_one_row(way, platform, rows_of):
    handler = enable(DATASET, base_url=platform)
    app = asking_graph()
    ONCE[way](app, QUESTION, dict(THREAD))
    assert rows_of(handler).roots == []
    ONCE[way](app, Command(resume="yes"), dict(THREAD))

    [root] = rows_of(handler).roots
    assert (root["metadata"]["status"], root["input"]) == ("success", QUESTION)
    assert root["output"]["parts"] == ["yes"]
    assert root["metrics"]["prompt_tokens"] == 24


@pytest.mark.parametrize("where", ["interrupt_before", "interrupt_after"])
def test_a_static_interrupt_in_a_block_is_one_row_with_its_resume(where, platform):
    app = graph(checkpointer=InMemorySaver(), **{where: ["answer"]})
    with capture(DATASET, base_url=platform) as captured:
        app.invoke(QUESTION, THREAD)
        app.invoke(None, THREAD)

    [root] = roots(captured.rows)
    assert (root["metadata"]["status"], root["input"]) == ("success", QUESTION)


def test_other_handlers_get_the_events_of_an_interrupted_graph(platform, make_handler, rows_of):
    explicit, heard = make_handler(), GraphListener()
    enable("everything", base_url=platform)
    app, callbacks = asking_graph(), [heard, explicit]
    app.invoke(QUESTION, {**THREAD, "callbacks": callbacks})
    app.invoke(Command(resume="yes"), {**THREAD, "callbacks": callbacks})

    assert callbacks == [heard, explicit]
    assert heard.told == ["interrupt", "resume"]
    assert len(rows_of(explicit).roots) == 1
    assert rows_of(explicit, "everything") == []


def test_an_explicit_handler_is_not_doubled(platform, make_handler, rows_of):
    explicit = make_handler()
    enable("everything", base_url=platform)
    sequence().invoke(QUESTION, {"callbacks": [explicit]})

    assert len(rows_of(explicit).roots) == 1
    assert rows_of(explicit, "everything") == []


def test_disable_between_two_calls_of_the_hook_harms_no_app(platform, rows_of):
    handler = enable(DATASET, base_url=platform)

    def disable_after_the_first_look(frame, event, _):
        code = frame.f_code
        if event == "return" and (code.co_name, code.co_filename) == (
            "get",
            global_capture.__file__,
        ):
            sys.setprofile(None)
            disable(timeout=10)

    sys.setprofile(disable_after_the_first_look)
    try:
        assert sequence().invoke(QUESTION) == sequence().invoke(QUESTION)
    finally:
        sys.setprofile(None)

    assert rows_of(handler) == []


@pytest.mark.parametrize("outer", ["explicit", "enabled", "block"])
def test_a_block_inside_a_captured_chain_captures_what_is_in_it(outer, platform, make_handler):
    blocks = []

    def block(question):
        with capture("nightly", base_url=platform) as captured:
            sequence().invoke(question)
        blocks.append(captured)

    chain = RunnableLambda(block)
    match outer:
        case "explicit":
            chain.invoke(QUESTION, {"callbacks": [make_handler()]})
        case "enabled":
            enable(DATASET, base_url=platform)
            chain.invoke(QUESTION)
        case "block":
            with capture(DATASET, base_url=platform):
                chain.invoke(QUESTION)

    [captured] = blocks
    [chat, root] = captured.rows
    assert (root["input"], chat["metadata"]["log_type"]) == (QUESTION, "chat")
    assert str(captured.last_run_id) == root["metadata"]["run_id"]


def test_enabling_again_with_the_same_arguments_changes_nothing(platform):
    assert enable(DATASET, base_url=platform) is enable(DATASET, base_url=platform)


def test_enabling_with_other_arguments_replaces_the_handler(platform, rows_of):
    first = enable("one", base_url=platform)
    sequence().invoke(QUESTION)
    second = enable("two", base_url=platform)
    sequence().invoke(QUESTION)

    assert len(rows_of(first, "one").roots) == 1
    assert len(rows_of(second, "two").roots) == 1


def test_enabling_many_times_registers_one_hook(platform):
    enable(DATASET, base_url=platform)
    disable(timeout=10)
    before = len(context._configure_hooks)
    for _ in range(100):
        enable(DATASET, base_url=platform)
        disable(timeout=10)

    assert len(context._configure_hooks) == before


def test_a_block_returns_its_captured_rows(platform):
    with capture("nightly", base_url=platform) as captured:
        sequence().invoke(QUESTION)
        assert len(captured.rows) == 2
    sequence().invoke(QUESTION)

    chat, root = captured.rows
    assert (root["input"], chat["metadata"]["log_type"]) == (QUESTION, "chat")
    assert str(captured.last_run_id) == root["metadata"]["run_id"]


def test_a_blocks_handler_replaces_the_enabled_one(platform, rows_of):
    everywhere = enable(DATASET, base_url=platform)
    with capture("nightly", base_url=platform) as captured:
        sequence().invoke(QUESTION)
    sequence().invoke(QUESTION)

    assert len(captured) == 2
    assert len(rows_of(everywhere).roots) == 1


def test_blocks_in_other_tasks_do_not_see_each_other(platform):
    async def block(name):
        with capture(name, base_url=platform) as captured:
            await sequence().ainvoke({"question": name})
            await asyncio.sleep(0)
        return captured

    async def both():
        return await asyncio.gather(block("one"), block("two"))

    for name, captured in zip(("one", "two"), asyncio.run(both()), strict=True):
        [_, root] = captured.rows
        assert root["input"] == {"question": name}


def test_the_latest_run_belongs_to_the_context(platform):
    with capture("nightly", base_url=platform) as captured:
        assert captured.last_run_id is None
        thread = threading.Thread(target=lambda: sequence().invoke(QUESTION))
        thread.start()
        thread.join()
        assert captured.last_run_id is None
        RunnableLambda(len).invoke("x")
        assert captured.last_run_id is not None


def test_a_block_that_raises_delivers_what_it_captured(platform, rows_of):
    def fail(_):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), capture(DATASET, base_url=platform) as captured:
        RunnableLambda(fail).invoke("x")

    assert captured.rows[0]["metadata"]["status"] == "error"
    assert len(rows_of(captured.handler)) == 1


APP = """
import respan_langchain
from langchain_core.runnables import RunnableLambda
print(RunnableLambda(len).invoke("abc"))
"""


@pytest.mark.parametrize(
    ("variables", "rows"),
    [
        ({"RESPAN_CAPTURE": "true"}, 1),
        ({"RESPAN_CAPTURE": " ON "}, 1),
        ({"RESPAN_CAPTURE": "0"}, 0),
        ({"RESPAN_CAPTURE": "No"}, 0),
        ({"RESPAN_CAPTURE": ""}, 0),
        ({}, 0),
    ],
)
def test_respan_capture_captures_a_process(variables, rows, platform, make_handler, rows_of):
    import os

    variables = {"RESPAN_BASE_URL": platform, "RESPAN_DATASET": DATASET, **variables}
    done = subprocess.run(
        [sys.executable, "-c", APP],
        env={**os.environ, **variables},
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert (done.stdout, done.stderr) == ("3\n", "")
    assert len(rows_of(make_handler())) == rows


@pytest.mark.parametrize(
    ("value", "said"),
    [("true", ["RESPAN_API_KEY"]), ("maybe", ["RESPAN_CAPTURE", "true", "1", "false", "0"])],
)
def test_an_invalid_respan_capture_is_logged_once_and_the_app_continues(value, said):
    import os

    done = subprocess.run(
        [sys.executable, "-c", APP],
        env={**os.environ, "RESPAN_CAPTURE": value},
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout == "3\n"
    [line] = done.stderr.splitlines()
    assert all(word in line for word in said)


@pytest.mark.parametrize("way", ONCE)
def test_a_context_that_has_a_config_without_callbacks_changes_nothing(way, platform, rows_of):
    """LangGraph's server puts such a config into the context of the calls that it makes."""
    handler, app = enable(DATASET, base_url=platform), asking_graph()
    outer = var_child_runnable_config.set({"configurable": {"graph_id": "shop"}})
    try:
        for asked in (QUESTION, Command(resume="yes")):
            ONCE[way](app, asked, {**THREAD})
    finally:
        var_child_runnable_config.reset(outer)

    [root] = rows_of(handler).roots
    assert (root["metadata"]["status"], root["output"]["parts"]) == ("success", ["yes"])


def test_captured_rows_are_counted_and_shown_as_a_table(platform):
    with capture("nightly", base_url=platform) as captured:
        FakeListChatModel(responses=["<b>Yes."]).invoke("Open?")

    assert repr(captured) == "CaptureResult(1 rows)"
    html = captured._repr_html_()
    assert "Open?" in html
    assert "&lt;b&gt;Yes." in html
