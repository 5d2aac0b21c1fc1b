"""Copying a dataset between two platforms, and importing a file into one."""

from pathlib import Path

import pytest

from respan_langchain._connect import open_client
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.datasets.transfer.copy import (
    MAX_PASSES,
    copy_dataset,
    max_outage,
    platform_location,
    transfer_rows,
    visibility_delay,
)
from respan_langchain.datasets.transfer.import_file import ImportFile
from respan_langchain.settings.reading import read_settings


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def platform(tmp_path):
    """Open a platform in a file with an empty dataset: `platform("a")`."""
    clients = []

    def open_platform(name):
        settings = read_settings(base_url=f"sqlite:///{tmp_path}/{name}.db")
        clients.append(open_client(settings))
        return settings, clients[-1], Dataset(clients[-1], clients[-1].create_dataset("demo"))

    yield open_platform
    for client in clients:
        client.close()


def add_rows(client, dataset, *names):
    client.bulk_create_logs(dataset.id, [{"input": name} for name in names])


def inputs(dataset):
    return [log.input for log in dataset]


def test_a_copy_sends_the_rows_that_the_target_has_not(platform):
    source_settings, source_client, source = platform("source")
    settings, client, target = platform("target")
    add_rows(source_client, source, "a", "b")
    first = copy_dataset(source, source_settings, client, settings, target.id)
    add_rows(source_client, source, "c")
    second = copy_dataset(source, source_settings, client, settings, target.id)

    assert (first.sent, second.sent, second.already_there) == (2, 1, 2)
    assert inputs(target) == ["a", "b", "c"]


def test_a_source_that_always_seems_to_have_more_rows_is_read_a_few_times(platform):
    source_settings, source_client, source = platform("source")
    settings, client, target = platform("target")
    add_rows(source_client, source, "a")

    class Growing(Dataset):
        reads = 0

        def __iter__(self):
            self.reads += 1
            return super().__iter__()

        def __len__(self):
            return 2

    growing = Growing(source_client, source.about)
    copy_dataset(growing, source_settings, client, settings, target.id)

    assert growing.reads == MAX_PASSES
    assert inputs(target) == ["a"]


def test_an_import_adds_the_rows_of_a_file_once(platform, tmp_path):
    settings, client, target = platform("target")
    path = tmp_path / "rows.jsonl"
    path.write_text('{"input": "a"}\n{"input": "b"}\n')
    progress = []

    counts = [
        transfer_rows(ImportFile(str(path), "jsonl"), client, settings, target.id, progress.append)
        for _ in range(2)
    ]

    assert [(each.sent, each.already_there) for each in counts] == [(2, 0), (0, 2)]
    assert [each.done for each in progress] == [2, 2]
    assert inputs(target) == ["a", "b"]


@pytest.mark.parametrize(
    ("url", "delay", "outage"),
    [
        ("sqlite:///respan.db", 0.0, 60.0),
        ("http://127.0.0.1:8000", 5.0, 60.0),
        ("https://api.respan.ai", 30.0, 300.0),
    ],
)
def test_a_platform_elsewhere_is_given_more_time(url, delay, outage):
    settings = read_settings(base_url=url, api_key="k")

    assert (visibility_delay(settings), max_outage(settings)) == (delay, outage)


def test_a_platform_has_the_same_name_from_every_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert platform_location(read_settings(base_url="sqlite:///respan.db")) == str(
        Path(tmp_path).resolve() / "respan.db"
    )
    assert (
        platform_location(read_settings(base_url="https://api.respan.ai/api/", api_key="k"))
        == "https://api.respan.ai"
    )
