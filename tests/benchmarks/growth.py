"""Whether the cost of an event grows with anything but its own work.

    python tests/benchmarks/growth.py [--most 1000000]

Prints microseconds of CPU: on the thread of the app for an event, and of the whole process,
delivery included, for a run; and how both compare to the smallest size. `--most` bounds the runs of
a process's life.
"""

import argparse
import threading
import time
from collections.abc import Callable
from itertools import count
from uuid import UUID

from langchain_core.messages import HumanMessage
from sink import handler_to_sink

from respan_langchain import RespanDatasetCallbackHandler

TRACES = 300
"""Traces of ten runs in one measurement."""
ROUNDS = 7

Emit = Callable[[], None]
_numbers = count(1)


def new_id() -> UUID:
    """An id without a system call, at which threads would take turns."""
    return UUID(int=next(_numbers))


def trace(handler: RespanDatasetCallbackHandler) -> None:
    """A root with nine chains in it: twenty events, ten runs, one row."""
    root = new_id()
    handler.on_chain_start({}, {"question": "Who is it?"}, run_id=root, name="app")
    for _ in range(9):
        inner = new_id()
        handler.on_chain_start({}, "x", run_id=inner, parent_run_id=root, name="step")
        handler.on_chain_end("y", run_id=inner, parent_run_id=root)
    handler.on_chain_end({"answer": "It is me."}, run_id=root)


def ask(handler: RespanDatasetCallbackHandler, messages: list[HumanMessage]) -> None:
    """A model is asked, with so many messages, and fails: two events, one run, one row."""
    run_id = new_id()
    handler.on_chat_model_start({}, [messages], run_id=run_id)
    handler.on_llm_error(ValueError("no"), run_id=run_id)


def cost(handler: RespanDatasetCallbackHandler, emit: Emit, times: int) -> tuple[float, float]:
    """Seconds of CPU for `times` calls: on this thread, and of the process until all is sent."""
    rounds = []
    for _ in range(ROUNDS):
        process, thread = time.process_time(), time.thread_time()
        for _ in range(times):
            emit()
        mine = time.thread_time() - thread
        assert handler.flush(timeout=60)
        rounds.append((mine, time.process_time() - process))
    return min(mine for mine, _ in rounds), min(whole for _, whole in rounds)


def of_traces(handler: RespanDatasetCallbackHandler) -> tuple[float, float]:
    """Seconds an event and a run."""
    mine, whole = cost(handler, lambda: trace(handler), TRACES)
    return mine / TRACES / 20, whole / TRACES / 10


def open_runs(number: int, handler: RespanDatasetCallbackHandler) -> tuple[float, float]:
    """With so many runs that have not ended."""
    root = new_id()
    handler.on_chain_start({}, "x", run_id=root, name="open")
    inner = [new_id() for _ in range(number - 1)]
    for run_id in inner:
        handler.on_chain_start({}, "x", run_id=run_id, parent_run_id=root, name="open")
    assert handler.flush(timeout=60)
    found = of_traces(handler)
    for run_id in inner:
        handler.on_chain_end("y", run_id=run_id, parent_run_id=root)
    handler.on_chain_end("y", run_id=root)
    assert handler.flush(timeout=60), handler.stats
    return found


def life(number: int, handler: RespanDatasetCallbackHandler) -> tuple[float, float]:
    """After so many runs."""
    for begun in range(0, number, 10):
        trace(handler)
        if begun % 50_000 == 0:
            assert handler.flush(timeout=60)
    return of_traces(handler)


def messages(number: int, handler: RespanDatasetCallbackHandler) -> tuple[float, float]:
    """A message in a conversation of so many."""
    said = [HumanMessage(f"Sentence number {place}.") for place in range(number)]
    times = max(3, 3_000 // number)
    mine, whole = cost(handler, lambda: ask(handler, said), times)
    return mine / times / 2 / number, whole / times / number


def threads(number: int, handler: RespanDatasetCallbackHandler) -> tuple[float, float]:
    """From so many threads at a time."""
    per_thread = max(10, 3_000 // number)
    spent: list[float] = []
    go = threading.Barrier(number + 1)

    def work() -> None:
        go.wait()
        began = time.thread_time()
        for _ in range(per_thread):
            trace(handler)
        spent.append(time.thread_time() - began)

    workers = [threading.Thread(target=work) for _ in range(number)]
    for worker in workers:
        worker.start()
    process = time.process_time()
    go.wait()
    for worker in workers:
        worker.join()
    assert handler.flush(timeout=120)
    whole = time.process_time() - process
    runs = per_thread * number * 10
    return sum(spent) / runs / 2, whole / runs


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="What the cost of an event grows with.")
    parser.add_argument("--most", type=int, default=1_000_000, help="runs of a process's life")
    most = parser.parse_args().most
    tables = (
        ("open runs", open_runs, (1, 1_000, 100_000)),
        ("runs in a process's life", life, (1, most // 100, most)),
        ("messages (cost of each)", messages, (1, 100, 5_000)),
        ("threads", threads, (1, 30, 1_000)),
    )
    # A thousand threads that never wait are more than the default can hold.
    handler = handler_to_sink(max_queue_bytes=100_000_000, max_queue_rows=100_000)
    of_traces(handler)
    print(f"{'what grows':<26} {'size':>10} {'event':>9} {'':>6} {'run':>9}")
    for what, measure, sizes in tables:
        first: tuple[float, float] | None = None
        for size in sizes:
            mine, whole = measure(size, handler)
            first = first or (mine, whole)
            print(
                f"{what:<26} {size:>10,} {mine * 1e6:>7.2f}µs {mine / first[0]:>5.2f}x"
                f" {whole * 1e6:>7.1f}µs {whole / first[1]:>5.2f}x",
                flush=True,
            )
    assert handler.shutdown(timeout=60), handler.stats
    print(f"\n{handler.stats}")


if __name__ == "__main__":
    main()
