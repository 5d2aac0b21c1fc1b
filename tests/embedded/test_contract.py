"""The contract's 18 endpoints, asked by values, through the transport, and over a real port."""

from collections.abc import Iterator

import httpx
import pytest

from respan_langchain.embedded.store.store import Store
from respan_langchain.embedded.transport import LocalTransport
from respan_langchain.server.asgi import serving

LOG = {
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
DATASET_FIELDS = {
    "id", "name", "description", "type", "status", "log_count", "created_at", "updated_at",
    "organization_id", "updated_by", "log_ids", "tags", "starred", "running_status",
    "running_progress", "completed_annotation_count", "initial_log_filters",
}  # fmt: skip
LOG_FIELDS = {
    "input", "output", "expected_output", "metadata", "prompt_tokens", "completion_tokens",
    "total_request_tokens", "cost", "latency", "model", "status", "status_code", "scores",
    "error_message", "unique_id",
}  # fmt: skip


@pytest.fixture(scope="module", params=["transport", "port"])
def door(request, tmp_path_factory) -> Iterator[httpx.Client]:
    store = Store(tmp_path_factory.mktemp("platform") / "respan.db")
    headers = {"Authorization": "Bearer any"}
    if request.param == "transport":
        with httpx.Client(
            transport=LocalTransport(store), base_url="http://respan.local/api/", headers=headers
        ) as client:
            yield client
    else:
        with (
            serving(store) as address,
            httpx.Client(base_url=f"{address}/api/", headers=headers) as client,
        ):
            yield client
    store.close()


@pytest.fixture
def api(door) -> Iterator[httpx.Client]:
    yield door
    for dataset in door.post("datasets/list/?page_size=100", json={}).json()["results"]:
        door.delete(f"datasets/{dataset['id']}/").raise_for_status()


@pytest.fixture
def dataset(api) -> str:
    response = api.post("datasets/", json={"name": "d", "is_empty": True})
    assert response.status_code == 201
    return response.json()["id"]


def ids(api, dataset, query="sort_by=created_at", **body) -> list[str]:
    listed = api.post(f"datasets/{dataset}/logs/list/?{query}", json=body)
    assert listed.status_code == 200
    return [log["unique_id"] for log in listed.json()["results"]]


def fill(api, dataset, *logs) -> list[str]:
    response = api.post(f"datasets/{dataset}/logs/bulk/", json={"logs": list(logs)})
    assert (response.status_code, response.json()["success_count"]) == (201, len(logs))
    return ids(api, dataset)


def test_01_create_and_03_retrieve_a_dataset(api):
    response = api.post("datasets/", json={"name": "d", "is_empty": True, "description": "words"})
    found = api.get(f"datasets/{response.json()['id']}/")

    assert response.status_code == 201
    assert found.status_code == 200
    assert set(found.json()) >= DATASET_FIELDS
    assert found.json()["status"] == "ready"


def test_01_a_dataset_is_filled_with_the_logs_of_a_time_span(api, dataset):
    fill(
        api,
        dataset,
        {"input": "before", "metrics": {"timestamp": "2026-11-22T23:59:59Z"}},
        {"input": "within", "metrics": {"timestamp": "2026-11-23T12:00:00Z"}},
        {"input": "filtered", "metrics": {"timestamp": "2026-11-23T12:00:00Z", "cost": 2}},
    )

    response = api.post(
        "datasets/",
        json={
            "name": "sampled",
            "start_time": "2026-11-23T00:00:00Z",
            "end_time": "2026-11-24T00:00:00Z",
            "initial_log_filters": {"cost": {"operator": "isnull", "value": True}},
        },
    )
    listed = api.post(f"datasets/{response.json()['id']}/logs/list/", json={}).json()["results"]

    assert response.status_code == 201
    assert [log["input"] for log in listed] == ["within"]


def test_01_a_dataset_is_duplicated(api, dataset):
    fill(api, dataset, LOG, LOG)

    response = api.post("datasets/", json={"source_dataset_id": dataset})

    assert (response.status_code, response.json()["name"]) == (201, "d (copy)")
    assert len(ids(api, response.json()["id"])) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"name": "d"},
        {"name": "d", "start_time": "2026-11-23T00:00:00Z"},
        {"name": "d", "start_time": "soon", "end_time": "later"},
        {"name": "d", "is_empty": "yes"},
        {"is_empty": True},
        {"name": "d", "is_empty": True, "sampling": 0},
        {"name": "d", "is_empty": True, "sampling": 101},
        {"name": "d", "is_empty": True, "initial_log_filters": {"x": {"value": 1}}},
    ],
    ids=str,
)
def test_01_an_invalid_dataset_is_rejected(api, body):
    response = api.post("datasets/", json=body)

    assert response.status_code == 400
    assert response.json()["errors"]
    assert api.post("datasets/list/", json={}).json()["count"] == 0


def test_01_no_dataset_is_made_of_an_unknown_one(api):
    response = api.post("datasets/", json={"name": "d", "source_dataset_id": "nowhere"})

    assert response.status_code == 404
    assert api.post("datasets/list/", json={}).json()["count"] == 0


def test_02_list_datasets(api, dataset):
    response = api.post("datasets/list/?page=1&page_size=10&sort_by=-name", json={"filters": {}})

    assert response.status_code == 200
    assert set(response.json()) >= {"count", "next", "previous", "results"}
    assert [one["id"] for one in response.json()["results"]] == [dataset]
    assert set(response.json()["results"][0]) >= DATASET_FIELDS


def test_04_change_a_dataset(api, dataset):
    response = api.patch(
        f"datasets/{dataset}/", json={"name": "new", "starred": True, "tags": ["t"]}
    )

    assert response.status_code == 200
    assert (response.json()["name"], response.json()["starred"], response.json()["tags"]) == (
        "new",
        True,
        [{"id": "t", "name": "t", "color": None}],
    )


def test_05_remove_a_dataset_with_its_logs(api, dataset):
    fill(api, dataset, LOG)
    other = api.post("datasets/", json={"name": "other", "is_empty": True}).json()["id"]
    fill(api, other, LOG)

    response = api.delete(f"datasets/{dataset}/")

    assert (response.status_code, response.content) == (204, b"")
    assert api.get(f"datasets/{dataset}/").status_code == 404
    assert len(ids(api, other)) == 1


def test_06_create_a_log_and_08_retrieve_it(api, dataset):
    response = api.post(f"datasets/{dataset}/logs/", json=LOG)
    log = api.get(f"datasets/{dataset}/logs/{response.json()['unique_id']}/")

    assert response.status_code == 201
    assert response.json()["message"]
    assert log.status_code == 200
    assert set(log.json()) >= LOG_FIELDS
    assert {name: log.json()[name] for name in LOG} == LOG


def test_07_list_logs(api, dataset):
    fill(api, dataset, *[LOG] * 3)

    response = api.post(f"datasets/{dataset}/logs/list/?page=2&page_size=2", json={"filters": {}})

    assert response.status_code == 200
    assert response.json()["count"] == 3
    assert response.json()["next"] is None
    assert httpx.URL(response.json()["previous"]).params["page"] == "1"
    assert set(response.json()["results"][0]) >= LOG_FIELDS


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_07_exporting_answers_with_a_message(api, dataset, suffix):
    response = api.post(
        f"datasets/{dataset}/logs/list/", json={"is_exporting": True, "export_format": suffix}
    )

    assert response.status_code == 200
    assert suffix in response.json()["message"]


def test_09_only_the_given_fields_of_a_log_change(api, dataset):
    (unique_id,) = fill(api, dataset, LOG)

    response = api.patch(
        f"datasets/{dataset}/logs/{unique_id}/",
        json={"expected_output": "Hello!", "metadata": {"model": "gpt-4o"}, "prompt": {"id": 1}},
    )

    assert response.status_code == 200
    assert (response.json()["input"], response.json()["expected_output"]) == (
        LOG["input"],
        "Hello!",
    )
    assert (response.json()["model"], response.json()["cost"]) == ("gpt-4o", 0.0001)
    assert response.json()["prompt"] == {"id": 1}


@pytest.mark.parametrize("body", [{"metrics": {}}, {"output": None}, {"metadata": []}], ids=str)
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_09_an_invalid_update_changes_nothing(api, dataset, method, body):
    (unique_id,) = fill(api, dataset, LOG)

    response = api.request(
        method, f"datasets/{dataset}/logs/{unique_id}/", json=body | {"input": "new"}
    )

    assert response.status_code == 400
    assert api.get(f"datasets/{dataset}/logs/{unique_id}/").json()["input"] == LOG["input"]


def test_10_remove_a_log(api, dataset):
    first, second = fill(api, dataset, LOG, LOG)

    response = api.delete(f"datasets/{dataset}/logs/{first}/")

    assert (response.status_code, response.content) == (204, b"")
    assert ids(api, dataset) == [second]


def test_10_a_log_is_found_in_its_own_dataset_only(api, dataset):
    (unique_id,) = fill(api, dataset, LOG)
    other = api.post("datasets/", json={"name": "other", "is_empty": True}).json()["id"]

    assert api.delete(f"datasets/{other}/logs/{unique_id}/").status_code == 404
    assert ids(api, dataset) == [unique_id]


def test_11_bulk(api, dataset):
    response = api.post(f"datasets/{dataset}/logs/bulk/", json={"logs": [LOG, {"input": 5}]})

    assert response.status_code == 201
    assert response.json() == {
        "success_count": 1,
        "error_count": 1,
        "errors": [
            {"index": 1, "error": "input: must be a string, an object or an array, not a number"}
        ],
        "total_errors": 1,
    }


def test_14_replacing_a_log_removes_what_is_left_out(api, dataset):
    (unique_id,) = fill(api, dataset, LOG)

    response = api.put(f"datasets/{dataset}/logs/{unique_id}/", json={"input": "new"})

    assert response.status_code == 200
    assert (response.json()["input"], response.json()["output"], response.json()["model"]) == (
        "new",
        None,
        None,
    )
    assert response.json()["metrics"] == LOG["metrics"]


def test_15_importing_twice_stores_once(api, dataset):
    fill(api, dataset, LOG, {"input": "other"})
    target = api.post("datasets/", json={"name": "t", "is_empty": True}).json()["id"]
    body = {"filters": {"model": {"operator": "", "value": "gpt-4o-mini"}}}

    responses = [api.post(f"datasets/{target}/logs/import/", json=body) for _ in range(2)]

    assert [one.status_code for one in responses] == [200, 200]
    assert responses[0].json()["message"]
    assert len(ids(api, target)) == 1
    assert len(ids(api, dataset)) == 2


def test_15_a_sample_is_the_same_each_time(api, dataset):
    fill(api, dataset, *[LOG] * 200)
    targets = [
        api.post("datasets/", json={"name": "t", "is_empty": True}).json()["id"] for _ in range(2)
    ]

    counts = [
        api.post(
            f"datasets/{target}/logs/import/",
            json={"sampling_percentage": 50, "source_dataset_id": dataset},
        ).json()["count"]
        for target in targets
    ]

    assert counts[0] == counts[1]
    assert 40 < counts[0] < 160


def test_16_only_what_the_filter_selects_is_removed(api, dataset):
    fill(api, dataset, LOG, {"input": "other"})

    response = api.request(
        "DELETE",
        f"datasets/{dataset}/logs/import/",
        json={"filters": {"model": {"operator": "eq", "value": "gpt-4o-mini"}}},
    )

    assert response.status_code == 200
    assert response.json()["message"]
    assert len(ids(api, dataset)) == 1


def test_16_all_logs_of_this_dataset_are_removed(api, dataset):
    other = api.post("datasets/", json={"name": "other", "is_empty": True}).json()["id"]
    fill(api, other, LOG)
    fill(api, dataset, *[LOG] * 3)

    response = api.request(
        "DELETE", f"datasets/{dataset}/logs/import/", json={"is_deleting_all_logs": True}
    )

    assert response.status_code == 200
    assert (len(ids(api, dataset)), len(ids(api, other))) == (0, 1)
    assert api.get(f"datasets/{dataset}/").json()["log_count"] == 0


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"filters": {}},
        {"is_deleting_all_logs": False},
        {"is_deleting_all_logs": "true"},
        {"is_deleting_all_logs": True, "filter": {"model": {"value": "x"}}},
        {"is_deleting_all_logs": True, "filters": {"model": {"value": "x"}}},
        {"filters": {"modle": {"value": "x"}}},
        {"filters": {"model": {"operator": "like", "value": "x"}}},
        {"filters": [{"model": "x"}]},
    ],
    ids=str,
)
def test_16_a_removal_that_is_not_clear_removes_nothing(api, dataset, body):
    fill(api, dataset, LOG)

    response = api.request("DELETE", f"datasets/{dataset}/logs/import/", json=body)

    assert response.status_code in {400, 422}
    assert len(ids(api, dataset)) == 1


def test_17_and_18_summaries(api, dataset):
    fill(api, dataset, LOG, LOG | {"metrics": {"cost": 1, "latency": 2.41}, "metadata": {}})

    whole = api.get(f"datasets/{dataset}/logs/summary/")
    part = api.post(
        f"datasets/{dataset}/logs/summary/",
        json={"filters": {"cost": {"operator": "gt", "value": 0.5}}},
    )

    assert whole.status_code == part.status_code == 200
    assert whole.json() == {
        "number_of_requests": 2,
        "number_with_cost": 2,
        "number_with_tokens": 1,
        "number_with_latency": 2,
        "total_cost": 1.0001,
        "total_tokens": 7,
        "total_prompt_tokens": 3,
        "total_completion_tokens": 4,
        "avg_latency": pytest.approx(1.41),
        "avg_tps": 0.0,
        "avg_ttft": 0.0,
        "scores": {},
    }
    assert (part.json()["number_of_requests"], part.json()["total_cost"]) == (1, 1)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "datasets/"),
        ("PUT", "datasets/list/"),
        ("POST", "datasets/{}/"),
        ("GET", "datasets/{}/logs/bulk/"),
        ("POST", "datasets/{}/logs/x/"),
        ("PATCH", "datasets/{}/logs/summary/"),
        ("POST", "datasets/{}/eval-reports/list/"),
        ("OPTIONS", "datasets/"),
    ],
)
def test_a_method_that_is_not_offered_is_405(api, dataset, method, path):
    response = api.request(method, path.format(dataset))

    assert response.status_code == 405
    assert response.json()["allowed"]


@pytest.mark.parametrize("path", ["", "x/", "datasets", "datasets/{}/logs/a/b/", "datasets/{}/x/"])
def test_a_path_that_is_no_endpoint_is_404(api, dataset, path):
    response = api.get(path.format(dataset))

    assert response.status_code == 404
    assert response.json()["detail"]
