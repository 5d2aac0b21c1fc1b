"""Interrupted traces that any process of a fleet may resume.

An interrupted trace is stored together with the rows that a forwarder sends if no process resumes
it. The process that resumes it takes it out of the store and builds one row of both parts.
"""

from collections.abc import Callable, Iterable, Sequence

import orjson

from respan_langchain._clock import CLOCK
from respan_langchain.delivery.row import EncodedRow
from respan_langchain.fleet.producer import Producer
from respan_langchain.fleet.row_states import RowStates
from respan_langchain.fleet.traces import InterruptedTrace
from respan_langchain.pipeline.row_builder import RowBuilder
from respan_langchain.rules.decision import NOT_KEPT
from respan_langchain.serialization.json_value import Json
from respan_langchain.tracing.capture_policy import has_consent
from respan_langchain.tracing.interrupts import continue_trace
from respan_langchain.tracing.run import DeferredRow, Run, Trace
from respan_langchain.tracing.trace_record import dump_trace, load_trace
from respan_langchain.tracing.waiting import stop_key, thread_key


class SharedTraces:
    """The interrupted traces of one handler in the store of its fleet.

    As the handler's `WaitingTraces` it keeps traces that stopped; when it builds the rows of the
    runs that finished, and so has counted the last runs of these traces, it stores them.
    """

    def __init__(
        self,
        row_builder: RowBuilder,
        producer: Producer,
        timeout: float,
        to_json: Callable[[object], Json],
    ) -> None:
        """Store traces for `timeout` seconds, with their content as `to_json` copies it."""
        self._row_builder = row_builder
        self._producer = producer
        self._store = producer.traces  # those of other datasets too
        self._timeout = timeout
        self._to_json = to_json
        self.states = RowStates(producer.url, producer.direct_rows)
        """What becomes of the rows once Redis has them."""
        self._stopped: dict[str, Trace] = {}
        """Interrupted traces by key, until their last runs are counted and they are stored."""

    def __len__(self) -> int:
        return len(self._stopped)

    def put(self, trace: Trace, now: float) -> bool:
        """Keep a trace that stopped, until it is stored; False when the trace is complete."""
        key, thread = stop_key(trace, self._timeout), thread_key(trace)
        if thread is not None:
            self._store.note_stop(self._address(thread), key)
        if key is None:
            return False
        self._stopped[key] = trace
        return True

    def join_earlier(self, trace: Trace) -> None:
        """Join a resumed trace with its earlier part, which is taken out of the store."""
        keys = [] if trace.resumed_from is None else [trace.resumed_from]
        thread = thread_key(trace) if trace.forked_from is None else None
        if thread is not None:
            keys += [self._store.pop_stop(self._address(thread)) or thread, thread]
        earlier = self._take(keys)
        if earlier is not None:
            continue_trace(earlier, trace)

    def next_deadline(self) -> None:
        """Return None: a forwarder sends what nobody resumes."""

    def take_due(self, now: float) -> list[Trace]:
        """Return nothing: a forwarder sends what nobody resumes."""
        return []

    def remove(self, is_removed: Callable[[Trace], bool]) -> int:
        """Return 0: those that stopped are in the store, where they are found by their rows."""
        return 0

    def clear(self) -> None:
        """Discard, in a child process, what its parent delivers."""
        self._stopped.clear()
        self._store.clear()

    def _take(self, keys: Sequence[str]) -> Trace | None:
        """Return the trace that stopped at the first key that has one."""
        for key in keys:
            if (trace := self._stopped.pop(key, None)) is not None:
                return trace
        stored = self._store.take([self._address(key) for key in keys]) if keys else None
        if stored is None:
            return None
        trace = load_trace(orjson.loads(stored.record), CLOCK.epoch())
        if trace is None:
            # Another version's: a forwarder sends it as interrupted.
            self._put_into_store(keys[0], stored)
            return None
        trace.deferred_rows = list(stored.deferred)
        return trace

    def _address(self, key: str) -> str:
        return f"{self._row_builder.dataset} {key}"

    # -- rows are built --------------------------------------------------------------------------

    def build_rows(self, runs: Iterable[Run]) -> list[EncodedRow]:
        """Build the rows of finished runs, and store the traces that stopped."""
        rows = self._row_builder.build_rows(runs)
        while self._stopped:
            rows += self._store_trace(*self._stopped.popitem())
        self.states.remember(rows)
        self._producer.keep_reporting()
        return rows

    def _store_trace(self, key: str, trace: Trace) -> list[EncodedRow]:
        """Store a trace that stopped; return its rows if that is not possible."""
        builder = self._row_builder
        if trace.sampling_decision is NOT_KEPT or not has_consent(trace, builder.policy):
            return builder.build_rows([trace.root])
        trace.deferred_rows = builder.build_deferred(trace)
        content = builder.options.content
        record = dump_trace(trace, CLOCK.epoch(), self._to_json, content=content)
        record["row"] = dict(builder.describe_root(trace.root))  # `forget` finds the trace by it
        # The sampling decision as it is if nobody resumes it.
        rows = builder.build_rows([trace.root])
        stored = InterruptedTrace(
            builder.encoder.encode(record),
            trace.deferred_rows,
            [DeferredRow(row.id, row.dataset, row.body) for row in rows],
        )
        return [] if self._put_into_store(key, stored) else rows

    def _put_into_store(self, key: str, trace: InterruptedTrace) -> bool:
        return self._store.put(self._address(key), trace, self._timeout)
