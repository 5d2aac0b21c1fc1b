"""Whether a request that failed may have reached the server, and by which way it went."""

import asyncio
from types import SimpleNamespace

import httpx
import pytest

from respan_langchain.client.http.request_trace import RequestTrace, UnencryptedProxyError

LAST_EVENT = "send_request_body.complete"


def sent_to(host, method=b"POST"):
    return {"request": SimpleNamespace(method=method, url=SimpleNamespace(host=host))}


def started_trace(**options):
    trace = RequestTrace(LAST_EVENT, **options)
    trace.start()
    return trace


@pytest.mark.parametrize(
    ("events", "error", "was_sent"),
    [
        ([], httpx.ConnectError("x"), False),
        ([], httpx.ConnectTimeout("x"), False),
        ([], httpx.PoolTimeout("x"), False),
        ([], httpx.LocalProtocolError("x"), False),
        ([], httpx.ReadError("x"), True),
        ([], TimeoutError(), True),
        (["connection.connect_tcp.started"], httpx.ReadError("x"), False),
        (["http11.send_request_headers.started"], TimeoutError(), False),
        (["http11.send_request_headers.started", f"http11.{LAST_EVENT}"], TimeoutError(), True),
        (["http2.send_request_headers.started", f"http2.{LAST_EVENT}"], OSError("x"), True),
    ],
)
def test_a_request_counts_as_sent_after_its_last_event_or_by_the_kind_of_error(
    events, error, was_sent
):
    trace = started_trace()
    for event in events:
        trace(event, sent_to(b"platform.example"))

    assert trace.was_sent(error) is was_sent


def test_a_request_that_was_not_handed_to_a_transport_was_not_sent():
    assert not RequestTrace(LAST_EVENT).was_sent(OSError("Too many open files"))


def test_opening_a_tunnel_does_not_send_the_request():
    trace = started_trace()
    trace("http11.send_request_headers.started", sent_to(b"proxy.example", b"CONNECT"))
    trace(f"http11.{LAST_EVENT}", {})

    assert not trace.was_sent(httpx.ProxyError("407"))


def test_asynchronous_events_are_noted_too():
    trace = started_trace()
    asyncio.run(trace.on_event_async(f"http11.{LAST_EVENT}", {}))

    assert trace.was_sent(httpx.ReadError("x"))


@pytest.mark.parametrize(
    ("event", "details"),
    [
        ("connection.connect_tcp.started", {"host": "proxy.example"}),
        ("socks.connect_tcp.started", {"host": "10.0.0.1"}),
        ("http11.send_request_headers.started", sent_to(b"proxy.example")),
        ("http2.send_request_headers.started", sent_to(b"proxy.example")),
        ("http11.send_request_headers.started", {}),
    ],
)
def test_a_request_for_this_machine_is_aborted_before_it_leaves_it(event, details):
    trace = started_trace(loopback_only=True)

    with pytest.raises(UnencryptedProxyError, match="NO_PROXY"):
        trace(event, details)
    assert not trace.was_sent(OSError())


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_a_request_for_this_machine_may_stay_on_it(host):
    trace = started_trace(loopback_only=True)
    trace("connection.connect_tcp.started", {"host": host})
    trace("http11.send_request_headers.started", sent_to(host.encode()))
    trace(f"http11.{LAST_EVENT}", {})

    assert trace.was_sent(OSError())
