"""The trace of OpenTelemetry in which the app makes a call stands on the row of that call."""

import asyncio
import subprocess
import sys

import pytest
from opentelemetry import trace
from support.constructs import QUESTION, sequence
from support.graphs import graph
from support.models import FakeChat

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def span():
    """A span of the app, as an instrumented web framework starts one for each request."""
    context = trace.SpanContext(int(TRACE_ID, 16), 1, is_remote=False)
    with trace.use_span(trace.NonRecordingSpan(context)):
        yield


@pytest.mark.parametrize(
    ("app", "question"),
    [(sequence(), QUESTION), (graph(), QUESTION), (FakeChat(), "hi")],
    ids=["chain", "graph", "model"],
)
@pytest.mark.parametrize("is_async", [False, True], ids=["invoke", "ainvoke"])
def test_a_root_row_names_the_trace_of_the_current_span(
    app, question, is_async, span, handler, rows_of
):
    config = {"callbacks": [handler]}
    if is_async:
        asyncio.run(app.ainvoke(question, config))
    else:
        app.invoke(question, config)

    rows = rows_of(handler)
    assert [row["metadata"]["otel_trace_id"] for row in rows.roots] == [TRACE_ID]
    below = [row for row in rows if row not in rows.roots]
    assert not [row for row in below if "otel_trace_id" in row["metadata"]]


def test_a_call_outside_of_any_span_names_no_trace(handler, rows_of):
    sequence().invoke(QUESTION, {"callbacks": [handler]})

    assert not [row for row in rows_of(handler) if "otel_trace_id" in row["metadata"]]


def test_the_apps_own_otel_trace_id_wins(span, handler, rows_of):
    metadata = {"otel_trace_id": "mine"}
    sequence().invoke(QUESTION, {"callbacks": [handler], "metadata": metadata})

    [root] = rows_of(handler).roots
    assert root["metadata"]["otel_trace_id"] == "mine"
    assert metadata == {"otel_trace_id": "mine"}


def test_a_call_does_not_import_opentelemetry(tmp_path):
    script = """
import sys
from langchain_core.runnables import RunnableLambda
from respan_langchain import RespanDatasetCallbackHandler
before = "opentelemetry.trace" in sys.modules
with RespanDatasetCallbackHandler("d", base_url="sqlite:///:memory:") as handler:
    RunnableLambda(str).invoke(1, {"callbacks": [handler]})
assert before == ("opentelemetry.trace" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
