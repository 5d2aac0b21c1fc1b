"""The key that the platform's own command has stored."""

import json
import os
from pathlib import Path

import pytest

from respan_langchain import ConfigurationError, RespanDatasetCallbackHandler
from respan_langchain.settings.reading import read_settings

KEY = "rsp-secret-key-1234"


def write_credentials(content: object) -> None:
    path = Path.home() / ".respan" / "credentials.json"
    path.parent.mkdir(parents=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


@pytest.mark.parametrize(
    "content",
    [
        {"api_key": KEY},
        {"apiKey": KEY},
        {"default": {"api_key": KEY}},
        {"user": "x", "prod": {"key": f" {KEY} "}},
    ],
    ids=["plain", "camel case", "in a profile", "with blanks"],
)
def test_the_key_of_the_vendors_login_is_found(content):
    write_credentials(content)

    assert read_settings().api_key.get_secret_value() == KEY


@pytest.mark.parametrize("content", ["not json", [], {"email": "x"}, {"api_key": ""}], ids=str)
def test_without_a_key_the_error_names_the_three_ways_to_set_one(content):
    write_credentials(content)

    with pytest.raises(ConfigurationError) as caught:
        RespanDatasetCallbackHandler(dataset="d")
    for way in ("RESPAN_API_KEY", "respan login", "sqlite:///respan.db"):
        assert way in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="files have no owner")
def test_a_key_file_that_everybody_may_write_to_is_refused():
    write_credentials({"api_key": "k"})
    path = Path.home() / ".respan" / "credentials.json"
    path.chmod(0o666)

    with pytest.raises(ConfigurationError, match=r"^/.*json: everybody may write to it; chmod"):
        read_settings(dataset="d")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives away")
def test_a_key_file_of_another_user_is_refused():
    write_credentials({"api_key": "k"})
    os.chown(Path.home() / ".respan" / "credentials.json", 12_345, 12_345)

    with pytest.raises(ConfigurationError, match="it belongs to another user"):
        read_settings(dataset="d")
