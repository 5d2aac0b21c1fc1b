"""An interrupted trace as JSON: what another process reads of it."""

import json
from dataclasses import fields
from decimal import Decimal
from uuid import UUID

from respan_langchain.serialization.json_value import json_value
from respan_langchain.tracing.run import Run, Trace
from respan_langchain.tracing.totals import RequestedCall, Step, Totals
from respan_langchain.tracing.trace_record import dump_trace, load_trace
from respan_langchain.usage.cost import Cost
from respan_langchain.usage.usage import Usage

EPOCH, OTHER_EPOCH = 1_700_000_000.0, 1_700_000_400.0


def stopped_trace():
    root = Run(UUID(int=1), "chain", "graph", None, 10.0, {"question": "q"})
    root.ended = 12.0
    trace = root.trace = Trace(root, root.id, 12.0)
    totals = trace.totals
    totals.add_usage(Usage(10, 2, 12))
    totals.add_cost(Cost(Decimal("0.0000012"), "provider", "complete"))
    totals.first_token = 11.0
    call = RequestedCall("call-1", "search", {"q": "x"}, position=(11.5, 0))
    totals.requested_calls["call-1"] = call
    waiting = {"tool": "search", "status": "interrupted"}
    totals.add_step(Step("search", (11.6, 0), waiting), "call-1")
    totals.add_step(Step("look", (11.7, 0), {"tool": "look"}), None)
    totals.add_documents(2**100, ["a document"])
    totals.add_query(2**100, {"query": "a query"})
    return trace


def read(record):
    return load_trace(json.loads(json.dumps(record)), OTHER_EPOCH)


def test_a_process_with_another_clock_reads_the_same_times_and_totals():
    trace = stopped_trace()
    loaded = read(dump_trace(trace, EPOCH, json_value, content=True))

    assert loaded.root.started == 10.0 - 400.0
    assert loaded.root.latency == 2.0
    totals = loaded.totals
    assert (totals.usage, totals.cost) == (trace.totals.usage, trace.totals.cost)
    assert totals.first_token == 11.0 - 400.0
    assert totals.trajectory == trace.totals.trajectory
    assert totals.documents_by_run == trace.totals.documents_by_run
    assert totals.retrievals == [{"query": "a query", "documents": [0]}]
    call = totals.requested_calls["call-1"]
    assert (call.name, call.args, call.position) == ("search", {"q": "x"}, (11.5 - 400.0, 0))


def test_without_content_only_numbers_and_ids_are_stored():
    record = dump_trace(stopped_trace(), EPOCH, json_value, content=False)

    assert record.keys() == {"metrics", "metadata", "configurable"}
    assert "search" not in json.dumps(record)
    assert read(record).totals.usage.total_tokens == 12


def test_no_content_is_among_the_numbers_that_are_not_redacted():
    record = dump_trace(stopped_trace(), EPOCH, json_value, content=True)
    with_content = [
        field.name
        for field in fields(Totals)
        if any(kind in str(field.type) for kind in ("object", "Step", "Call"))
    ]

    assert {"steps", "requested_calls", "queries"} <= set(with_content)
    assert not any(record["metrics"]["totals"][name] for name in with_content)


def test_content_that_was_replaced_by_a_text_is_left_out():
    record = dump_trace(stopped_trace(), EPOCH, json_value, content=True)
    replaced = {name: value if name == "metrics" else "[dropped]" for name, value in record.items()}

    loaded = read(replaced)
    assert (loaded.root.inputs, loaded.totals.steps) == ("[dropped]", {})
    assert loaded.totals.usage.total_tokens == 12


def test_a_record_of_another_version_is_not_read():
    assert read({"metrics": {"id": "1"}}) is None
    assert read({}) is None
