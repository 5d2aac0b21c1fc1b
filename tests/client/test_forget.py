"""`DatasetClient.forget` deletes the logs of a customer, a thread or a run, and no others."""

import pytest

from respan_langchain import DatasetClient
from respan_langchain.client.subject import build_subject
from respan_langchain.embedded.store.store import open_store
from respan_langchain.embedded.transport import LocalTransport
from respan_langchain.errors import ConfigurationError

RUN = "0192f0c1-7a00-7000-8000-000000000001"


@pytest.fixture
def client(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/respan.db")
    with DatasetClient(base_url="http://localhost", transport=LocalTransport(store)) as client:
        yield client


@pytest.fixture
def datasets(client):
    """Two datasets, each with three logs."""
    ids = [client.create_dataset(name).id for name in ("first", "second")]
    for dataset_id in ids:
        client.bulk_create_logs(
            dataset_id,
            [
                log("root", customer_identifier="ann", trace_unique_id=RUN.replace("-", "")),
                log("model", customer_identifier="ann", thread_identifier="t1"),
                log("other", customer_identifier="Ann", thread_identifier="t2"),
            ],
        )
    return ids


def log(name, **metadata):
    return {"input": name, "metadata": {"custom_identifier": name, **metadata}, "metrics": {}}


def names(client, dataset_id):
    return sorted(each.input for each in client.logs(dataset_id))


@pytest.mark.parametrize(
    ("chosen", "left"),
    [
        ({"customer": "ann"}, ["other"]),
        ({"customer": ["ann", "Ann"]}, []),
        ({"customer": "an"}, ["model", "other", "root"]),
        ({"customer": "None"}, ["model", "other", "root"]),
        ({"thread": "t2"}, ["model", "root"]),
        ({"customer": "ann", "thread": "t2"}, ["model", "other", "root"]),
        ({"customer": "ann", "thread": "t1"}, ["other", "root"]),
        ({"run": RUN}, ["model", "other"]),
        ({"run": RUN.replace("-", "")}, ["model", "other"]),
        ({"run": "model"}, ["other", "root"]),
    ],
    ids=str,
)
def test_logs_that_match_are_deleted_from_all_datasets(chosen, left, client, datasets):
    deleted = client.forget(**chosen)

    assert [names(client, each) for each in datasets] == [left, left]
    assert deleted == ({} if len(left) == 3 else dict.fromkeys(datasets, 3 - len(left)))
    assert client.forget(**chosen) == {}


def test_one_dataset_can_be_named(client, datasets):
    assert client.forget(datasets[0], customer="ann") == {datasets[0]: 2}
    assert len(names(client, datasets[1])) == 3


def test_more_logs_than_a_page_has_are_deleted(client):
    dataset_id = client.create_dataset("large").id
    logs = [log(str(number), customer_identifier="ann") for number in range(250)]
    client.bulk_create_logs(dataset_id, logs)

    assert client.forget(customer="ann") == {dataset_id: 250}
    assert names(client, dataset_id) == []


@pytest.mark.parametrize(
    ("chosen", "named"),
    [
        ({}, "forget"),
        ({"customer": ""}, "customer"),
        ({"customer": []}, "customer"),
        ({"customer": ["ann", ""]}, "customer"),
        ({"thread": ""}, "thread"),
        ({"run": ""}, "run"),
    ],
    ids=str,
)
def test_forget_needs_somebody(chosen, named):
    arguments = {"customer": None, "thread": None, "run": None, **chosen}
    with pytest.raises(ConfigurationError, match=f"^{named}: "):
        build_subject(**arguments)
