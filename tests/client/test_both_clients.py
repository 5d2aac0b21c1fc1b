"""Both clients behave alike on the platform in a file."""

import asyncio
import inspect
from decimal import Decimal

import httpx
import pytest

from respan_langchain import errors
from respan_langchain.client.client import AsyncDatasetClient, DatasetClient
from respan_langchain.client.filters import field
from respan_langchain.embedded.store.store import open_store
from respan_langchain.embedded.transport import LocalTransport

LOG = {
    "input": [{"role": "user", "content": "Hello"}],
    "output": {"role": "assistant", "content": "Hi there!"},
    "expected_output": "Hi!",
    "metadata": {
        "model": "gpt-4o-mini",
        "log_type": "chat",
        "custom_identifier": "run-1",
        "team": "x",
    },
    "metrics": {"prompt_tokens": 3, "completion_tokens": 4, "cost": 0.0001, "latency": 0.41},
}


class AsyncTransport(httpx.AsyncBaseTransport):
    """Handles an asynchronous client's requests with a store."""

    def __init__(self, store):
        self.inner = LocalTransport(store)

    async def handle_async_request(self, request):
        return self.inner.handle_request(request)


class Blocking:
    """Runs every method of an asynchronous client to its end, so that one test serves both."""

    def __init__(self, client, runner):
        self.client, self.runner = client, runner

    def __getattr__(self, name):
        def method(*args, **named):
            result = getattr(self.client, name)(*args, **named)
            if inspect.isasyncgen(result):
                return self.runner.run(collect(result))
            return self.runner.run(result) if inspect.iscoroutine(result) else result

        return method


async def collect(result):
    return [one async for one in result]


@pytest.fixture(params=["sync", "async"])
def client(request, tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/respan.db")
    with asyncio.Runner() as runner:
        if request.param == "sync":
            opened = DatasetClient(base_url="http://localhost", transport=LocalTransport(store))
        else:
            opened = Blocking(
                AsyncDatasetClient(base_url="http://localhost", transport=AsyncTransport(store)),
                runner,
            )
        yield opened
        opened.close()
    store.close()


@pytest.fixture
def dataset(client):
    return client.create_dataset("support-bot", description="what people ask").id


def test_a_dataset_can_be_created_read_updated_and_deleted(client, dataset):
    assert client.dataset(dataset).name == "support-bot"
    assert client.update_dataset(dataset, name="helpdesk").name == "helpdesk"
    assert [one.id for one in client.datasets()] == [dataset]
    assert client.find_or_create_dataset("helpdesk").id == dataset

    client.delete_dataset(dataset)

    with pytest.raises(errors.NotFoundError):
        client.dataset(dataset)


def test_a_log_can_be_created_read_updated_replaced_and_deleted(client, dataset):
    unique_id = client.create_log(dataset, LOG).unique_id

    log = client.log(dataset, unique_id)
    assert (log.input, log.output, log.expected_output) == (
        LOG["input"],
        LOG["output"],
        LOG["expected_output"],
    )
    assert (log.model, log.custom_identifier) == ("gpt-4o-mini", "run-1")
    assert (log.prompt_tokens, log.completion_tokens) == (3, 4)
    assert (log.cost, log.latency) == (Decimal("0.0001"), 0.41)

    assert client.update_log(dataset, unique_id, expected_output="Hey!").expected_output == "Hey!"
    assert client.log(dataset, unique_id).output == LOG["output"]
    assert client.replace_log(dataset, unique_id, input="only this").input == "only this"
    assert client.log(dataset, unique_id).output is None

    client.delete_log(dataset, unique_id)
    with pytest.raises(errors.NotFoundError):
        client.log(dataset, unique_id)


def test_feedback_changes_the_newest_log_of_a_run(client, dataset):
    client.create_log(dataset, LOG)
    newest = client.create_log(dataset, LOG).unique_id

    log = client.feedback(dataset, "run-1", score=0, comment="rude", expected_output="Hello!")

    assert log == client.log(dataset, newest)
    assert (log.expected_output, log.metadata["team"]) == ("Hello!", "x")
    assert [(one["score"], one["comment"]) for one in log.metadata["scores"]] == [(0.0, "rude")]
    assert client.feedback(dataset, "run-1", score=1).metadata["scores"][0]["comment"] == "rude"


def _without(log, key):
    return {name: value for name, value in log.items() if name != key}


def test_an_output_becomes_the_expected_one_when_it_is_promoted_by_name(client, dataset):
    client.create_log(dataset, _without(LOG, "expected_output"))

    log = client.promote(dataset, "run-1", name="Ada")

    assert log.expected_output == log.output == LOG["output"]
    assert [one["name"] for one in log.metadata["scores"]] == ["Ada"]


def test_a_log_without_output_cannot_be_promoted(client, dataset):
    client.create_log(dataset, _without(LOG, "output"))

    with pytest.raises(errors.ConfigurationError, match="has no output"):
        client.promote(dataset, "run-1")


def test_feedback_on_a_run_that_has_no_log_is_an_error(client, dataset):
    with pytest.raises(errors.NotFoundError, match="no log has the custom identifier 'run-9'"):
        client.feedback(dataset, "run-9", score=1.0, timeout=0.5)


def test_logs_can_be_created_in_bulk_listed_filtered_and_removed(client, dataset):
    rows = [
        {
            "input": str(n),
            "metadata": {"custom_identifier": f"run-{n}", "model": "a" if n % 2 else "b"},
        }
        for n in range(250)
    ]

    assert client.bulk_create_logs(dataset, rows).success_count == 250
    assert len({log.unique_id for log in client.logs(dataset)}) == 250
    assert len(list(client.logs(dataset, filters=field("model") == "a"))) == 125
    found = client.find_logs(dataset, ["run-3", "run-4", "run-250"])
    assert {log.custom_identifier for log in found} == {"run-3", "run-4"}

    client.remove_logs(dataset, filters=field("model") == "a")
    assert client.list_logs(dataset).count == 125
    client.remove_logs(dataset, all_logs=True)
    assert client.list_logs(dataset).count == 0


def test_a_rejected_row_is_listed(client, dataset):
    result = client.bulk_create_logs(dataset, [{"input": "x"}, {"input": None}])

    assert not result
    assert (result.success_count, result.error_count) == (1, 1)
    assert [index for index, _ in result.rejected()] == [1]


def test_a_bulk_request_whose_rows_are_all_rejected_returns_a_result(client, dataset):
    result = client.bulk_create_logs(dataset, [{"input": None}, {"output": "x"}])

    assert (result.success_count, result.error_count) == (0, 2)


def test_metadata_is_filtered_by_its_keys(client, dataset):
    client.create_log(dataset, LOG)
    client.create_log(dataset, {"input": "x", "metadata": {"team": "y"}})

    assert [log.input for log in client.logs(dataset, filters=field("metadata.team") == "y")] == [
        "x"
    ]


def test_logs_are_summarized(client, dataset):
    client.create_log(dataset, LOG)
    client.create_log(dataset, {**LOG, "metadata": {"model": "other"}})

    assert client.summary(dataset).number_of_requests == 2
    assert client.summary(dataset).total_cost == Decimal("0.0002")
    some = client.summary(dataset, filters=field("model") == "other")
    assert (some.number_of_requests, some.total_prompt_tokens) == (1, 3)


def test_a_rejected_log_raises_with_the_field(client, dataset):
    with pytest.raises(errors.ValidationError) as refused:
        client.create_log(dataset, {"input": None})

    assert "input" in refused.value.fields


def test_an_id_of_unknown_format_is_not_found(client):
    for odd in ("../../datasets", "a?b#c", "a\r\nb", "%2f", "ü"):
        with pytest.raises(errors.NotFoundError):
            client.dataset(odd)
