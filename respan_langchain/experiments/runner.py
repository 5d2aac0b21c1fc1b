"""Runs rows against a runnable: in parallel, with time-outs and a cost limit, into a journal.

Each trial has a daemon thread of its own: one that never ends occupies no place of the others, and
does not keep the process from ending after Ctrl-C.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import nullcontext
from contextvars import copy_context
from dataclasses import dataclass
from threading import Thread
from typing import Final

from respan_langchain.experiments.journal import Journal
from respan_langchain.experiments.plan import Plan
from respan_langchain.experiments.recorded_models import models_replaced
from respan_langchain.experiments.recorded_rows import RecordedRow
from respan_langchain.experiments.recorded_tools import tools_replaced
from respan_langchain.experiments.results import Trial
from respan_langchain.experiments.trials import Meter, run_trial

TIMEOUT_CHECK_INTERVAL: Final = 0.5
"""Seconds between two checks for trials that have timed out."""


Job = tuple[RecordedRow, int]
"""A row that is to run, and which of its repeats."""


@dataclass(frozen=True, slots=True)
class RunningTrial:
    """A trial that has started."""

    row_id: str
    repeat: int
    started: float
    """On the monotonic clock."""


class Runner:
    """Runs the trials of one replay."""

    def __init__(
        self,
        plan: Plan,
        journal: Journal,
        *,
        on_trial: Callable[[Trial, int], None] = lambda _, __: None,
    ) -> None:
        self._plan = plan
        self._journal = journal
        self._on_trial = on_trial
        self._running: dict[Future[Trial], RunningTrial] = {}
        self._spent = 0.0
        self.stopped: str | None = None
        """Why no further trial starts; None while the replay goes on."""

    def run(self, rows: Sequence[RecordedRow]) -> list[Trial]:
        """Run all trials that the journal does not hold yet; return all, in order of rows.

        KeyboardInterrupt ends it without waiting for running trials; finished ones are in the
        journal.
        """
        finished = {(trial.row_id, trial.repeat): trial for trial in self._journal.trials}
        self._spent = sum(trial.cost or 0.0 for trial in finished.values())
        jobs = [(row, repeat) for row in rows for repeat in range(self._plan.repeat)]
        todo = [(row, repeat) for row, repeat in jobs if (row.id, repeat) not in finished]
        models = models_replaced if self._plan.models == "recorded" else nullcontext()
        with Meter() as meter, tools_replaced, models:
            for number, trial in enumerate(self._run_all(iter(todo), meter), 1):
                self._spent += trial.cost or 0.0
                self._journal.add(trial)
                finished[trial.row_id, trial.repeat] = trial
                self._on_trial(trial, len(todo) - number)
        return [finished[key] for row, repeat in jobs if (key := (row.id, repeat)) in finished]

    def _run_all(self, todo: Iterator[Job], meter: Meter) -> Iterator[Trial]:
        self._start_some(todo, meter)
        while self._running:
            wait(self._running, timeout=TIMEOUT_CHECK_INTERVAL, return_when=FIRST_COMPLETED)
            yield from self._take_ended()
            self._start_some(todo, meter)

    def _start_some(self, todo: Iterator[Job], meter: Meter) -> None:
        while len(self._running) < self._plan.concurrency and not self._is_over_budget():
            job = next(todo, None)
            if job is None:
                return
            if self._plan.requests_per_minute:
                time.sleep(60 / self._plan.requests_per_minute)
            self._start(*job, meter)

    def _start(self, row: RecordedRow, repeat: int, meter: Meter) -> None:
        future: Future[Trial] = Future()

        def run() -> None:
            try:
                future.set_result(run_trial(self._plan, row, repeat, meter))
            except BaseException as error:  # noqa: BLE001  # `result` raises it, as a pool's does
                future.set_exception(error)

        Thread(target=copy_context().run, args=(run,), name="respan-replay", daemon=True).start()
        self._running[future] = RunningTrial(row.id, repeat, time.monotonic())

    def _is_over_budget(self) -> bool:
        limit = self._plan.max_cost
        if limit is not None and self._spent >= limit:
            self.stopped = f"max_cost of ${limit:g} reached"
        return self.stopped is not None

    def _take_ended(self) -> Iterator[Trial]:
        """Yield the trials that have finished or timed out; the others go on running."""
        now = time.monotonic()
        for future, trial in tuple(self._running.items()):
            seconds = now - trial.started
            if future.done():
                del self._running[future]
                yield future.result()
            elif self._plan.timeout is not None and seconds > self._plan.timeout:
                del self._running[future]
                yield Trial(trial.row_id, trial.repeat, "timed out", latency=seconds)
