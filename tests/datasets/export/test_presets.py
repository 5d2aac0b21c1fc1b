"""Each preset is loaded by the package of its tool, as its users would."""

import asyncio
import base64
import json
import re

import pytest

from tests.datasets.export.test_otel_genai import CALL, ROW, export, span_of

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

CHAIN = {
    "input": {"question": "Weather?"},
    "output": "Sunny.",
    "expected_output": "It is sunny.",
    "metadata": {
        "log_type": "workflow",
        "custom_identifier": "run-1",
        "tags": ["a"],
        "retrieved_documents": [{"content": "Sun all day.", "metadata": {}}],
    },
    "metrics": {"timestamp": "2026-11-23T03:20:13+00:00", "latency": 1.5},
}


@pytest.fixture(autouse=True)
def event_loop():
    """Closes the loop in which a tool runs, since tools leave it open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


def test_pydantic_evals_evaluates_the_cases():
    evals = pytest.importorskip("pydantic_evals", exc_type=ImportError)
    cases = [export("pydantic-evals", CHAIN), export("pydantic-evals")]
    dataset = evals.Dataset.from_dict({"name": "demo", "cases": cases})

    report = dataset.evaluate_sync(lambda inputs: "It is sunny.", progress=False)

    assert [case.expected_output for case in report.cases] == ["It is sunny.", None]
    assert [case.inputs for case in report.cases] == [{"question": "Weather?"}, ROW["input"]]


def test_ragas_loads_the_samples():
    schema = pytest.importorskip("ragas.dataset_schema", exc_type=ImportError)
    dataset = schema.EvaluationDataset.from_list([export("ragas", CHAIN)])

    [sample] = dataset.samples
    assert (sample.user_input, sample.response) == ("Weather?", "Sunny.")
    assert (sample.reference, sample.retrieved_contexts) == ("It is sunny.", ["Sun all day."])


def test_langfuse_sends_the_items():
    langfuse = pytest.importorskip("langfuse", exc_type=ImportError)
    import httpx

    sent = []

    def answer(request):
        sent.append(json.loads(request.content))
        return httpx.Response(401)

    client = langfuse.Langfuse(
        public_key="pk", secret_key="sk", tracing_enabled=False,  # noqa: S106
        httpx_client=httpx.Client(transport=httpx.MockTransport(answer)),
    )  # fmt: skip
    with pytest.raises(Exception, match="401"):
        client.create_dataset_item(dataset_name="demo", **export("langfuse", CHAIN))

    [item] = sent
    assert (item["id"], item["input"]) == ("run-1", {"question": "Weather?"})
    assert item["expectedOutput"] == "It is sunny."


def test_braintrust_evaluates_the_records():
    braintrust = pytest.importorskip("braintrust", exc_type=ImportError)
    records = [export("braintrust", CHAIN), export("braintrust")]

    result = braintrust.Eval(
        "demo",
        data=[braintrust.EvalCase(**record) for record in records],
        task=lambda _: "It is sunny.",
        scores=[lambda output, expected: float(output == expected)],
        no_send_logs=True,
    )

    assert [each.expected for each in result.results] == ["It is sunny.", None]
    assert [[*each.scores.values()] for each in result.results] == [[1.0], [0.0]]


def test_phoenix_logs_the_spans():
    phoenix = pytest.importorskip("phoenix.client", exc_type=ImportError)
    import httpx

    sent = []

    def answer(request):
        sent.append(json.loads(request.content)["data"])
        return httpx.Response(202, json={"total_received": 2, "total_queued": 2})

    http = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://phoenix")
    spans = [export("openinference", row) for row in (ROW, CHAIN)]
    phoenix.Client(http_client=http).spans.log_spans(project_identifier="demo", spans=spans)

    assert [each["span_kind"] for each in sent[0]] == ["LLM", "CHAIN"]
    assert sent[0][0]["attributes"]["llm.token_count.total"] == 17


def test_openinference_knows_the_attributes():
    trace = pytest.importorskip("openinference.semconv.trace", exc_type=ImportError)
    classes = [each for each in vars(trace).values() if isinstance(each, type)]
    known = {value for each in classes for value in vars(each).values() if isinstance(value, str)}

    names = {name for row in (ROW, CHAIN) for name in export("openinference", row)["attributes"]}
    # An item of a list is `list.0.item`: both names are in the conventions.
    parts = {part for name in names for part in re.split(r"\.\d+\.", name)}
    assert parts <= known


def test_a_collector_reads_the_spans():
    pb2 = pytest.importorskip("opentelemetry.proto.trace.v1.trace_pb2", exc_type=ImportError)
    from google.protobuf.json_format import Parse

    for row in (ROW, CHAIN):
        line = export("otel-genai", row)
        span = span_of(line)
        # OTLP JSON has ids as hexadecimal digits, where protobuf's JSON has base64.
        for name in {"traceId", "spanId", "parentSpanId"} & span.keys():
            span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
        parsed = Parse(json.dumps(line), pb2.TracesData())
        [read] = parsed.resource_spans[0].scope_spans[0].spans
        assert read.end_time_unix_nano > read.start_time_unix_nano > 0
        assert (len(read.trace_id), len(read.span_id)) == (16, 8)


def test_opentelemetry_knows_the_attributes():
    genai = pytest.importorskip(
        "opentelemetry.semconv._incubating.attributes.gen_ai_attributes", exc_type=ImportError
    )
    known = {value for value in vars(genai).values() if isinstance(value, str)}
    span = span_of(export("otel-genai"))
    holders = [span, *span["events"]]

    names = {each["key"] for holder in holders for each in holder["attributes"]}
    assert {name for name in names if name.startswith("gen_ai.")} <= known
    assert CALL["id"] in json.dumps(span)
