"""How much longer a burst of calls takes: `batch` of 2,000 calls of a model that takes 2 ms.

    python tests/benchmarks/burst.py [--rounds 7]

Bursts without a handler, with one that does nothing and with ours take turns in one process.
Printed are the shortest of each, and the least CPU of the process, delivery to a sink included.
"""

import argparse
import threading
import time
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.outputs import ChatResult
from run import Idle
from sink import handler_to_sink
from workloads import Model

CALLS = 2_000
MODEL_SECONDS = 0.002
NEVER = threading.Event()


class Waiting(Model):
    """Answers after two milliseconds, in which other threads run."""

    def _generate(self, messages: Any, *_: Any, **kwargs: Any) -> ChatResult:
        NEVER.wait(MODEL_SECONDS)
        return super()._generate(messages)


def main() -> None:
    """Print a line for each number of workers and kind of handler."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    ours = handler_to_sink()
    handlers: dict[str, list[BaseCallbackHandler]] = {"none": [], "idle": [Idle()], "ours": [ours]}
    print("workers  handler   wall    CPU")
    for workers in (8, 50):
        walls: dict[str, list[float]] = {name: [] for name in handlers}
        cpus: dict[str, list[float]] = {name: [] for name in handlers}
        for _ in range(rounds):
            for name, callbacks in handlers.items():
                wall, cpu = time.perf_counter(), time.process_time()
                config = {"callbacks": callbacks, "max_concurrency": workers}
                Waiting().batch([f"Question {number}" for number in range(CALLS)], config)
                walls[name].append(time.perf_counter() - wall)
                assert ours.flush(60)
                cpus[name].append(time.process_time() - cpu)
        for name in handlers:
            print(f"{workers:7}  {name:7} {min(walls[name]):5.2f}s {min(cpus[name]):5.2f}s")


if __name__ == "__main__":
    main()
