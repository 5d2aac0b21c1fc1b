"""What is said of an exchange that failed: whether it may have arrived, and no secret."""

import asyncio
from types import SimpleNamespace

import httpx
import pytest

from respan_langchain.client.http.request_trace import (
    BodyReader,
    RequestTrace,
    result_from_error,
    result_from_response,
)

KEY = "sk-5ecret-0f-th1s"
WHOLE = "send_request_body.complete"


@pytest.mark.parametrize(
    ("events", "error", "sent"),
    [
        ([], httpx.ConnectError("x"), False),
        ([], httpx.ConnectTimeout("x"), False),
        ([], httpx.PoolTimeout("x"), False),
        ([], httpx.LocalProtocolError("x"), False),
        ([], httpx.ReadError("x"), True),
        ([], TimeoutError(), True),
        (["connection.connect_tcp.started"], httpx.ReadError("x"), False),
        (["http11.send_request_headers.started"], TimeoutError(), False),
        (["http11.send_request_headers.started", f"http11.{WHOLE}"], TimeoutError(), True),
        (["http2.send_request_headers.started", f"http2.{WHOLE}"], httpx.ReadError("x"), True),
    ],
)
def test_what_was_seen_decides_whether_it_was_sent(events, error, sent):
    witness = RequestTrace(last_event=WHOLE)
    for event in events:
        witness(event, {"request": SimpleNamespace(method=b"POST")})

    assert result_from_error(error, witness, late=False, secret=KEY).maybe_sent is sent


def test_opening_a_tunnel_is_not_sending_the_request():
    witness = RequestTrace(last_event=WHOLE)
    witness("http11.send_request_headers.started", {"request": SimpleNamespace(method=b"CONNECT")})
    witness(f"http11.{WHOLE}", {})

    assert (
        result_from_error(httpx.ProxyError("407"), witness, late=False, secret=KEY).maybe_sent
        is False
    )


def test_the_asynchronous_half_sees_the_same():
    witness = RequestTrace(last_event=WHOLE)
    asyncio.run(witness.on_event_async(f"http11.{WHOLE}", {}))

    assert result_from_error(httpx.ReadError("x"), witness, late=False, secret=None).maybe_sent


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (httpx.ConnectError("refused"), "could not connect: refused"),
        (httpx.ConnectError(""), "could not connect"),
        (httpx.ConnectError("a\nb\x00" + "c" * 500), "could not connect: ab" + "c" * 198),
        (httpx.ProxyError(f"407 {KEY}"), "the proxy refused: 407 ***"),
        (
            httpx.LocalProtocolError(f"Illegal header value b'Bearer {KEY}'"),
            "failed with LocalProtocolError",
        ),
        (
            httpx.RemoteProtocolError(f"illegal status line: {KEY}"),
            "the server closed the connection, or what it said is not HTTP",
        ),
        (httpx.ReadError("PROMPT"), "the connection broke while the answer was awaited"),
    ],
)
def test_the_problem_is_said_in_our_words(error, problem):
    said = result_from_error(error, RequestTrace(last_event=WHOLE), late=False, secret=KEY)

    assert said.error == problem


@pytest.mark.parametrize(
    ("error", "late", "timed_out"),
    [
        (httpx.ReadTimeout("x"), False, True),
        (httpx.ReadError("x"), True, True),
        (httpx.ReadError("x"), False, False),
    ],
)
def test_running_out_of_time_is_told_from_failing(error, late, timed_out):
    said = result_from_error(error, RequestTrace(last_event=WHOLE), late=late, secret=None)

    assert said.timed_out is timed_out


@pytest.mark.parametrize(
    ("status", "key", "body"),
    [(401, KEY, b"no ***"), (200, KEY, b"no " + KEY.encode()), (401, None, b"no " + KEY.encode())],
)
def test_a_refusal_does_not_repeat_the_key(status, key, body):
    response = httpx.Response(status, headers={"X-Echo": KEY})

    answer = result_from_response(response, b"no " + KEY.encode(), key)

    assert answer.body == body
    assert answer.headers["x-echo"] == ("***" if key else KEY)


def test_a_body_is_read_up_to_its_limit():
    body = BodyReader(5)

    assert body.add(b"abc")
    assert not body.add(b"defgh")
    assert body.content("") == b"abcde"
