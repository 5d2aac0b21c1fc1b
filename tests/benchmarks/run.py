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
from typing import Any

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


def measured(call: Call, ours: RespanDatasetCallbackHandler, seconds: float) -> dict[str, float]:
    """Median microseconds of a call: with no handler, with the idle one, with ours."""
    ways: dict[str, list[Any]] = {"none": [], "idle": [Idle()], "ours": [ours]}
    times: dict[str, list[int]] = {way: [] for way in ways}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for _ in range(20):
            for way in random.sample(list(ways), len(ways)):
                began = time.perf_counter_ns()
                call({"callbacks": ways[way]})
                times[way].append(time.perf_counter_ns() - began)
        ours.flush(timeout=30)
    return {way: statistics.median(taken) / 1e3 for way, taken in times.items()}


def main() -> int:
    """Print the table; 1 when a ratio is `--fail-at` times its target."""
    parser = argparse.ArgumentParser(description="What the handler costs an app's own thread.")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each workload")
    parser.add_argument("--workload", choices=WORKLOADS, action="append")
    parser.add_argument("--fail-at", type=float, default=2.0, help="times the target")
    given = parser.parse_args()
    ours = handler_to_sink()
    worst = 0.0
    print(
        f"{'workload':<10} {'no handler':>11} {'idle adds':>10} {'ours adds':>10} "
        f"{'ratio':>6} {'target':>7}"
    )
    for name in given.workload or WORKLOADS:
        make, target = WORKLOADS[name]
        took = measured(make(), ours, given.seconds)
        floor, added = took["idle"] - took["none"], took["ours"] - took["none"]
        ratio = added / floor if floor > 0 else float("nan")
        worst = max(worst, ratio / target)
        print(
            f"{name:<10} {took['none']:>9.0f}µs {floor:>8.1f}µs {added:>8.1f}µs "
            f"{ratio:>5.2f}x {target:>6.1f}x"
        )
    assert ours.shutdown(timeout=30), ours.stats
    print(f"\n{ours.stats}")
    return 1 if worst >= given.fail_at else 0


if __name__ == "__main__":
    sys.exit(main())
