"""Responses and failures become results that never contain the API key."""

import gzip

import httpx
import pytest
from pydantic import SecretStr

from respan_langchain.client.endpoints import dataset
from respan_langchain.client.http.codec import BodyReader, HttpCodec
from respan_langchain.client.http.request_trace import RequestTrace, UnencryptedProxyError

KEY = "sk-5ecret-0f-th1s"
CODEC = HttpCodec("https://api.respan.ai", SecretStr(KEY))
KEYLESS = HttpCodec("https://api.respan.ai", None)


def read_failure(error, *, late=False):
    return CODEC.read_failure(error, RequestTrace("x"), late=late)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (httpx.ConnectError("refused"), "could not connect: refused"),
        (httpx.ConnectError(""), "could not connect"),
        (httpx.ConnectError("a\nb\x00" + "c" * 500), "could not connect: ab" + "c" * 198),
        (httpx.ProxyError(f"407 {KEY}"), "the proxy refused the request: 407 ***"),
        (
            httpx.LocalProtocolError(f"Illegal header value b'Bearer {KEY}'"),
            "failed with LocalProtocolError",
        ),
        (
            httpx.RemoteProtocolError(f"illegal status line: {KEY}"),
            "the server closed the connection or did not answer in HTTP",
        ),
        (
            httpx.ReadError("PROMPT"),
            "the connection broke before the response was complete",
        ),
    ],
)
def test_a_failure_is_described_without_quoting_the_request(error, text):
    assert read_failure(error).error == text


@pytest.mark.parametrize(
    ("error", "late", "timed_out"),
    [
        (httpx.ReadTimeout("x"), False, True),
        (httpx.ReadError("x"), True, True),
        (httpx.ReadError("x"), False, False),
    ],
)
def test_a_timeout_is_distinguished_from_a_failed_connection(error, late, timed_out):
    assert read_failure(error, late=late).timed_out is timed_out


def test_a_proxy_that_must_not_get_the_key_is_a_permanent_failure():
    result = read_failure(UnencryptedProxyError("set NO_PROXY"))

    assert (result.error, result.permanent, result.maybe_sent) == ("set NO_PROXY", True, False)


@pytest.mark.parametrize(
    ("status", "codec", "body"),
    [
        (401, CODEC, b"no ***"),
        (200, CODEC, b"no " + KEY.encode()),
        (401, KEYLESS, b"no " + KEY.encode()),
    ],
)
def test_a_refusal_does_not_repeat_the_key(status, codec, body):
    reader = BodyReader(1000)
    reader.add(b"no " + KEY.encode())

    result = codec.read_response(
        httpx.Response(status, headers={"X-Echo": KEY}), reader, decoded=True
    )

    assert result.body == body
    assert result.headers["x-echo"] == (KEY if codec is KEYLESS else "***")


@pytest.mark.parametrize("value", [CODEC, [CODEC], {"codec": CODEC}])
def test_no_repr_shows_the_key(value):
    assert KEY not in repr(value) + str(value)


def test_the_key_is_in_one_header():
    message = CODEC.build_request(dataset("d1"), b"")

    assert message["headers"].pop("Authorization") == f"Bearer {KEY}"
    assert KEY not in repr(message)


def test_a_body_is_read_up_to_its_limit():
    body = BodyReader(5)

    assert body.add(b"abc")
    assert not body.add(b"defgh")
    assert body.content("") == b"abcde"


def test_a_body_is_decompressed_up_to_its_limit():
    body = BodyReader(1000)
    body.add(gzip.compress(bytes(1_000_000)))

    assert len(body.content("gzip")) == 1000
