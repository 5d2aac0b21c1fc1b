"""Logs: created in bulk, each row on its own; listed, filtered, read back as they were."""

import json

import pytest

EXAMPLE = {
    "input": [{"role": "user", "content": "Hello"}],
    "output": {"role": "assistant", "content": "Hi there!"},
    "expected_output": "Hi!",
    "metadata": {"model": "gpt-4o-mini", "log_type": "chat", "custom_identifier": "0198f0c2..."},
    "metrics": {
        "prompt_tokens": 3,
        "completion_tokens": 4,
        "total_tokens": 7,
        "cost": 0.0001,
        "latency": 0.41,
    },
}


def test_a_log_comes_back_as_it_went_in(platform):
    dataset = platform.dataset()

    response = platform.ask("POST", f"/datasets/{dataset}/logs/", EXAMPLE)
    log = platform.ask("GET", f"/datasets/{dataset}/logs/{response.body['unique_id']}/").body

    assert response.status == 201
    assert len(response.body["unique_id"]) == 32
    assert {name: log[name] for name in EXAMPLE} == EXAMPLE
    assert (log["model"], log["log_type"]) == ("gpt-4o-mini", "chat")
    assert (log["prompt_tokens"], log["total_request_tokens"]) == (3, 7)
    assert (log["cost"], log["latency"], log["scores"]) == (0.0001, 0.41, [])


def test_every_row_of_a_bulk_request_is_validated_on_its_own(platform):
    dataset = platform.dataset()

    response = platform.ask(
        "POST",
        f"/datasets/{dataset}/logs/bulk/",
        {"logs": [{"input": "a"}, {"input": None}, {"input": "c"}, {}, 5]},
    )

    assert response.status == 201
    assert (response.body["success_count"], response.body["error_count"]) == (2, 3)
    assert [one["index"] for one in response.body["errors"]] == [1, 3, 4]
    assert [log["input"] for log in platform.logs(dataset)] == ["a", "c"]


def test_when_every_row_fails_the_answer_is_400_with_the_same_envelope(platform):
    dataset = platform.dataset()

    response = platform.ask("POST", f"/datasets/{dataset}/logs/bulk/", {"logs": [{"output": "x"}]})

    assert response.status == 400
    assert response.body == {
        "success_count": 0,
        "error_count": 1,
        "errors": [{"index": 0, "error": "input: this field is required"}],
        "total_errors": 1,
    }


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 422),
        (b"[]", 422),
        (b"", 422),
        ({}, 422),
        ({"logs": "x"}, 422),
        ({"logs": []}, 400),
        ({"logs": [{"input": "x"}] * 501}, 400),
    ],
    ids=["broken", "array", "nothing", "no logs", "no array", "none", "501"],
)
def test_a_malformed_bulk_request_stores_nothing(platform, body, status):
    dataset = platform.dataset()

    response = platform.ask("POST", f"/datasets/{dataset}/logs/bulk/", body)

    assert response.status == status
    assert platform.logs(dataset) == []


@pytest.mark.parametrize("name", ["input", "output", "expected_output"])
@pytest.mark.parametrize("value", [None, 1, 0.5, True, False])
def test_input_and_output_are_never_null_a_number_or_a_boolean(platform, name, value):
    dataset = platform.dataset()

    response = platform.ask("POST", f"/datasets/{dataset}/logs/", {"input": "x"} | {name: value})

    assert response.status == 400
    assert list(response.body["errors"]) == [name]


@pytest.mark.parametrize("name", ["metadata", "metrics"])
@pytest.mark.parametrize("value", [None, "x", [], 3])
def test_metadata_and_metrics_are_objects(platform, name, value):
    dataset = platform.dataset()

    response = platform.ask("POST", f"/datasets/{dataset}/logs/", {"input": "x", name: value})

    assert response.status == 400


def test_only_the_log_that_is_nested_too_deeply_is_rejected(platform):
    dataset = platform.dataset()
    deep = json.loads("[" * 240 + "]" * 240)

    response = platform.ask(
        "POST", f"/datasets/{dataset}/logs/bulk/", {"logs": [{"input": deep}, {"input": "x"}]}
    )

    assert (response.status, response.body["success_count"]) == (201, 1)
    assert response.body["errors"] == [{"index": 0, "error": "input: is nested too deeply"}]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"model": {"operator": "", "value": "gpt-4o"}}, "ab"),
        ({"model": {"value": ["gpt-4o", "claude"]}}, "abc"),
        ({"model": {"operator": "not", "value": "gpt-4o"}}, "cd"),
        ({"model": {"operator": "in", "value": ["claude"]}}, "c"),
        ({"model": {"operator": "isnull", "value": True}}, "d"),
        ({"model": {"operator": "startswith", "value": "gpt"}}, "ab"),
        ({"model": {"operator": "endswith", "value": "4o"}}, "ab"),
        ({"model": {"operator": "contains", "value": "laud"}}, "c"),
        ({"model": {"operator": "contains", "value": "LAUD"}}, ""),
        ({"model": {"operator": "icontains", "value": "LAUD"}}, "c"),
        ({"model": {"operator": "icontains", "value": "%"}}, ""),
        ({"model": {"operator": "iexact", "value": "CLAUDE"}}, "c"),
        ({"cost": {"operator": "gt", "value": 0.1}}, "b"),
        ({"cost": {"operator": "gte", "value": "0.1"}}, "ab"),
        ({"cost": {"operator": "eq", "value": 0}}, "c"),
        ({"cost": {"operator": "lt", "value": 0.1}}, "c"),
        ({"total_tokens": {"operator": "lte", "value": 7}}, "a"),
        ({"metadata__team": {"operator": "", "value": "red"}}, "a"),
        ({"metadata__team": {"operator": "isnull", "value": True}}, "cd"),
        ({"metadata__team": {"operator": "icontains", "value": "ÜN"}}, "b"),
        ({"metadata__size": {"operator": "gt", "value": 2}}, "b"),
        ({"metadata__size": {"operator": "lt", "value": 5}}, "ab"),
        ({"metadata__size": {"operator": "lt", "value": "a"}}, "c"),
        ({'metadata__a"b': {"operator": "", "value": 1}}, "c"),
        ({"metadata__on": {"operator": "", "value": True}}, "c"),
        (
            {
                "model": {"operator": "", "value": "gpt-4o"},
                "cost": {"operator": "gt", "value": 0.1},
            },
            "b",
        ),
    ],
    ids=repr,
)
def test_a_filter_selects_exactly_the_matching_logs(platform, filters, found):
    dataset = platform.dataset()
    platform.fill(
        dataset,
        [
            _log("a", {"model": "gpt-4o", "team": "red", "size": 2}, {"cost": 0.1, "tokens": 7}),
            _log("b", {"model": "gpt-4o", "team": "grün", "size": 3}, {"cost": 0.2}),
            _log("c", {"model": "claude", 'a"b': 1, "on": True, "size": "9"}, {"cost": 0}),
            _log("d", {}, {}),
        ],
    )

    assert "".join(log["input"] for log in platform.logs(dataset, filters)) == found


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("colour", {"operator": "", "value": "red"}),
        ("metadata__", {"operator": "", "value": "red"}),
        ("model", {"operator": "resembles", "value": "x"}),
        ("model", {"operator": ["eq"], "value": "x"}),
        ("model", {"operator": "eq"}),
        ("model", {"operator": "eq", "value": None}),
        ("model", {"operator": "eq", "value": []}),
        ("model", {"operator": "not", "value": []}),
        ("model", {"operator": "contains", "value": ""}),
        ("model", {"operator": "eq", "value": "x", "more": 1}),
        ("model", "x"),
        ("cost", {"operator": "gt", "value": "much"}),
        ("cost", {"operator": "contains", "value": "1"}),
        ("cost", {"operator": "isnull", "value": 1}),
    ],
    ids=repr,
)
def test_an_invalid_filter_is_rejected_by_name(platform, name, asked):
    dataset = platform.dataset()

    response = platform.ask("POST", f"/datasets/{dataset}/logs/list/", {"filters": {name: asked}})

    assert response.status == 400
    assert list(response.body["errors"]) == [name]


def test_logs_are_sorted_and_paged(platform):
    dataset = platform.dataset()
    platform.fill(dataset, [_log(str(n), {}, {"cost": n % 3}) for n in range(6)])

    first = platform.logs(dataset, query="sort_by=-cost&page_size=4")
    rest = platform.logs(dataset, query="sort_by=-cost&page_size=4&page=2")

    assert [log["cost"] for log in first + rest] == [2, 2, 1, 1, 0, 0]
    assert platform.logs(dataset, query="page=9") == []


@pytest.mark.parametrize("query", ["page=0", "page=x", "page=-1", "page_size=0", "sort_by=input"])
def test_an_invalid_page_is_rejected(platform, query):
    response = platform.ask("POST", f"/datasets/{platform.dataset()}/logs/list/?{query}")

    assert response.status == 400


def test_only_the_included_fields_are_listed(platform):
    dataset = platform.dataset()
    platform.fill(dataset, [EXAMPLE])

    assert platform.logs(dataset, query="include_fields=input,%20cost") == [
        {"input": EXAMPLE["input"], "cost": 0.0001}
    ]


def test_the_client_of_the_transport_sees_the_same_platform(client):
    dataset = client.post("datasets/", json={"name": "d", "is_empty": True}).json()["id"]
    stored = client.post(f"datasets/{dataset}/logs/bulk/", json={"logs": [EXAMPLE] * 3})
    listed = client.post(f"datasets/{dataset}/logs/list/?page_size=2", json={})

    assert (stored.status_code, stored.json()["success_count"]) == (201, 3)
    assert listed.json()["count"] == 3
    assert client.post(listed.json()["next"], json={}).json()["previous"]


def _log(response: str, metadata: dict, metrics: dict) -> dict:
    return {"input": response, "metadata": metadata, "metrics": metrics}
