"""The 18 endpoints as documented: method, path, query, body and response."""

import datetime as dt
import json

import pytest

from respan_langchain.client import endpoints
from respan_langchain.client.filters import field
from respan_langchain.client.models import (
    BulkResult,
    CreatedLog,
    DatasetInfo,
    EvalReport,
    Log,
    Message,
    ResultPage,
    Summary,
)
from respan_langchain.errors import ConfigurationError

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
GPT = field("model") == "gpt-4o"
GPT_JSON = {"model": {"operator": "", "value": "gpt-4o"}}
PAGES = {"page": "1", "page_size": "100"}
PAGE = {"count": 0, "next": None, "previous": None, "results": []}
MESSAGE = {"message": "Started"}
ALL = "/api/datasets/"
ONE = "/api/datasets/d1/"
LOGS = "/api/datasets/d1/logs/"

CALLS = [
    # 1
    (endpoints.create_dataset("n"), "POST", ALL, {}, {"name": "n", "is_empty": True}),
    (
        endpoints.create_dataset(
            "n",
            description="d",
            is_empty=False,
            sampling=10,
            start_time=NOON,
            end_time="2026-11-24T00:00:00Z",
            initial_log_filters=GPT,
            granularity="logs",
        ),
        "POST",
        ALL,
        {},
        {
            "name": "n",
            "description": "d",
            "is_empty": False,
            "sampling": 10,
            "start_time": "2026-11-23T12:00:00+00:00",
            "end_time": "2026-11-24T00:00:00Z",
            "initial_log_filters": GPT_JSON,
            "granularity": "logs",
        },
    ),
    (
        endpoints.create_dataset(source_dataset_id="d0"),
        "POST",
        ALL,
        {},
        {"source_dataset_id": "d0"},
    ),
    # 2
    (endpoints.list_datasets(), "POST", f"{ALL}list/", PAGES, {}),
    (
        endpoints.list_datasets(
            page=2,
            page_size=5,
            sort_by="-created_at",
            filters={"name": {"operator": "", "value": "n"}},
        ),
        "POST",
        f"{ALL}list/",
        {"page": "2", "page_size": "5", "sort_by": "-created_at"},
        {"filters": {"name": {"operator": "", "value": "n"}}},
    ),
    # 3, 4, 5
    (endpoints.dataset("d1"), "GET", ONE, {}, None),
    (
        endpoints.update_dataset("d1", starred=False, tags=["t"]),
        "PATCH",
        ONE,
        {},
        {"starred": False, "tags": ["t"]},
    ),
    (endpoints.delete_dataset("d1"), "DELETE", ONE, {}, None),
    # 6, 7
    (endpoints.create_log("d1", {"input": "x"}), "POST", LOGS, {}, {"input": "x"}),
    (endpoints.list_logs("d1"), "POST", f"{LOGS}list/", PAGES, {}),
    (
        endpoints.list_logs("d1", sort_by="-cost", include_fields=["input", "cost"], filters=GPT),
        "POST",
        f"{LOGS}list/",
        {**PAGES, "sort_by": "-cost", "include_fields": "input,cost"},
        {"filters": GPT_JSON},
    ),
    (
        endpoints.export_logs("d1", ".csv", filters=GPT),
        "POST",
        f"{LOGS}list/",
        {},
        {"is_exporting": True, "export_format": ".csv", "filters": GPT_JSON},
    ),
    # 8, 9, 10, 14
    (endpoints.log("d1", "u1"), "GET", f"{LOGS}u1/", {}, None),
    (
        endpoints.update_log("d1", "u1", expected_output="y", metadata={}),
        "PATCH",
        f"{LOGS}u1/",
        {},
        {"expected_output": "y", "metadata": {}},
    ),
    (
        endpoints.replace_log("d1", "u1", input=[], output=""),
        "PUT",
        f"{LOGS}u1/",
        {},
        {"input": [], "output": ""},
    ),
    (endpoints.delete_log("d1", "u1"), "DELETE", f"{LOGS}u1/", {}, None),
    # 11
    (
        endpoints.bulk_create_logs("d1", ({"input": "x"},)),
        "POST",
        f"{LOGS}bulk/",
        {},
        {"logs": [{"input": "x"}]},
    ),
    # 12, 13
    (
        endpoints.create_eval_report("d1", ["e1"], generation_method="auto"),
        "POST",
        f"{ONE}eval-reports/create/",
        {},
        {"evaluator_ids": ["e1"], "generation_method": "auto"},
    ),
    (endpoints.list_eval_reports("d1"), "GET", f"{ONE}eval-reports/list/", PAGES, None),
    # 15, 16
    (
        endpoints.import_logs(
            "d1", start_time=NOON, end_time=NOON, filters=GPT, sampling_percentage=5
        ),
        "POST",
        f"{LOGS}import/",
        {},
        {
            "start_time": "2026-11-23T12:00:00+00:00",
            "end_time": "2026-11-23T12:00:00+00:00",
            "sampling_percentage": 5,
            "filters": GPT_JSON,
        },
    ),
    (
        endpoints.remove_logs("d1", filters=GPT),
        "DELETE",
        f"{LOGS}import/",
        {},
        {"filters": GPT_JSON},
    ),
    (
        endpoints.remove_logs("d1", all_logs=True),
        "DELETE",
        f"{LOGS}import/",
        {},
        {"is_deleting_all_logs": True},
    ),
    # 17, 18
    (endpoints.summary("d1"), "GET", f"{LOGS}summary/", {}, None),
    (endpoints.summary("d1", filters={}), "GET", f"{LOGS}summary/", {}, None),
    (endpoints.summary("d1", filters=GPT), "POST", f"{LOGS}summary/", {}, {"filters": GPT_JSON}),
]


@pytest.mark.parametrize(("api_request", "method", "path", "query", "body"), CALLS)
def test_a_request_has_the_documented_method_path_query_and_body(
    api_request, method, path, query, body
):
    assert (api_request.method, api_request.path, dict(api_request.query)) == (method, path, query)
    assert (json.loads(api_request.encode_body()) if body is not None else api_request.body) == body


@pytest.mark.parametrize(
    ("api_request", "content", "kind"),
    [
        (endpoints.dataset("d1"), {"id": "d1"}, DatasetInfo),
        (endpoints.list_datasets(), PAGE, ResultPage),
        (endpoints.create_eval_report("d1", ["e"]), {"created_tasks": [{}]}, EvalReport),
        (endpoints.list_eval_reports("d1"), PAGE, ResultPage),
        (endpoints.create_log("d1", {}), {"unique_id": "u"}, CreatedLog),
        (endpoints.list_logs("d1"), PAGE, ResultPage),
        (endpoints.export_logs("d1"), MESSAGE, Message),
        (endpoints.log("d1", "u1"), {}, Log),
        (endpoints.bulk_create_logs("d1", [{}]), {"success_count": 1}, BulkResult),
        (endpoints.import_logs("d1", start_time="", end_time=""), MESSAGE, Message),
        (endpoints.summary("d1"), {"total_cost": 1}, Summary),
    ],
)
def test_a_response_is_parsed_as_its_type(api_request, content, kind):
    assert isinstance(api_request.parse(content), kind)


@pytest.mark.parametrize(
    "make",
    [
        endpoints.create_dataset,
        lambda: endpoints.create_dataset("n", is_empty=False),
        lambda: endpoints.create_dataset("n", is_empty=False, start_time=NOON),
        lambda: endpoints.list_datasets(page=0),
        lambda: endpoints.list_datasets(page_size=101),
        lambda: endpoints.list_datasets(page_size=0),
        lambda: endpoints.create_dataset("n" * 256),
        lambda: endpoints.create_dataset(" "),
        lambda: endpoints.update_dataset("d1", name="n" * 300),
        lambda: endpoints.update_dataset("d1"),
        lambda: endpoints.update_log("d1", "u1"),
        lambda: endpoints.replace_log("d1", "u1"),
        lambda: endpoints.bulk_create_logs("d1", []),
        lambda: endpoints.bulk_create_logs("d1", [{}] * 501),
        lambda: endpoints.remove_logs("d1"),
        lambda: endpoints.remove_logs("d1", filters={}),
        lambda: endpoints.remove_logs("d1", filters=GPT, all_logs=True),
        lambda: endpoints.remove_logs("d1", filters={"modle": {"operator": "", "value": "x"}}),
        lambda: endpoints.log("d1", ".."),
        lambda: endpoints.dataset(""),
    ],
)
def test_an_invalid_argument_raises_before_anything_is_sent(make):
    with pytest.raises(ConfigurationError):
        make()
