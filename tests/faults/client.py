"""The app in a fault test: a handler, some events, and a word at the end. A script of its own.

`python client.py '<json>'`, with: `url`, `act` (a name below), `count`, `settings` for the
handler, `limits` for the worker, `report` (a file for what the handler says of itself).
"""

import atexit
import json
import logging
import os
import resource
import signal
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from respan_langchain import RespanDatasetCallbackHandler
from respan_langchain.delivery.exit_hooks import WORKERS
from respan_langchain.delivery.worker import Worker
from respan_langchain.pipeline.destination import (
    build_limits,
    spool_opener,
    worker_key,
)
from respan_langchain.pipeline.transport import RespanTransport
from respan_langchain.settings.reading import read_settings

KEY = "key-that-nobody-may-see"
MARKER = "payload-that-no-log-may-show"
MORE_THAN_THERE_IS = 2**60
"""Bytes of stack for a new thread; the system refuses it, as one does that has too many threads."""

TASK = json.loads(sys.argv[1])


class Lines(logging.Handler):
    """Counts the lines of our own."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1


LINES = Lines()
logging.getLogger("respan_langchain").addHandler(LINES)
logging.basicConfig(stream=sys.stderr, level=logging.DEBUG)


SETTINGS = {
    "api_key": KEY,
    "dataset_id": "d1",
    "base_url": TASK["url"],
    **TASK.get("settings", {}),
}


def worker_of() -> Worker:
    """The worker that the handler will find in its place, with limits that no setting names."""
    settings = read_settings(**SETTINGS)
    changes = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in TASK.get("limits", {}).items()
    }
    limits = replace(build_limits(settings), **changes)
    return WORKERS.get(
        worker_key(settings),
        lambda: Worker(lambda: RespanTransport(settings), limits, spool_opener(settings)),
    )


# Registered before the handler's own hook, and so called after it.
atexit.register(lambda: report())  # noqa: PLW0108  # it is defined below
WORKER = worker_of()
HANDLER = RespanDatasetCallbackHandler(**SETTINGS)
assert HANDLER._worker is WORKER
SAID: dict[str, Any] = {}
# Registered after it, and so called before it: from here on the process waits for nothing else.
atexit.register(lambda: SAID.update(left=time.time(), hook=time.monotonic()))


def emit(count: int, text: Any = "", prefix: str = "") -> float:
    """So many root runs; the longest time that one took, in seconds."""
    worst = 0.0
    for number in range(count):
        run_id = uuid.uuid4()
        question = {
            "question": f"{MARKER} {prefix}{number}",
            "text": text(number) if callable(text) else text,
        }
        started = time.perf_counter()
        HANDLER.on_chain_start({"name": "app"}, question, run_id=run_id, name="app")
        HANDLER.on_chain_end({"answer": "42"}, run_id=run_id)
        worst = max(worst, time.perf_counter() - started)
    return worst


def report(**more: Any) -> None:
    """What the handler says, for the test to compare."""
    stats = HANDLER.stats
    SAID.setdefault("left", time.time())
    SAID.update(more)
    said = {
        "captured": stats.captured,
        "pending": stats.pending,
        "delivered": stats.delivered,
        "rejected": stats.rejected,
        "unconfirmed": stats.unconfirmed,
        "spooled": stats.spooled,
        "resent": stats.resent,
        "dropped": dict(stats.dropped),
        "requests": stats.requests,
        "problem": stats.last_error,
        "lines": LINES.count,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "held": time.monotonic() - SAID["hook"] if "hook" in SAID else None,
        **SAID,
    }
    Path(TASK["report"]).write_text(json.dumps(said))
    sys.stderr.write(repr(HANDLER) + repr(stats))


def flush(**more: Any) -> None:
    started = time.perf_counter()
    result = HANDLER.flush(TASK.get("patience", 60.0))
    report(flush=bool(result), flush_seconds=time.perf_counter() - started, **more)


def emit_and_leave() -> None:
    emit(TASK["count"])
    report()


def emit_and_flush() -> None:
    emit(TASK["count"], text="x" * TASK.get("size", 0))
    flush()


def equal_ids() -> None:
    """Two calls with each id, as when request ids are used as run ids."""
    for run_id in [uuid.uuid4() for _ in range(TASK["count"])]:
        for attempt in ("first", "second"):
            HANDLER.on_chain_start({"name": "app"}, {"question": attempt}, run_id=run_id)
            HANDLER.on_chain_end({"answer": attempt}, run_id=run_id)


def equal_ids_and_flush() -> None:
    equal_ids()
    flush()


def equal_ids_and_die() -> None:
    equal_ids()
    settled()
    report()
    os._exit(0)


def poisoned() -> None:
    for number in range(TASK["count"]):
        emit(1, text="poison" if number in {3, 40, 41} else "")
    flush()


def measure() -> None:
    """Large events while nothing gets through: what the app feels, and what the process weighs."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    size = TASK["size"]
    worst = emit(TASK["count"], text=lambda number: f"{number:010}" * (size // 10))
    HANDLER.flush(TASK.get("patience", 1.0))
    report(worst=worst, before=before)


def fork() -> None:
    emit(TASK["count"], prefix="parent")
    child = os.fork()
    if not child:
        emit(TASK["count"], prefix="child")
        result = HANDLER.flush(30.0)
        os._exit(0 if result.delivered == TASK["count"] and result else 1)
    status = os.waitpid(child, 0)[1]
    flush(child=status)


def multiprocess() -> None:
    import multiprocessing

    emit(TASK["count"], prefix="parent")
    child = multiprocessing.get_context("fork").Process(target=emit, args=(TASK["count"],))
    child.start()
    child.join()
    flush()


def sigterm() -> None:
    emit(TASK["count"])
    settled()
    if TASK.get("sending"):
        wait_for_posts(1)
    report()
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pause()


def wait_for_posts(number: int) -> None:
    """Until the server has seen so many bulk requests: it does not answer before."""
    urllib.request.urlopen(f"{TASK['url']}/posts/{number}").close()  # noqa: S310  # our own server


def hard_exit() -> None:
    emit(TASK["count"])
    settled()
    report()
    os._exit(0)


def settled() -> None:
    """Until everything is on disk."""
    assert WORKER.sync_to_disk(30.0)


def adopt() -> None:
    """What the next process does, with nothing of its own."""
    WORKER.wake()
    before = WORKER.flush(TASK.get("patience", 60.0))
    report(flush=bool(before), adopted=before.delivered)


def zygote() -> None:
    """Brings forth an app for each line that it reads; having sent a row, it has imported all."""
    emit(1)
    assert HANDLER.flush(30.0)
    for _ in sys.stdin:
        child = os.fork()
        if not child:
            endless()
        sys.stdout.write(f"pid {child}\n")
        sys.stdout.flush()
        os.waitpid(child, 0)
        sys.stdout.write("gone\n")
        sys.stdout.flush()


def soak() -> None:
    """Emit `rate` events a second; measure the process twice a minute."""
    # Blocked before any thread starts, so that the ticks come to this one.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    count, samples = 0, []
    begun, sampled = time.monotonic(), float("-inf")
    while (passed := time.monotonic() - begun) < TASK["seconds"]:
        signal.sigwait([signal.SIGALRM])
        due = int(passed * TASK["rate"]) - count
        emit(due)
        count += due
        if passed > sampled + 30:
            sampled = passed
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            threads = int(Path("/proc/self/stat").read_text().split()[19])
            samples.append((pages * 4096, len(list(Path("/proc/self/fd").iterdir())), threads))
    flush(emitted=count, samples=samples)


def forking() -> None:
    """Fork a child every two seconds, which emits five rows and delivers them."""
    children, turn = [], threading.Event()
    until = time.monotonic() + TASK["seconds"]
    while time.monotonic() < until:
        emit(10)
        child = os.fork()
        if not child:
            emit(5)
            result = HANDLER.flush(TASK["patience"])
            with Path(TASK["children"]).open("a") as lines:
                lines.write(f"{result.delivered} {HANDLER.stats.resent}\n")
            os._exit(0 if result.delivered == 5 and not result.pending else 1)
        children.append(child)
        turn.wait(2.0)
    failed = sum(os.waitpid(child, 0)[1] != 0 for child in children)
    flush(children=len(children), failed=failed)


def frozen() -> None:
    """Delivers, is frozen for a while, and delivers again."""
    emit(TASK["count"])
    assert HANDLER.flush(30.0)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    emit(TASK["count"])
    flush()


def endless() -> None:
    """Events for as long as it lives; those that are safe by its own word are named aloud."""
    number, turn = 0, threading.Event()
    while True:
        named = []
        for _ in range(number % 7 + 1):
            run_id = uuid.uuid4()
            HANDLER.on_chain_start({"name": "app"}, {"question": number}, run_id=run_id, name="app")
            HANDLER.on_chain_end({"answer": "42"}, run_id=run_id)
            named.append(str(run_id))
        settled()
        sys.stdout.write("".join(f"{name}\n" for name in named))
        sys.stdout.write(f"resent {WORKER._state.statuses.counts().resent}\n")
        sys.stdout.flush()
        number += 1
        turn.wait(TASK.get("pause", 0.0))


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


def hostile() -> None:
    circle: list[Any] = []
    circle.append(circle)
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    values = [
        float("nan"),
        float("inf"),
        "\ud800",
        b"\xff\xfe",
        circle,
        deep,
        Unprintable(),
        {1, 2},
        {1: 2, None: 3},
        10**400,
        threading.Lock(),
    ]
    for value in values:
        emit(1, text=value)
    flush()


def no_threads() -> None:
    threading.stack_size(MORE_THAN_THERE_IS)
    emit(TASK["count"])
    flush()


def no_threads_and_leave() -> None:
    threading.stack_size(MORE_THAN_THERE_IS)
    emit_and_leave()


def from_gc() -> None:
    """Events from `__del__`, wherever the collector runs."""
    import gc

    class Noisy:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            emit(1, prefix="gc")

    gc.set_threshold(1)
    for _ in range(TASK["count"] // 2):
        Noisy()
        emit(1)
    gc.set_threshold(700, 10, 10)
    gc.collect()
    flush()


def from_signals() -> None:
    """Events from a signal handler that interrupts events."""
    sent = []

    def interrupt(*_: object) -> None:
        sent.append(emit(1, prefix="signal"))

    signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
    until = time.monotonic() + TASK.get("seconds", 2.0)
    count = 0
    while time.monotonic() < until:
        emit(1)
        count += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    flush(emitted=count + len(sent))


ACTS: dict[str, Callable[[], None]] = {
    act.__name__: act
    for act in (
        adopt,
        forking,
        frozen,
        soak,
        zygote,
        emit_and_leave,
        emit_and_flush,
        equal_ids_and_die,
        equal_ids_and_flush,
        poisoned,
        measure,
        fork,
        multiprocess,
        sigterm,
        hard_exit,
        hostile,
        no_threads,
        no_threads_and_leave,
        from_gc,
        from_signals,
    )
}

if __name__ == "__main__":
    ACTS[TASK["act"]]()
