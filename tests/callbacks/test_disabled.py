"""Handlers that capture nothing: switched off, or without a key where that is allowed."""

import threading
from pathlib import Path

import pytest
from support.models import FakeChat

from respan_langchain import ConfigurationError, RespanDatasetCallbackHandler, capture
from respan_langchain.callbacks.global_capture import disable, enable


def captures_nothing(handler):
    """Use a handler, and look for a thread, a row or an error."""
    before = set(threading.enumerate())
    FakeChat().invoke("Hello", {"callbacks": [handler]})
    done = handler.flush(), handler.shutdown()
    stats = handler.stats
    return all(done) and set(threading.enumerate()) <= before and not stats.captured


@pytest.mark.parametrize("options", [{}, {"flush": "root"}, {"copy": "deep"}], ids=str)
def test_a_handler_that_is_switched_off_does_nothing_and_needs_no_key(options, monkeypatch):
    monkeypatch.setenv("RESPAN_ENABLED", "false")
    handler = RespanDatasetCallbackHandler(**options)

    assert captures_nothing(handler)
    assert "RESPAN_ENABLED" in str(handler.stats)
    assert "RESPAN_ENABLED" in repr(handler)


def test_a_handler_that_is_switched_off_makes_no_file(tmp_path):
    RespanDatasetCallbackHandler(
        "d", enabled=False, base_url=f"sqlite:///{tmp_path}/a.db", delivery="durable"
    )

    assert list(tmp_path.iterdir()) == []
    assert not (Path.home() / ".respan").exists()


def test_enable_and_capture_that_are_switched_off_do_nothing(monkeypatch):
    monkeypatch.setenv("RESPAN_ENABLED", "0")
    handler = enable("d")
    with capture("d") as captured:
        FakeChat().invoke("Hello")
    FakeChat().invoke("Hello")

    assert captured.rows == []
    assert handler.stats.captured == 0
    assert disable()


def test_a_missing_key_raises_unless_on_missing_key_is_warn(monkeypatch, caplog):
    with pytest.raises(ConfigurationError, match="No Respan API key"):
        RespanDatasetCallbackHandler("d")

    monkeypatch.setenv("RESPAN_ON_MISSING_KEY", "warn")
    handler = RespanDatasetCallbackHandler("d")

    assert captures_nothing(handler)
    assert handler.stats.disabled == "no API key"
    assert len([line for line in caplog.messages if "No Respan API key" in line]) == 1


def test_without_a_home_directory_a_handler_works(monkeypatch, tmp_path, rows_of, platform):
    monkeypatch.setenv("HOME", str(tmp_path / "no" / "such" / "folder"))
    handler = RespanDatasetCallbackHandler("support-bot", base_url=platform)
    FakeChat().invoke("Hello", {"callbacks": [handler]})

    assert len(rows_of(handler)) == 1
