"""Runs rows against a runnable: in parallel, with time-outs and a cost limit, into a journal."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context

from respan_langchain.experiments.journal import Journal
from respan_langchain.experiments.meter import Meter
from respan_langchain.experiments.plan import Plan
from respan_langchain.experiments.recorded_rows import RecordedRow
from respan_langchain.experiments.results import Trial
from respan_langchain.experiments.trials import run_trial

POLL: float = 0.5
"""Seconds between two checks for trials that have timed out."""


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
        self._spent = 0.0
        self.stopped: str | None = None
        """Why no further trial starts; None while the replay goes on."""

    def run(self, rows: Sequence[RecordedRow]) -> list[Trial]:
        """Run all trials that the journal does not hold yet; return all, in order of rows.

        KeyboardInterrupt ends it without waiting for running trials; finished ones are in the
        journal.
        """
        finished = {(trial.row_id, trial.repeat): trial for trial in self._journal.read()}
        self._spent = sum(trial.cost or 0.0 for trial in finished.values())
        wanted = [(row, repeat) for row in rows for repeat in range(self._plan.repeat)]
        todo = [each for each in wanted if (each[0].id, each[1]) not in finished]
        with Meter() as meter:
            for number, trial in enumerate(self._run_all(iter(todo), meter), 1):
                self._journal.add(trial)
                finished[trial.row_id, trial.repeat] = trial
                self._on_trial(trial, len(todo) - number)
        return [finished[key] for row, n in wanted if (key := (row.id, n)) in finished]

    def _run_all(self, todo: Iterator[tuple[RecordedRow, int]], meter: Meter) -> Iterator[Trial]:
        pool = ThreadPoolExecutor(self._plan.concurrency, thread_name_prefix="respan-replay")
        running: dict[Future[Trial], tuple[RecordedRow, int, float]] = {}
        try:
            while True:
                self._start_some(pool, todo, running, meter)
                if not running:
                    return
                done, _ = wait(running, timeout=POLL, return_when=FIRST_COMPLETED)
                for future in done:
                    del running[future]
                    yield self._count(future.result())
                yield from self._give_up_late(running)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _start_some(
        self,
        pool: ThreadPoolExecutor,
        todo: Iterator[tuple[RecordedRow, int]],
        running: dict[Future[Trial], tuple[RecordedRow, int, float]],
        meter: Meter,
    ) -> None:
        while len(running) < self._plan.concurrency and not self._is_over_budget():
            row, repeat = next(todo, (None, 0))
            if row is None:
                return
            if self._plan.requests_per_minute:
                time.sleep(60 / self._plan.requests_per_minute)
            context = copy_context()
            future = pool.submit(context.run, run_trial, self._plan, row, repeat, meter)
            running[future] = row, repeat, time.monotonic()

    def _is_over_budget(self) -> bool:
        limit = self._plan.max_cost
        if limit is not None and self._spent >= limit:
            self.stopped = f"max_cost of ${limit:g} reached"
        return self.stopped is not None

    def _count(self, trial: Trial) -> Trial:
        self._spent += trial.cost or 0.0
        return trial

    def _give_up_late(
        self, running: dict[Future[Trial], tuple[RecordedRow, int, float]]
    ) -> Iterator[Trial]:
        if self._plan.timeout is None:
            return
        now = time.monotonic()
        for future, (row, repeat, began) in list(running.items()):
            if now - began > self._plan.timeout and not future.done():
                del running[future]
                yield Trial(row.id, repeat, "timed out", latency=now - began)
