"""What the handler costs an app's own thread, beside a handler that does nothing.

    python tests/benchmarks/run.py [--seconds 5] [--workload chain] [--fail-at 2]

LangChain itself charges about a microsecond an event for having any handler; the figure here is
ours divided by that floor. Calls without a handler, with the idle one and with ours take turns in
random order in one process, so that a busy machine slows all three alike; the worker's share falls
between the timed calls.
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from langchain_core.callbacks import BaseCallbackHandler
from sink import handler_to_sink
from workloads import WORKLOADS, Call

from respan_langchain import RespanDatasetCallbackHandler


class Idle(BaseCallbackHandler):
    """Takes every event as ours does, and does nothing."""

    run_inline = True

    def on_chain_start(
        self,
        serialized: Any,
        inputs: Any,
        *,
        run_id: Any,
        parent_run_id: Any = None,
        tags: Any = None,
        metadata: Any = None,
        name: Any = None,
        **kwargs: Any,
    ) -> None: ...
    def on_chain_end(
        self, outputs: Any, *, run_id: Any, parent_run_id: Any = None, **kwargs: Any
    ) -> None: ...
    def on_chat_model_start(
        self,
        serialized: Any,
        messages: Any,
        *,
        run_id: Any,
        parent_run_id: Any = None,
        tags: Any = None,
        metadata: Any = None,
        name: Any = None,
        invocation_params: Any = None,
        options: Any = None,
        **kwargs: Any,
    ) -> None: ...
    def on_llm_new_token(
        self, token: Any, *, chunk: Any = None, run_id: Any, **kwargs: Any
    ) -> None: ...
    def on_llm_end(
        self, response: Any, *, run_id: Any, parent_run_id: Any = None, **kwargs: Any
    ) -> None: ...
    def on_tool_start(
        self,
        serialized: Any,
        input_str: Any,
        *,
        run_id: Any,
        parent_run_id: Any = None,
        tags: Any = None,
        metadata: Any = None,
        name: Any = None,
        inputs: Any = None,
        **kwargs: Any,
    ) -> None: ...
    def on_tool_end(self, output: Any, *, run_id: Any, **kwargs: Any) -> None: ...
    def on_retriever_start(
        self,
        serialized: Any,
        query: Any,
        *,
        run_id: Any,
        parent_run_id: Any = None,
        tags: Any = None,
        metadata: Any = None,
        name: Any = None,
        **kwargs: Any,
    ) -> None: ...
    def on_retriever_end(self, documents: Any, *, run_id: Any, **kwargs: Any) -> None: ...


class Taken(NamedTuple):
    """How long one way of calling took, in microseconds."""

    median: float
    error: float
    """The standard error of the median."""


def taken(nanoseconds: list[int]) -> Taken:
    """The median, and how far to trust it."""
    low, middle, high = statistics.quantiles(nanoseconds, n=4)
    # As for a normal distribution, whose quartiles lie 1.35 deviations apart.
    return Taken(middle / 1e3, 1.25 * (high - low) / 1.35 / len(nanoseconds) ** 0.5 / 1e3)


def measured(
    call: Call, ours: Mapping[str, RespanDatasetCallbackHandler], seconds: float
) -> dict[str, Taken]:
    """What a call takes with no handler, with the idle one, with each of ours."""
    ways: dict[str, list[Any]] = {"none": [], "idle": [Idle()]}
    ways |= {name: [handler] for name, handler in ours.items()}
    times: dict[str, list[int]] = {way: [] for way in ways}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for _ in range(20):
            for way in random.sample(list(ways), len(ways)):
                began = time.perf_counter_ns()
                call({"callbacks": ways[way]})
                times[way].append(time.perf_counter_ns() - began)
        for handler in ours.values():
            handler.flush(timeout=30)
    return {way: taken(times[way]) for way in ways}


def line_of(name: str, took: dict[str, Taken], target: float) -> str:
    """One line of the table; no ratio to a floor that was too small to be seen."""
    none, idle, ours = took["none"], took["idle"], took["ours"]
    floor, added = idle.median - none.median, ours.median - none.median
    seen = floor > 2 * (idle.error + none.error)
    ratio = f"{added / floor:.2f}x" if seen else "?"
    return (
        f"{name:<10} {none.median:>9.0f}µs {floor:>8.1f}µs {added:>8.1f}µs"
        f" {ratio:>7} {target:>6.1f}x"
    )


def is_over(took: dict[str, Taken], ratio: float) -> bool:
    """Whether ours costs more than so many times the floor, beyond the doubt of measuring."""
    none, idle, ours = took["none"], took["idle"], took["ours"]
    excess = ours.median - none.median - ratio * (idle.median - none.median)
    return excess > 3 * (ours.error + ratio * idle.error + (ratio + 1) * none.error)


def main() -> int:
    """Print the table; 1 when a ratio is surely `--fail-at` times its target."""
    parser = argparse.ArgumentParser(description="What the handler costs an app's own thread.")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each workload")
    parser.add_argument("--workload", choices=WORKLOADS, action="append")
    parser.add_argument("--fail-at", type=float, default=2.0, help="times the target")
    given = parser.parse_args()
    ours = handler_to_sink()
    over = []
    print(
        f"{'workload':<10} {'no handler':>11} {'idle adds':>10} {'ours adds':>10} "
        f"{'ratio':>7} {'target':>7}"
    )
    for name in given.workload or WORKLOADS:
        make, target = WORKLOADS[name]
        took = measured(make(), {"ours": ours}, given.seconds)
        print(line_of(name, took, target), flush=True)
        if is_over(took, given.fail_at * target):
            over.append(name)
    assert ours.shutdown(timeout=30), ours.stats
    print(f"\n{ours.stats}")
    if over:
        print(f"more than {given.fail_at:g} times the target: {', '.join(over)}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
