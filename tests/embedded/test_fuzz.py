"""Whatever arrives: a documented status with a JSON body, and no row lost or changed unnamed."""

import json
import operator as operator_module
from contextlib import contextmanager
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.evaluations import wait_for_evaluations

from respan_langchain._constants import LOG_FIELDS, OPERATORS
from respan_langchain.embedded.http import Request
from respan_langchain.embedded.routes import respond
from respan_langchain.embedded.store.store import Store

DOCUMENTED = {200, 201, 204, 400, 404, 405, 413, 422}
INJECTIONS = [
    "' OR 1=1 --",
    "'; DROP TABLE logs; --",
    '" OR ""="',
    "1) OR (1=1",
    "seq; DELETE FROM logs",
    "cost DESC; --",
    "*",
    "%",
    "$.a",
    '$."a"',
    "\x00",
    "../..",
    "<script>",
]
LOGS = [
    {
        "input": f"row {number}",
        "output": {"role": "assistant", "content": "yes"},
        "metadata": {"model": model, "status": status, "team": team},
        "metrics": {"cost": number / 10, "total_tokens": number},
    }
    for number, (model, status, team) in enumerate(
        (model, status, team)
        for model in ("gpt-4o", "GPT-4o-mini", None)
        for status in ("success", "error")
        for team in ("red\0", 5, True, "ÜBER-red", '{"a"')
    )
]

texts = st.sampled_from(INJECTIONS) | st.text(max_size=20)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
values = scalars | st.lists(scalars, max_size=4)
numbers = st.floats(allow_nan=False) | st.integers(-(2**70), 2**70) | st.sampled_from([0, 0.5, 7])
near_values = (
    values | numbers | st.sampled_from(["gpt-4o", "gpt", "GPT", "4o", "red", "error", "row"])
)
names = (
    st.sampled_from(sorted(LOG_FIELDS))
    | st.sampled_from(
        ["metadata__team", "metadata__", "metadata__a.b", 'metadata__"', "created_at"]
    )
    | texts
)
operators = st.sampled_from(sorted(OPERATORS)) | texts
one_filter = st.fixed_dictionaries({"operator": operators, "value": near_values}) | values
filled = st.sampled_from(["model", "status", "cost", "total_tokens", "metadata__team"])
good_filter = st.fixed_dictionaries(
    {
        "operator": st.sampled_from(sorted(OPERATORS)),
        "value": st.sampled_from(
            ["gpt-4o", "GPT", "4o", "red", "über", "5", 5, 7, 0.5, 1, True, "\0", '"A"']
        )
        | near_values,
    }
)
filters = st.dictionaries(names, one_filter, max_size=3) | st.dictionaries(
    filled, good_filter, min_size=1, max_size=2
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)
log_parts = st.sampled_from(["input", "output", "expected_output", "metadata", "metrics", "prompt"])
metadata_names = st.sampled_from(["model", "status", "status_code", "span_name", "a"]) | texts
metric_names = st.sampled_from(
    ["cost", "latency", "timestamp", "start_time", "prompt_tokens", "tokens"]
)
one_log = st.dictionaries(log_parts | texts, anything, max_size=5) | st.fixed_dictionaries(
    {
        "input": anything,
        "metadata": st.dictionaries(metadata_names, values, max_size=4),
        "metrics": st.dictionaries(metric_names, scalars | numbers, max_size=4),
    }
)
body_parts = st.fixed_dictionaries(
    {},
    optional={
        "filters": filters | anything,
        "logs": st.lists(one_log, max_size=4) | anything,
        "name": texts | anything,
        "is_empty": st.booleans() | anything,
        "sampling": numbers | anything,
        "sampling_percentage": numbers | anything,
        "start_time": st.sampled_from(["2026-11-23", "9999-12-31T23:59:59-23:59", 1e300])
        | anything,
        "end_time": st.sampled_from(["2026-11-23T00:00:00Z", "now"]) | anything,
        "source_dataset_id": texts | anything,
        "is_deleting_all_logs": st.booleans() | anything,
        "evaluator_ids": st.lists(
            st.sampled_from(["exact_match", "regex:x"]) | anything, max_size=3
        ),
        "is_exporting": st.booleans(),
        "export_format": texts,
        "initial_log_filters": filters,
        "tags": anything,
        "starred": anything,
        "description": anything,
    },
)
bodies = (
    (body_parts | one_log | anything).map(lambda body: json.dumps(body).encode())
    | st.binary(max_size=60)
    | st.just(b"")
)
methods = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]) | st.text(
    max_size=5
)
words = st.sampled_from([
    "api", "datasets", "list", "logs", "bulk", "import", "summary", "eval-reports", "create", "",
    "DATASET", "LOG", "_saved_logs",
])  # fmt: skip
shapes = st.sampled_from([
    "", "list/", "DATASET/", "DATASET/logs/", "DATASET/logs/list/", "DATASET/logs/LOG/",
    "DATASET/logs/bulk/", "DATASET/logs/import/", "DATASET/logs/summary/",
    "DATASET/eval-reports/create/", "DATASET/eval-reports/list/", "_saved_logs/logs/import/",
])  # fmt: skip
paths = shapes.map(lambda shape: f"/api/datasets/{shape}") | st.lists(
    words | texts.map(quote) | st.text(max_size=4), max_size=7
).map(lambda parts: "/" + "/".join(parts))
queries = st.text(max_size=30) | st.lists(
    st.tuples(
        st.sampled_from(["page", "page_size", "sort_by", "include_fields"]),
        texts | st.integers().map(str) | st.sampled_from(["-cost", "created_at"]),
    ),
    max_size=3,
).map(lambda pairs: "&".join(f"{name}={quote(value)}" for name, value in pairs))

relaxed = settings(deadline=None, max_examples=60)
patient = settings(deadline=None, max_examples=3000)


@pytest.fixture(scope="session")
def platform_of_two(platform_on):
    """A platform of two datasets with the same logs, restored as often as there are examples."""
    filled = platform_on(Store(":memory:"))
    datasets = [filled.dataset(name) for name in ("one", "other")]
    for dataset in datasets:
        filled.fill(dataset, LOGS)
    platform = platform_on(Store(":memory:"))

    @contextmanager
    def restored():
        with filled.store.reading() as source, platform.store._pool.acquire() as connection:
            source.backup(connection)
        yield platform, *datasets
        wait_for_evaluations()

    return restored


def rows_of(platform, dataset) -> dict[str, str]:
    """Every row of a dataset by its id, whole."""
    with platform.store.reading() as connection:
        rows = connection.execute(
            "SELECT logs.*, contents.* FROM logs JOIN contents USING (seq)"
            " WHERE dataset = (SELECT seq FROM datasets WHERE id = ?)",
            (dataset,),
        ).fetchall()
    return {row["unique_id"]: repr(tuple(row)) for row in rows}


def wrong_totals(platform) -> list:
    with platform.store.reading() as connection:
        return connection.execute("""
            SELECT * FROM datasets WHERE log_count !=
                (SELECT count(*) FROM logs WHERE dataset = datasets.seq)
            OR abs(total_cost - (SELECT total(cost) FROM logs WHERE dataset = datasets.seq
                AND NOT covered)) > 1e-6 * (1 + abs(total_cost))
            """).fetchall()


@relaxed
@given(method=methods, path=paths, query=queries, body=bodies)
def test_any_request_is_answered_and_deletes_only_what_it_names(
    platform_of_two, method, path, query, body
):
    check_request(platform_of_two, method, path, query, body)


@pytest.mark.slow(seconds=30)
@patient
@given(method=methods, path=paths, query=queries, body=bodies)
def test_any_of_thousands_of_requests_is_answered(platform_of_two, method, path, query, body):
    check_request(platform_of_two, method, path, query, body)


def check_request(platform_of_two, method, path, query, body):
    with platform_of_two() as (platform, dataset, other):
        log = platform.logs(dataset)[3]["unique_id"]
        before, others = rows_of(platform, dataset), rows_of(platform, other)
        path = path.replace("DATASET", dataset).replace("LOG", log)

        response = respond(Request(method, path, query, {}, body), platform.store)
        wait_for_evaluations()

        assert response.status in DOCUMENTED
        assert response.status == 204 or isinstance(json.loads(response.body), dict)
        assert rows_of(platform, other) == others
        after = rows_of(platform, dataset)
        lost = {one for one, row in before.items() if after.get(one) != row}
        assert lost <= named_by(method, path, dataset, log, set(before))
        assert not wrong_totals(platform)


def named_by(method, path, dataset, log, rows) -> set[str]:
    """Say which rows a request may remove or change."""
    if method == "DELETE" and path in {
        f"/api/datasets/{dataset}/",
        f"/api/datasets/{dataset}/logs/import/",
    }:
        return rows
    changes_one = method in {"PATCH", "PUT", "DELETE"}
    return {log} if changes_one and path == f"/api/datasets/{dataset}/logs/{log}/" else set()


@relaxed
@given(asked=filters)
def test_a_filter_lists_and_removes_exactly_what_it_says(platform_of_two, asked):
    check_filter(platform_of_two, asked)


@pytest.mark.slow(seconds=30)
@patient
@given(asked=filters)
@example(asked={"unique_id": {"operator": "contains", "value": 0}})
@example(asked={"unique_id": {"operator": "isnull", "value": True}})
@example(asked={"created_at": {"operator": "isnull", "value": True}})
@example(asked={"timestamp": {"operator": "isnull", "value": False}})
def test_any_of_thousands_of_filters_is_exact(platform_of_two, asked):
    check_filter(platform_of_two, asked)


def check_filter(platform_of_two, asked):
    with platform_of_two() as (platform, dataset, other):
        stored = {log["input"]: log for log in platform.logs(dataset, query="page_size=100")}
        logs = [{**log, "stored": stored[log["input"]]} for log in LOGS]
        response = platform.ask(
            "POST", f"/datasets/{dataset}/logs/list/?page_size=100", {"filters": asked}
        )
        removal = platform.ask("DELETE", f"/datasets/{dataset}/logs/import/", {"filters": asked})
        left = platform.logs(dataset, query="page_size=100")

        assert len(platform.logs(other, query="page_size=100")) == len(LOGS)
        if response.status in {400, 422} or not asked:
            assert removal.status in {400, 422}
            assert len(left) == len(LOGS)
        else:
            assert (response.status, removal.status) == (200, 200)
            selected = {log["input"] for log in response.body["results"]}
            assert selected == {log["input"] for log in logs if matches(log, asked)}
            assert {log["input"] for log in left} == {log["input"] for log in LOGS} - selected


def matches(log, asked) -> bool:
    """The filters' meaning, once more in Python."""
    return all(
        matches_one(value_of(log, name), name, condition) for name, condition in asked.items()
    )


def value_of(log, name):
    if name.startswith("metadata__"):
        return log["metadata"].get(name.removeprefix("metadata__"))
    if name in GIVEN:
        return log["stored"].get(name)
    known = log["metadata"] | log["metrics"]
    return known.get(name) if name in FILLED else None


def matches_one(found, name, response) -> bool:
    operator, value = response.get("operator", ""), response["value"]
    wanted = value if isinstance(value, list) else [value]
    if operator == "isnull":
        return (found is None) == wanted[0]
    wanted = [as_column(name, one) for one in wanted]
    if operator == "not":
        return found is None or not any(equal(found, one) for one in wanted)
    return found is not None and any(holds(found, operator, one) for one in wanted)


def as_column(name, value):
    if name in NUMBERS:
        return float(value)
    if name.startswith("metadata__"):
        return value
    return value if isinstance(value, str) else str(value)


def equal(found, wanted) -> bool:
    return isinstance(found, str) == isinstance(wanted, str) and found == wanted


def holds(found, operator, wanted) -> bool:
    if operator in {"", "eq", "in"}:
        return equal(found, wanted)
    if operator in COMPARISONS:
        same_kind = isinstance(found, str) == isinstance(wanted, str)
        return same_kind and COMPARISONS[operator](*(as_bytes(one) for one in (found, wanted)))
    return RESEMBLANCES[operator](as_text(found), as_text(wanted))


def as_bytes(value):
    # SQLite orders texts by their bytes.
    return value.encode() if isinstance(value, str) else value


def as_text(value) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


NUMBERS = {"cost", "latency", "status_code", "prompt_tokens", "completion_tokens", "total_tokens"}
GIVEN = {"unique_id", "created_at", "timestamp"}  # by the platform
FILLED = {"model", "status", "cost", "total_tokens"}
COMPARISONS = {
    "lt": operator_module.lt,
    "lte": operator_module.le,
    "gt": operator_module.gt,
    "gte": operator_module.ge,
}
RESEMBLANCES = {
    "contains": lambda found, wanted: wanted in found,
    "icontains": lambda found, wanted: wanted.casefold() in found.casefold(),
    "startswith": str.startswith,
    "endswith": str.endswith,
    "iexact": lambda found, wanted: found.casefold() == wanted.casefold(),
}
