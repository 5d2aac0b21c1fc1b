"""Base URLs, ids and keys are checked; errors quote no secret."""

import string

import httpx
import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from respan_langchain.client.client import DatasetClient
from respan_langchain.client.urls import normalize_base_url, quote_segment, validate_api_key
from respan_langchain.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("https://api.respan.ai", "https://api.respan.ai"),
        ("https://api.respan.ai/", "https://api.respan.ai"),
        ("https://api.respan.ai/api", "https://api.respan.ai"),
        ("https://api.respan.ai/api/", "https://api.respan.ai"),
        (" https://api.respan.ai/api//\n", "https://api.respan.ai"),
        ("https://api.respan.ai/api/api/", "https://api.respan.ai"),
        ("https://endpoint.respan.ai/api", "https://endpoint.respan.ai"),
        ("HTTPS://API.respan.ai:8443/api", "https://api.respan.ai:8443"),
        ("https://gate.example/respan/api/", "https://gate.example/respan"),
        ("https://gate.example/myapi", "https://gate.example/myapi"),
        ("http://localhost:8000/api/", "http://localhost:8000"),
        ("http://web.localhost", "http://web.localhost"),
        ("http://127.8.0.1:1", "http://127.8.0.1:1"),
        ("http://[::1]:8000/api", "http://[::1]:8000"),
    ],
)
def test_a_base_url_may_end_in_api_or_slashes(text, root):
    assert normalize_base_url(text) == root


@pytest.mark.parametrize(
    "text",
    [
        "",
        "api.respan.ai",
        "ftp://api.respan.ai",
        "https://",
        "https://user:pa55word@api.respan.ai",
        "https://api.respan.ai/?x=1",
        "https://api.respan.ai/#x",
        "https://api.respan.ai:port",
        "https://[::1",
        "https://api .respan.ai",
        "https://api.respan.ai/\r\nX: y",
        "https://api.respan.ai\\@evil.example",
        "http://api.respan.ai",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://10.0.0.1",
    ],
)
def test_an_unsafe_base_url_raises(text):
    with pytest.raises(ConfigurationError) as refused:
        normalize_base_url(text)

    assert "pa55word" not in str(refused.value)


def test_plain_http_requires_allow_http_or_no_key():
    assert normalize_base_url("http://respan.lan", allow_http=True) == "http://respan.lan"
    assert normalize_base_url("http://respan.lan", with_key=False) == "http://respan.lan"


@pytest.mark.parametrize("key", ["", "  ", "a b", "a\nb", "clé", "a\x00b"])
def test_an_invalid_api_key_raises_without_being_quoted(key):
    with pytest.raises(ConfigurationError) as refused:
        validate_api_key(key)

    assert not key.strip() or key not in str(refused.value)


@pytest.mark.parametrize("key", [" sk-1\n", SecretStr("sk-1")])
def test_an_api_key_may_be_text_or_a_secret(key):
    assert validate_api_key(key).get_secret_value() == "sk-1"


@pytest.mark.parametrize("name", ["", ".", "..", "\ud800", 1, b"a", None])
def test_an_id_that_cannot_be_a_segment_raises(name):
    with pytest.raises(ConfigurationError):
        quote_segment(name)


@pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
@given(name=st.text(min_size=1).filter(lambda text: text not in {".", ".."}))
@example(name="../../admin")
@example(name="d?x=1#y")
@example(name="a\r\nHost: evil")
@example(name="%2e%2e%2f")
@example(name="..%2f..")
@example(name="a/./../b")
def test_an_id_stays_one_segment_of_the_url(library, name):
    paths = []

    def respond(request):
        paths.append(request.url.raw_path)
        return library.Response(204)

    try:
        client = DatasetClient("sk-12345678", transport=library.MockTransport(respond))
        with client:
            client.delete_dataset(name)
    except ConfigurationError:
        assert any("\ud800" <= character <= "\udfff" for character in name)
        return

    inner = paths[0].removeprefix(b"/api/datasets/").removesuffix(b"/").decode()
    assert paths[0] == f"/api/datasets/{inner}/".encode()
    assert set(inner) <= set(string.ascii_letters + string.digits + "-._~%")
