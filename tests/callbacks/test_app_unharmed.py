"""The handler is a good guest: it copies, pickles, never raises, and takes nothing from others."""

import asyncio
import base64
import copy
import pickle
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from uuid import uuid4

import pytest
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.messages import ChatMessage, HumanMessage, RemoveMessage
from langchain_core.runnables import RunnableLambda
from support.constructs import QUESTION, sequence
from support.models import FakeChat, FakeText

from respan_langchain import RespanDatasetCallbackHandler
from respan_langchain._connect import open_client
from respan_langchain.settings.reading import read_settings


class Other(BaseCallbackHandler):
    """Somebody else's handler, which LangChain runs in a thread of its own."""

    def __init__(self, *, inline=False):
        self.run_inline = inline
        self.heard = []

    def on_llm_start(self, *_, **__):
        self.heard.append("start")

    def on_llm_end(self, *_, **__):
        self.heard.append("end")


class Asynchronous(AsyncCallbackHandler):
    def __init__(self):
        self.heard = []

    async def on_llm_start(self, *_, **__):
        self.heard.append("start")

    async def on_llm_end(self, *_, **__):
        self.heard.append("end")


@pytest.mark.parametrize("other", [Other(), Other(inline=True), Asynchronous()])
def test_other_handlers_get_async_text_model_events_too(other, make_handler, rows_of):
    ours, second = make_handler(), make_handler(dataset="second")
    asyncio.run(FakeText().ainvoke("What?", {"callbacks": [ours, other, second]}))

    assert other.heard == ["start", "end"]
    assert len(rows_of(ours)) == len(rows_of(second, "second")) == 1


def test_events_run_in_the_tasks_own_thread(handler):
    assert handler.run_inline is True


def test_a_copy_is_the_handler_itself(handler):
    assert copy.copy(handler) is handler
    assert copy.deepcopy(handler) is handler
    chain = sequence().with_config(callbacks=[handler])
    assert copy.deepcopy(chain).config["callbacks"] == [handler]
    assert {handler: 1}[handler] == 1


def test_a_pickled_handler_works_in_another_process(platform, make_handler, rows_of):
    handler = make_handler(tags=["there"])
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        input=pickle.dumps(handler),
        capture_output=True,
        check=False,
    )

    assert done.stdout == b"3\n", done.stderr
    [row] = rows_of(handler)
    assert row["metadata"]["tags"] == ["there"]


HIDDEN = "0123456789-abcdef"


@pytest.mark.parametrize(
    "options",
    [
        {"api_key": f"sk-{HIDDEN}", "base_url": "http://127.0.0.1:9"},
        {"via": f"redis://:{HIDDEN}@127.0.0.1:9/0"},
    ],
    ids=["api_key", "via"],
)
def test_neither_key_nor_password_is_in_a_pickle_or_an_attribute_of_a_handler(options):
    if "via" in options:
        pytest.importorskip("redis")
    handler = RespanDatasetCallbackHandler("d", **options)

    assert HIDDEN.encode() not in pickle.dumps(handler)
    assert HIDDEN not in f"{vars(handler)} {vars(handler._worker)} {handler!r}"


ELSEWHERE = """
import pickle, sys
from langchain_core.runnables import RunnableLambda
handler = pickle.load(sys.stdin.buffer)
print(RunnableLambda(len).invoke("abc", {"callbacks": [handler]}))
assert handler.shutdown()
"""


def test_the_handler_does_not_make_a_model_stream(handler):
    from langchain_core.tracers import _streaming

    marks = [mark for mark in vars(_streaming).values() if isinstance(mark, type)]
    assert not [mark for mark in marks if mark in type(handler).__mro__]


class Poisoned:
    """Raises whatever is asked of it."""

    def _raise(self, *_, **__):
        raise ZeroDivisionError("poison")

    __repr__ = __str__ = __len__ = __iter__ = __bool__ = __eq__ = __getattr__ = _raise
    __hash__ = None


def circle():
    found = []
    found.append(found)
    return found


ODD = {
    "None": lambda: None,
    "text": lambda: "x",
    "number": lambda: 7,
    "bytes": lambda: b"\xff",
    "empty": list,
    "a set": lambda: {1},
    "poison": Poisoned,
    "poison in a dict": lambda: {"a": Poisoned(), "b": 1},
    "poison in a list": lambda: [Poisoned()],
    "a circle": circle,
    "a generator": lambda: (number for number in range(3)),
    "a class": lambda: Poisoned,
    "an error": lambda: ValueError("x"),
}
EVENTS = {
    "on_chain_start": ("on_chain_end", "on_chain_error"),
    "on_chat_model_start": ("on_llm_end", "on_llm_error"),
    "on_llm_start": ("on_llm_end", "on_llm_error"),
    "on_tool_start": ("on_tool_end", "on_tool_error"),
    "on_retriever_start": ("on_retriever_end", "on_retriever_error"),
}
BETWEEN = ("on_llm_new_token", "on_stream_event", "on_retry", "on_text", "on_agent_action")


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("start", EVENTS)
def test_no_callback_raises_on_any_argument(start, odd, make_handler):
    make = ODD[odd]
    handler = make_handler(capture=("root", "llm", "tool", "retriever", "chain"))
    for end in EVENTS[start]:
        run_id = uuid4()
        more = {"tags": make(), "metadata": make(), "name": make(), "inputs": make()}
        more |= {"invocation_params": make(), "options": make(), "tool_call_id": make()}
        # What LangChain passes by position it never passes by name as well.
        if start == "on_chain_start":
            del more["inputs"]
        getattr(handler, start)(make(), make(), run_id=run_id, **more)
        for event in BETWEEN:
            getattr(handler, event)(make(), chunk=make(), run_id=run_id)
        late = {} if end == "on_llm_end" else {"response": make()}
        getattr(handler, end)(make(), run_id=run_id, inputs=make(), **late)
    handler.on_interrupt(make())
    handler.on_resume(make())
    assert handler.shutdown(timeout=10).all_counted

    assert handler.stats.open_runs == 0


def test_an_internal_error_is_logged_once_and_counted(make_handler, caplog):
    handler = make_handler(include=lambda run: 1 / 0)
    for _ in range(5):
        sequence().invoke(QUESTION, {"callbacks": [handler]})
    handler.flush(timeout=20)

    assert sum(handler.stats.internal_errors.values()) == 10
    [record] = [record for record in caplog.records if record.name.startswith("respan_langchain")]
    assert QUESTION["question"] not in record.getMessage()


class Unshowable:
    def __repr__(self):
        raise ValueError("no")


@pytest.mark.parametrize("asked", [None, 7, "x", [1], {1, 2}, Unshowable(), {"a": Unshowable()}])
def test_any_input_gives_a_row(asked, handler, rows_of):
    RunnableLambda(lambda _: "done").invoke(asked, {"callbacks": [handler]})

    [row] = rows_of(handler)
    assert row["output"] == "done"


def test_messages_that_change_the_list_of_messages_are_captured(handler, rows_of):
    asked = [ChatMessage("hi", role="critic"), RemoveMessage(id="m1"), HumanMessage("Hello")]
    FakeChat().invoke(asked, {"callbacks": [handler]})

    [row] = rows_of(handler)
    assert len(row["input"]) == 3
    assert row["input"][-1] == {"role": "user", "content": "Hello"}


def test_an_image_is_described_and_not_sent(handler, rows_of):
    image = base64.b64encode(b"\x89PNG" + bytes(1_500_000)).decode()
    url = f"data:image/png;base64,{image}"
    asked = [HumanMessage([{"type": "image_url", "image_url": {"url": url}}])]
    FakeChat().invoke(asked, {"callbacks": [handler]})

    [row] = rows_of(handler)
    assert len(str(row)) < 3_000
    assert "1500004" in str(row["input"])


def test_events_of_unknown_runs_are_ignored(handler, rows_of):
    for event in ("on_chain_end", "on_llm_end", "on_tool_end", "on_retriever_end"):
        getattr(handler, event)("x", run_id=uuid4(), parent_run_id=uuid4())
    handler.on_llm_new_token("x", run_id=uuid4())

    assert rows_of(handler) == []


def test_ctrl_c_during_inline_draining_is_counted(make_handler):
    def interrupted(_row):
        raise KeyboardInterrupt

    handler = make_handler(on_row=interrupted, copy="deep")
    with pytest.raises(KeyboardInterrupt):
        sequence().invoke(QUESTION, {"callbacks": [handler]})

    assert sum(handler.stats.internal_errors.values()) == 2  # the model, and its chain


@pytest.mark.parametrize("where", ["on the worker's thread", "on the app's"])
def test_user_code_called_by_a_handler_may_shut_it_down(where, make_handler, rows_of):
    def shut_down(_row):
        ended.append(handler.shutdown(60.0))

    ended = []

    copy = "shallow" if where == "on the worker's thread" else "deep"
    handler = make_handler(on_row=shut_down, copy=copy)
    started = time.monotonic()
    RunnableLambda(len).invoke("abc", {"callbacks": [handler]})

    assert len(rows_of(handler)) == 1
    assert not any(ended)
    assert time.monotonic() - started < 30.0  # it waited for itself not at all


def test_shutdown_returns_within_its_timeout(make_handler):
    go, hangs = threading.Event(), threading.Event()

    def hang(text):
        hangs.set()
        go.wait()
        return text

    handler = make_handler(redact=hang)
    RunnableLambda(len).invoke("abc", {"callbacks": [handler]})
    hangs.wait()
    ending = threading.Thread(target=handler.shutdown, args=(0.1,))
    ending.start()
    ending.join(10)
    in_time = not ending.is_alive()
    go.set()
    ending.join()

    assert in_time


ENDS = {
    "Ctrl-C": ("raise_signal(SIGINT)", -signal.SIGINT),
    "Ctrl-C, caught": (
        "try:\n    raise_signal(SIGINT)\nexcept KeyboardInterrupt:\n    sys.exit(3)",
        3,
    ),
    "an error": ("raise ValueError", 1),
    "nothing": ("", 0),
}


@pytest.mark.parametrize("end", ENDS)
def test_the_last_flush_does_not_change_the_exit_status(end, platform):
    how, status = ENDS[end]
    app = f"""
import sys
from signal import SIGINT, raise_signal
from langchain_core.runnables import RunnableLambda
from respan_langchain import RespanDatasetCallbackHandler
handler = RespanDatasetCallbackHandler("d", base_url=sys.argv[1])
RunnableLambda(len).invoke("abc", {{"callbacks": [handler]}})
{how}
"""
    done = subprocess.run([sys.executable, "-c", app, platform], capture_output=True, check=False)

    assert done.returncode == status, done.stderr
    with open_client(read_settings(base_url=platform)) as client:
        assert [dataset.log_count for dataset in client.datasets()] == [1]


def test_retries_do_not_change_the_apps_random_numbers():
    numpy = pytest.importorskip("numpy")
    random.seed(42)
    numpy.random.seed(42)  # the global generator is what must stay as it is
    before = random.getstate(), str(numpy.random.get_state())

    with socket.create_server(("127.0.0.1", 0)) as unanswered:
        url = f"http://127.0.0.1:{unanswered.getsockname()[1]}"
        handler = RespanDatasetCallbackHandler(
            "d", base_url=url, api_key="k", request_timeout=0.2, exit_timeout=0.0, sample_rate=0.9
        )
        for _ in range(5):
            sequence().invoke(QUESTION, {"callbacks": [handler]})
        assert not handler.flush(1)

    assert handler.stats.requests > 1
    assert (random.getstate(), str(numpy.random.get_state())) == before
