"""Both clients do the same with transports of httpx and httpx2."""

import asyncio
import inspect
import json

import pytest
from pydantic import SecretStr

from respan_langchain import errors
from respan_langchain.client.client import AsyncDatasetClient, DatasetClient
from respan_langchain.client.filters import field
from respan_langchain.client.http_result import HttpResult
from respan_langchain.client.models import DatasetInfo
from respan_langchain.client.request_flow import RequestOptions
from respan_langchain.client.workflows import find_or_create_dataset

KEY = "sk-5ecret-0f-th1s-0rganization"


class SyncFacade:
    """Runs every method of a client to its end, sync or async, with prepared responses."""

    def __init__(self, kind, library, runner, **settings):
        self.library, self.runner = library, runner
        self.answers, self.requests = [], []
        transport = library.MockTransport(self.respond)
        self.client = kind(KEY, transport=transport, **settings)

    def respond(self, request):
        self.requests.append(request)
        status, body, *headers = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return self.library.Response(status, json=body, headers=dict(*headers))

    def __getattr__(self, name):
        def method(*args, **named):
            result = getattr(self.client, name)(*args, **named)
            if inspect.iscoroutine(result):
                return self.runner.run(result)
            return self.runner.run(collect(result)) if inspect.isasyncgen(result) else result

        return method


async def collect(result):
    return [one async for one in result]


@pytest.fixture(params=[DatasetClient, AsyncDatasetClient], ids=["blocking", "asynchronous"])
def open_client(request, library):
    """Open a client with prepared responses: `open_client((200, {...}), ...)`."""
    facades = []
    with asyncio.Runner() as runner:

        def open_one(*answers, **settings):
            facade = SyncFacade(request.param, library, runner, **settings)
            facade.answers += answers
            facades.append(facade)
            return facade

        yield open_one
        for facade in facades:
            facade.close()


PAGE = {"count": 0, "next": None, "previous": None, "results": []}
ENDPOINTS = [
    ("create_dataset", ("n",), {}, {"id": "d1"}),
    ("list_datasets", (), {}, PAGE),
    ("dataset", ("d1",), {}, {"id": "d1"}),
    ("update_dataset", ("d1",), {"name": "n"}, {"id": "d1"}),
    ("delete_dataset", ("d1",), {}, {}),
    ("create_log", ("d1", {"input": "x"}), {}, {"unique_id": "u"}),
    ("list_logs", ("d1",), {"filters": field("cost") > 1}, PAGE),
    ("export_logs", ("d1",), {}, {"message": "m"}),
    ("log", ("d1", "u"), {}, {"unique_id": "u"}),
    ("update_log", ("d1", "u"), {"output": "y"}, {"unique_id": "u"}),
    ("replace_log", ("d1", "u"), {"input": "y"}, {"unique_id": "u"}),
    ("delete_log", ("d1", "u"), {}, {}),
    ("bulk_create_logs", ("d1", [{"input": "x"}]), {}, {"success_count": 1}),
    ("import_logs", ("d1",), {"start_time": "a", "end_time": "b"}, {"message": "m"}),
    ("remove_logs", ("d1",), {"all_logs": True}, {"message": "m"}),
    ("summary", ("d1",), {}, {"total_cost": 0}),
    ("summary", ("d1",), {"filters": field("cost") > 1}, {"total_cost": 0}),
    ("create_eval_report", ("d1", ["e"]), {}, {"created_tasks": []}),
    ("list_eval_reports", ("d1",), {}, PAGE),
]


@pytest.mark.parametrize(
    ("name", "args", "named", "body"), ENDPOINTS, ids=lambda part: str(part)[:20]
)
def test_every_endpoint_is_a_method(open_client, name, args, named, body):
    client = open_client((200, body))

    result = getattr(client, name)(*args, **named)

    assert (
        result is None
        if body == {}
        else body.keys() <= result.model_dump(exclude_unset=True).keys()
    )
    assert client.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert client.requests[0].url.path.startswith("/api/datasets/")
    assert client.requests[0].url.path.endswith("/")


def page(ids, *, more):
    return 200, {"results": [{"id": one} for one in ids], "next": "https://x/" if more else None}


@pytest.mark.parametrize("name", ["datasets", "logs", "eval_reports"])
def test_an_iteration_reads_all_pages(open_client, name):
    client = open_client(page("ab", more=True), page("cd", more=True), page("e", more=False))

    args = () if name == "datasets" else ("d1",)
    result = list(getattr(client, name)(*args, page_size=2))

    assert len(result) == 5
    assert [request.url.params["page"] for request in client.requests] == ["1", "2", "3"]
    # The link of a page is not followed, wherever it leads.
    assert {request.url.host for request in client.requests} == {"api.respan.ai"}


def test_an_iteration_may_start_at_a_later_page(open_client):
    client = open_client(page("a", more=False))

    assert [one.unique_id for one in client.logs("d1", page=7)] == ["a"]
    assert client.requests[0].url.params["page"] == "7"


def test_an_iteration_with_invalid_arguments_raises_at_once(open_client):
    client = open_client(page("a", more=False))

    with pytest.raises(errors.ConfigurationError):
        client.logs("d1", filters={"modle": {"operator": "", "value": "x"}})


def test_a_transient_failure_is_retried(open_client):
    client = open_client((503, {}), (429, {"retry_after": 0.01}), (200, {"id": "d1"}))

    assert client.dataset("d1") == DatasetInfo(id="d1")
    assert len(client.requests) == 3


def test_the_number_of_tries_is_limited(open_client):
    client = open_client((503, {}), max_tries=2)

    with pytest.raises(errors.ServerError):
        client.dataset("d1")
    assert len(client.requests) == 2


def test_a_request_that_is_not_idempotent_is_not_retried(open_client):
    client = open_client((503, {}))

    with pytest.raises(errors.ServerError):
        client.create_log("d1", {"input": "x"})
    assert len(client.requests) == 1


def test_a_wait_beyond_the_timeout_raises_at_once(open_client):
    client = open_client((429, {"retry_after": 3600}))

    with pytest.raises(errors.RateLimitError) as refused:
        client.dataset("d1")
    assert (refused.value.retry_after, len(client.requests)) == (3600.0, 1)


def test_an_error_names_the_request_and_no_secret(open_client):
    client = open_client((401, {"detail": f"Bad key {KEY} for PROMPT"}))

    with pytest.raises(errors.AuthenticationError) as refused:
        client.create_log("d1", {"input": "PROMPT"})

    error = refused.value
    assert (error.method, error.path, error.status) == ("POST", "/api/datasets/d1/logs/", 401)
    assert KEY not in repr(error) + error.body
    assert "PROMPT" not in str(error)


def test_a_dataset_is_found_by_its_name(open_client):
    first = {"results": [{"id": "1", "name": "other"}], "next": "https://x/"}
    second = {"results": [{"id": "2", "name": "mine"}, {"id": "3", "name": "mine"}], "next": "x"}
    client = open_client((200, first), (200, second))

    assert client.find_or_create_dataset("mine").id == "2"
    assert len(client.requests) == 2


def test_a_missing_dataset_is_created(open_client):
    made = {"id": "new", "name": "mine"}
    client = open_client((200, PAGE), (201, made), (200, {**PAGE, "results": [made]}))

    assert client.find_or_create_dataset("mine", description="of mine").id == "new"
    body = json.loads(client.requests[1].content)
    assert body == {"name": "mine", "description": "of mine", "is_empty": True}


def test_two_processes_that_create_a_dataset_at_once_use_the_same_one():
    datasets = []

    def collect():
        return HttpResult(200, json.dumps({**PAGE, "results": datasets}).encode())

    def created(name):
        datasets.append({"id": name, "name": "mine"})
        return HttpResult(201, json.dumps(datasets[-1]).encode())

    one, two = (find_or_create_dataset(RequestOptions(), "mine") for _ in range(2))
    for flow in (one, two):
        flow.send(None)
        flow.send(collect())
    for flow, name in ((one, "first"), (two, "second")):
        flow.send(created(name))

    for flow in (one, two):
        with pytest.raises(StopIteration) as ended:
            flow.send(collect())
        assert ended.value.value.id == "first"


def test_finding_a_dataset_takes_no_longer_than_its_timeout():
    now = [0.0]
    flow = find_or_create_dataset(RequestOptions(clock=lambda: now[0]), "mine", timeout=10.0)
    other = {"results": [{"id": "1", "name": "other"}], "next": "https://x/"}

    first = flow.send(None)
    now[0] = 8.0
    second = flow.send(HttpResult(200, json.dumps(other).encode()))
    now[0] = 9.0
    creating = flow.send(HttpResult(200, json.dumps(PAGE).encode()))

    assert [step.deadline for step in (first, second, creating)] == [10.0, 10.0, 10.0]


def logs(*identifiers, more=False):
    results = [{"metadata": {"custom_identifier": one}} for one in identifiers]
    return 200, {"results": results, "next": "https://x/" if more else None}


def found(logs):
    return None if logs is None else sorted(log.custom_identifier for log in logs)


def test_logs_are_found_by_the_identifiers_that_they_show(open_client):
    client = open_client(logs("a", "stranger", more=True), logs("a", "b"))

    assert found(client.find_logs("d1", ["a", "b", "a"])) == ["a", "a", "b"]
    result = json.loads(client.requests[0].content)["filters"]
    assert result == {"custom_identifier": {"operator": "in", "value": ["a", "b"]}}
    assert client.requests[0].url.params["sort_by"] == "-created_at"


def test_many_identifiers_are_looked_for_in_parts(open_client):
    client = open_client(logs("1"), logs("150"), logs())

    identifiers = [str(number) for number in range(250)]

    assert found(client.find_logs("d1", identifiers)) == ["1", "150"]
    assert len(client.requests) == 3


def test_reading_ends_once_all_expected_logs_are_found(open_client):
    client = open_client(logs("a", "b", more=True))

    assert found(client.find_logs("d1", ["a", "b"])) == ["a", "b"]
    assert len(client.requests) == 1


def test_small_pages_are_read_for_as_long_as_expected_logs_may_be_on_them(open_client):
    identifiers = [str(number) for number in range(80)]
    pages = [logs(*identifiers[start : start + 2], more=True) for start in range(0, 80, 2)]

    assert len(open_client(*pages).find_logs("d1", identifiers)) == 80


def test_logs_older_than_the_rows_are_not_read(open_client):
    old = [
        {"custom_identifier": "x", "created_at": f"2026-11-01T00:00:0{second}Z"}
        for second in (2, 1)
    ]
    client = open_client((200, {"results": old, "next": "https://x/"}))

    assert client.find_logs("d1", ["a"], since=1_800_000_000.0) == []
    assert len(client.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [(500, {}), (403, {}), (200, {"message": "x"}), logs(None, None), logs("stranger", more=True)],
    ids=["fails", "forbidden", "no-list", "shows-none", "endless"],
)
def test_an_unreadable_list_gives_none_and_no_guess(open_client, answer):
    client = open_client(answer, max_tries=1)

    assert client.find_logs("d1", ["a"]) is None


def test_finding_logs_ends_in_time(open_client):
    client = open_client(logs("a"))

    assert client.find_logs("d1", ["a"], timeout=0.0) is None
    assert client.requests == []


@pytest.mark.parametrize("name", ["expected_output", "error_message", "score.human"])
def test_a_filter_that_respan_would_ignore_is_not_sent(name, open_client):
    client = open_client((200, PAGE))

    with pytest.raises(errors.ConfigurationError, match="Respan has no filter"):
        client.list_logs("d1", filters=field(name).isnull())
    assert not client.requests


def test_a_local_platform_filters_by_scores(open_client):
    client = open_client((200, PAGE), base_url="http://127.0.0.1:8000")

    client.list_logs("d1", filters=field("score.human") < 0.5)
    assert len(client.requests) == 1


def test_a_call_on_a_closed_client_raises(open_client):
    client = open_client((200, {"id": "d1"}))
    client.close()

    with pytest.raises(errors.ConnectionFailedError, match="closed"):
        client.dataset("d1")


@pytest.mark.parametrize("kind", [DatasetClient, AsyncDatasetClient])
def test_the_repr_of_a_client_shows_the_url_and_not_the_key(kind):
    client = kind(SecretStr(KEY), "https://endpoint.respan.ai/api/")

    assert repr(client) == f"{kind.__name__}('https://endpoint.respan.ai')"
    assert KEY not in str(vars(client))


@pytest.mark.parametrize("settings", [{"timeout": 0}, {"max_tries": 0}, {"base_url": "x"}])
def test_an_invalid_setting_raises(settings):
    with pytest.raises(errors.ConfigurationError):
        DatasetClient(KEY, **settings)


def test_a_sync_client_closes_at_the_end_of_its_with_block(library):
    transport = library.MockTransport(lambda request: library.Response(200, json={"id": "d1"}))

    with DatasetClient(KEY, transport=transport) as client:
        assert client.dataset("d1").id == "d1"

    with pytest.raises(errors.ConnectionFailedError):
        client.dataset("d1")


def test_an_async_client_closes_at_the_end_of_its_with_block(library):
    transport = library.MockTransport(lambda request: library.Response(200, json={"id": "d1"}))

    async def used():
        async with AsyncDatasetClient(KEY, transport=transport) as client:
            assert (await client.dataset("d1")).id == "d1"
        with pytest.raises(errors.ConnectionFailedError):
            await client.dataset("d1")

    asyncio.run(used())


def test_methods_keep_their_docstrings_and_signatures():
    assert DatasetClient.remove_logs.__doc__.startswith("Remove the logs")
    assert DatasetClient.logs.__doc__.startswith("List one page")
    assert DatasetClient.find_or_create_dataset.__doc__.startswith("Return the oldest")
    assert list(inspect.signature(DatasetClient(KEY).log).parameters) == ["dataset_id", "unique_id"]
    assert list(inspect.signature(DatasetClient(KEY).find_logs).parameters) == [
        "dataset_id",
        "identifiers",
        "since",
        "timeout",
    ]
