"""Importing the package starts nothing and loads nothing that costs."""

import subprocess
import sys

CODE = """
import sys, threading, os
before = set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set()
import respan_langchain
from respan_langchain import RespanDatasetCallbackHandler
after = set(os.listdir("/proc/self/fd")) if before else set()
assert threading.active_count() == 1, threading.enumerate()
assert len(after) == len(before), (before, after)
heavy = {"httpx", "genai_prices", "sqlite3", "starlette", "typer", "rich", "langgraph",
         "pydantic_settings", "respan_langchain.embedded", "respan_langchain.client"}
loaded = heavy & set(sys.modules)
assert not loaded, loaded
handler = RespanDatasetCallbackHandler("d", base_url="sqlite:///:memory:")
assert threading.active_count() == 1, threading.enumerate()
"""


def test_the_import_starts_no_thread_opens_no_file_and_loads_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CODE], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


FROZEN = """
import threading

import respan_langchain
from freezegun import freeze_time

names = dir(respan_langchain)
with freeze_time("2023-01-01"):
    pass
assert dir(respan_langchain) == names == respan_langchain.__all__

handler = respan_langchain.RespanDatasetCallbackHandler(
    "d", base_url="sqlite:///:memory:", flush_interval=0.01
)
from langchain_core.language_models import FakeListChatModel
model = FakeListChatModel(responses=["Hello."])
with freeze_time("2023-01-01"):
    model.invoke("Hello", {"callbacks": [handler]})
    delivered = threading.Event()
    while not handler.stats.delivered:  # without a flush, when the interval has passed
        delivered.wait(0.01)
    assert handler.flush(20), handler.stats
assert handler.stats.delivered == 1, handler.stats
"""


def test_tests_that_freeze_the_clock_work_with_the_package_and_with_a_handler():
    done = subprocess.run(
        [sys.executable, "-c", FROZEN], capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 0, done.stderr
