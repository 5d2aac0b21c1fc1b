"""Whether a result is a success, is retried or raises: by table and without a network."""

import dataclasses
import datetime as dt
import json
from decimal import Decimal
from uuid import UUID

import pytest

from respan_langchain import errors
from respan_langchain.client.endpoints import (
    bulk_create_logs,
    create_dataset,
    create_log,
    dataset,
    delete_dataset,
    list_logs,
    remove_logs,
    update_log,
)
from respan_langchain.client.http_result import HttpResult
from respan_langchain.client.models import DatasetInfo
from respan_langchain.client.request_flow import RequestOptions, Send, Sleep, request_flow
from respan_langchain.client.requests import ApiRequest, read_result
from respan_langchain.client.retry_policy import RetryPolicy, may_retry

READ = dataset("d1")
CREATE = create_log("d1", {"input": "x"})
CHANGE = update_log("d1", "u1", output="y")
DELETE = delete_dataset("d1")
BULK = bulk_create_logs("d1", [{"input": "x"}])
UNSENT = HttpResult(None, error="could not connect", maybe_sent=False)
BROKEN = HttpResult(None, error="the connection broke")
LATE = HttpResult(None, error="no whole result came in time", timed_out=True)


def http_result(status, body=None, **headers):
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return HttpResult(
        status, raw, {name.replace("_", "-"): value for name, value in headers.items()}
    )


def error_of(api_request, result, attempt=1):
    with pytest.raises(errors.ApiError) as raised:
        read_result(api_request, result, attempt)
    return raised.value


@pytest.mark.parametrize(
    ("api_request", "result"),
    [
        (READ, http_result(200, {"id": "d1"})),
        (READ, http_result(203, {"id": "d1", "new": 1})),
        (CREATE, http_result(201, {"message": "ok", "unique_id": "u"})),
        (DELETE, http_result(204)),
        (DELETE, http_result(200, {"message": "gone"})),
        (remove_logs("d1", all_logs=True), http_result(202)),
        (remove_logs("d1", all_logs=True), http_result(200, {"message": "Deleting"})),
        (BULK, http_result(201, {"success_count": 1, "error_count": 0, "errors": []})),
        (BULK, http_result(400, {"success_count": 0, "error_count": 1, "errors": []})),
    ],
)
def test_a_success_is_parsed(api_request, result):
    read_result(api_request, result, 1)


@pytest.mark.parametrize(
    ("api_request", "result"),
    [
        (READ, http_result(200)),
        (READ, http_result(200, b"<html>")),
        (READ, http_result(200, b'{"id": ')),
        (READ, http_result(200, b"[" * 100_000)),
        (READ, http_result(200, b"\xff\xfe")),
        (READ, http_result(200, {"detail": "hello"})),
        (READ, http_result(200, [])),
        (list_logs("d1"), http_result(200, {"message": "Exporting"})),
        (BULK, http_result(200, {"message": "Importing logs"})),
        (READ, http_result(302, location="https://evil.example/login")),
        (READ, http_result(304)),
        (READ, http_result(405)),
        (READ, http_result(409, {"detail": "no"})),
        (READ, http_result(199)),
    ],
)
def test_an_undocumented_response_is_not_a_success(api_request, result):
    error = error_of(api_request, result)

    assert type(error) is errors.UnexpectedResponseError
    assert error.__context__ is None
    assert not may_retry(result, is_idempotent=api_request.is_idempotent())


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.ValidationError),
        (401, errors.AuthenticationError),
        (402, errors.PlanLimitError),
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (413, errors.ValidationError),
        (422, errors.ValidationError),
        (501, errors.ServerError),
    ],
)
def test_a_permanent_failure_names_the_request(status, kind):
    result = http_result(status, {"detail": "words of the server"})
    error = error_of(READ, result)

    assert type(error) is kind
    assert (error.method, error.path) == ("GET", "/api/datasets/d1/")
    assert error.status == status
    assert "words of the server" in error.body
    assert "words of the server" not in str(error)
    assert not may_retry(result, is_idempotent=READ.is_idempotent())


@pytest.mark.parametrize(
    ("api_request", "result", "is_retried"),
    [
        *[(READ, http_result(status), True) for status in (408, 425, 429, 500, 502, 503, 504)],
        *[(CHANGE, http_result(status), True) for status in (429, 503)],
        *[(DELETE, http_result(status), True) for status in (429, 503)],
        *[(CREATE, http_result(status), False) for status in (408, 425, 500, 502, 503, 504)],
        (CREATE, http_result(429), True),
        (BULK, http_result(429), True),
        (BULK, http_result(503), False),
        (create_dataset("n"), BROKEN, False),
        (READ, UNSENT, True),
        (READ, BROKEN, True),
        (READ, LATE, True),
        (CREATE, UNSENT, True),
        (CREATE, BROKEN, False),
        (CREATE, LATE, False),
        (READ, http_result(500), True),
        (READ, http_result(501), False),
        (READ, http_result(404), False),
    ],
)
def test_only_a_request_that_is_safe_to_repeat_is_retried(api_request, result, is_retried):
    assert may_retry(result, is_idempotent=api_request.is_idempotent()) is is_retried


@pytest.mark.parametrize(
    ("result", "kind"),
    [(LATE, errors.DeadlineError), (BROKEN, errors.ConnectionFailedError)],
)
def test_a_missing_response_raises_with_the_reason_of_the_transport(result, kind):
    error = error_of(CREATE, result)

    assert type(error) is kind
    assert str(error) == f"POST /api/datasets/d1/logs/: {result.error}"


def test_a_bulk_request_that_is_rejected_as_a_whole_raises():
    error = error_of(BULK, http_result(400, {"detail": "no"}))

    assert type(error) is errors.ValidationError


def test_deleting_what_an_earlier_try_deleted_is_a_success():
    assert type(error_of(DELETE, http_result(404))) is errors.NotFoundError
    assert read_result(DELETE, http_result(404), 2) is None


def test_the_servers_wait_is_waited_and_the_last_try_raises_its_error():
    options = RequestOptions(retry=RetryPolicy(max_tries=2), clock=lambda: 0.0, rng=lambda: 0.0)
    flow = request_flow(READ, options)
    refused = http_result(429, {"retry_after": 7})

    assert isinstance(flow.send(None), Send)
    assert flow.send(refused) == Sleep(7.0)
    assert isinstance(flow.send(None), Send)
    with pytest.raises(errors.RateLimitError) as raised:
        flow.send(refused)
    assert raised.value.retry_after == 7.0


@pytest.mark.parametrize(
    ("body", "fields", "named"),
    [
        ({"detail": "no", "errors": {"input": ["required"]}}, {"input": ["required"]}, "(input)"),
        ({"input": ["required"], "name": ["long"]}, None, "(input, name)"),
        ({"errors": {"input": "required"}}, {"input": ["required"]}, "(input)"),
        ({"errors": ["no"]}, {}, "invalid request"),
        ({"detail": "no"}, {}, "invalid request"),
        ({"Tell me a joke!": ["no"]}, {"Tell me a joke!": ["no"]}, "invalid request"),
        ("no", {}, "invalid request"),
    ],
)
def test_the_servers_messages_are_kept_by_field(body, fields, named):
    error = error_of(CREATE, http_result(422, body))

    assert error.fields == (body if fields is None else fields)
    assert str(error).endswith(named)


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("https://evil.example/x?token=1", "redirect to https://evil.example,"),
        ("/api/datasets", "redirect to another path,"),
        ("https://a b\n/x", "redirect to another path,"),
        ("https://[::1", "redirect to another path,"),
        ("", "redirect to another path,"),
    ],
)
def test_the_error_of_a_redirect_names_only_the_host(location, words):
    error = error_of(READ, http_result(307, location=location))

    assert words in str(error)
    assert "token" not in str(error)


def test_an_error_keeps_only_the_start_of_a_long_response():
    assert len(error_of(READ, http_result(400, b"x" * 100_000)).body) == 2000


def test_the_repr_of_a_request_shows_no_content():
    assert "PROMPT" not in repr(create_log("d1", {"input": "PROMPT"}))


def test_a_body_of_common_types_is_encoded_as_json():
    body = {
        "a": Decimal("0.5"),
        "b": dt.datetime(2026, 11, 23, tzinfo=dt.UTC),
        "c": dt.date(2026, 11, 23),
        "d": UUID(int=0),
        "e": {1},
        "f": DatasetInfo(id="d"),
        "g": (1, "é"),
        "h": "\ud800",
    }

    written = json.loads(create_log("d1", body).encode_body())

    assert written["a"] == 0.5
    assert (written["b"], written["c"]) == ("2026-11-23T00:00:00+00:00", "2026-11-23")
    assert written["d"] == "00000000-0000-0000-0000-000000000000"
    assert (written["e"], written["f"]["id"]) == ([1], "d")
    assert (written["g"], written["h"]) == ([1, "é"], "?")


def test_a_body_that_json_cannot_express_raises_without_being_quoted():
    loop = []
    loop.append(loop)

    for odd in (float("nan"), loop):
        with pytest.raises(errors.ConfigurationError):
            create_log("d1", {"input": odd}).encode_body()
    with pytest.raises(TypeError, match="a object"):
        create_log("d1", {"input": object()}).encode_body()


def test_a_request_without_a_body_has_empty_content():
    assert READ.encode_body() == b""
    assert dataclasses.replace(READ, query={"a": "b c"}).target() == "/api/datasets/d1/?a=b+c"
    assert isinstance(READ, ApiRequest)
