"""Settings.

Arguments win over the environment, wrong values are named, and the key is never shown.
"""

import httpx
import pytest

from respan_langchain import (
    ConfigurationError,
    RespanDatasetCallbackHandler,
    capture,
    enable,
)
from respan_langchain.callbacks.config import HandlerConfig, HandlerOptions
from respan_langchain.settings.options import SettingsOptions
from respan_langchain.settings.reading import read_settings
from respan_langchain.settings.settings import Settings

KEY = "rsp-secret-key-1234"


def test_the_environment_is_read(monkeypatch):
    monkeypatch.setenv("RESPAN_API_KEY", KEY)
    monkeypatch.setenv("RESPAN_BASE_URL", "https://endpoint.respan.ai/api")
    monkeypatch.setenv("RESPAN_DATASET_ID", "d-1")
    monkeypatch.setenv("RESPAN_BATCH_ROWS", "50")

    settings = read_settings()
    assert settings.api_key.get_secret_value() == KEY
    assert (settings.base_url, settings.dataset_id, settings.batch_rows) == (
        "https://endpoint.respan.ai/api", "d-1", 50,
    )  # fmt: skip


def test_the_scheme_of_a_url_may_be_written_in_any_case():
    settings = read_settings(base_url="SQLite:///Some Folder/A.db")

    assert settings.is_local
    assert settings.base_url == "sqlite:///Some Folder/A.db"
    assert read_settings(base_url="HTTPS://x.org/A", api_key=KEY).base_url == "https://x.org/A"


def test_an_argument_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv("RESPAN_API_KEY", KEY)
    monkeypatch.setenv("RESPAN_DATASET", "from-environment")

    assert read_settings(dataset="given").dataset == "given"


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("base_url", "ftp://x"), ("base_url", "api.respan.ai"), ("batch_rows", 501),
        ("batch_rows", "many"),
        ("flush_interval", 0), ("sample_rate", 2), ("overflow", "never"), ("max_queue_bytes", 3),
    ],
)  # fmt: skip
def test_a_wrong_value_is_one_error_that_names_argument_and_variable(argument, value):
    with pytest.raises(ConfigurationError) as caught:
        RespanDatasetCallbackHandler(dataset="d", api_key=KEY, **{argument: value})

    assert f"{argument} (or RESPAN_{argument.upper()})" in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("option", "meant"),
    [("flush_intervall", "flush_interval"), ("datset", "dataset"), ("keep_error", "keep_errors")],
)
def test_a_mistyped_option_is_named_with_the_one_that_was_meant(option, meant):
    with pytest.raises(ConfigurationError, match=f"{option}: .*did you mean `{meant}`"):
        RespanDatasetCallbackHandler("d", api_key=KEY, **{option: 3})


def test_an_unknown_option_is_named_with_all_known_ones():
    with pytest.raises(ConfigurationError, match=r"zzz: .* api_key, app_version, .* trajectory"):
        RespanDatasetCallbackHandler("d", api_key=KEY, zzz=3)


@pytest.mark.parametrize("function", [enable, capture])
def test_enable_and_capture_name_a_mistyped_option_too(function):
    with pytest.raises(ConfigurationError, match="did you mean `dataset`"), function(datset="d"):
        pass


def test_keyword_arguments_are_typed_as_the_configuration_is():
    fields = {*HandlerConfig.__dataclass_fields__, *Settings.model_fields}

    assert {*HandlerOptions.__annotations__, "dataset", "settings"} == fields
    assert {*SettingsOptions.__annotations__, "dataset", "dataset_id"} == {*Settings.model_fields}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"capture": "spans"}, "capture: expected .*\"llm\".* got 'spans'"),
        ({"capture": ()}, "capture: expected at least one"),
        ({"capture": None}, "capture: expected at least one"),
        ({"capture": 3}, "capture: .* got 3"),
        ({"capture": [["root"]]}, "capture: .* got list"),
        ({"redact": "pii"}, "redact: .* got 'pii'"),
        ({"redact": 3}, "redact: .* got 3"),
        ({"include": [3]}, "include: .* got 3"),
        ({"include": 3}, "include: .* got 3"),
        ({"exclude": [None]}, "exclude: .* got None"),
        ({"keep_errors": "no"}, "keep_errors: expected True or False, got 'no'"),
        ({"trajectory": "x"}, "trajectory: expected True or False"),
        ({"retrieved_documents": 1}, "retrieved_documents: expected True or False"),
        ({"keep_media": None}, "keep_media: expected True or False"),
        ({"local_models_free": "yes"}, "local_models_free: expected True or False"),
        ({"input_key": 3}, "input_key: expected a key"),
        ({"output_key": ["a"]}, "output_key: expected a key"),
        ({"messages": "sometimes"}, 'messages: expected "auto" or "off"'),
        ({"metadata": ["x"]}, "metadata: expected a mapping, got list"),
        ({"tags": [1]}, "tags: .* got 1"),
        ({"tags": 3}, "tags: .* got 3"),
        ({"limits": 5}, r"limits: expected ContentLimits\(\.\.\.\), got 5"),
        ({"timeouts": 3}, r"timeouts: expected TraceTimeouts\(\.\.\.\), got 3"),
        ({"http_client": 3}, "http_client: expected an httpx.Client"),
        ({"http_client": httpx.AsyncClient()}, "http_client: .* got AsyncClient"),
        ({"map_row": 3}, "map_row: expected a function of a row"),
        ({"on_row": 3}, "on_row: expected a function"),
        ({"flush": "often"}, "flush: expected"),
        ({"flush": "disk"}, "delivery"),
        ({"copy": ["deep"]}, "copy: expected"),
        ({"dataset": None}, "dataset"),
        ({"prices": 3}, "prices"),
        ({"base_url": "sqlite:///no/such/folder/x.db", "api_key": None}, "base_url"),
        ({"base_url": "http://example.com"}, "https"),
    ],
    ids=lambda value: "=".join(value) if isinstance(value, dict) else "",
)
def test_every_wrong_argument_is_named(arguments, named):
    with pytest.raises(ConfigurationError, match=named):
        RespanDatasetCallbackHandler(**{"dataset": "d", "api_key": KEY, **arguments})


def test_all_wrong_arguments_are_named_at_once():
    with pytest.raises(ConfigurationError, match=r"keep_media: .*; tags: "):
        RespanDatasetCallbackHandler("d", api_key=KEY, keep_media="no", tags=[1])


def test_a_wrong_argument_that_may_be_private_is_not_shown():
    with pytest.raises(ConfigurationError, match=r"messages: .* got str") as caught:
        RespanDatasetCallbackHandler("d", api_key=KEY, messages="What the customer said. " * 3)

    assert "customer" not in str(caught.value)


def test_none_means_none_and_a_single_value_is_a_list_of_one(platform):
    arguments = {
        "base_url": platform,
        "include": None,
        "exclude": None,
        "tags": None,
        "redact": None,
    }
    RespanDatasetCallbackHandler("d", **arguments)
    RespanDatasetCallbackHandler("d", base_url=platform, capture="llm", include="a", tags="b")


def test_an_invalid_key_is_rejected_without_showing_it():
    with pytest.raises(ConfigurationError) as caught:
        RespanDatasetCallbackHandler(dataset="d", api_key="two words")

    assert "api_key" in str(caught.value)
    assert "two words" not in str(caught.value)


def test_the_key_is_never_shown():
    handler = RespanDatasetCallbackHandler(dataset="d", api_key=KEY)

    for shown in (
        repr(handler),
        str(handler),
        repr(handler.stats),
        str(handler.stats),
        repr(read_settings(api_key=KEY)),
    ):
        assert KEY not in shown


def test_a_relative_file_is_in_the_apps_working_directory(tmp_path, monkeypatch):
    from support.models import FakeChat

    monkeypatch.chdir(tmp_path)
    handler = RespanDatasetCallbackHandler(dataset="d", base_url="sqlite:///here.db")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    FakeChat().invoke("hello", {"callbacks": [handler]})

    assert handler.shutdown(timeout=20)
    assert (tmp_path / "here.db").exists()
    assert not (tmp_path / "elsewhere" / "here.db").exists()


@pytest.mark.parametrize(
    "name", ["dataset", "environment", "customer_identifier", "via", "spool_dir"]
)
def test_an_empty_variable_is_none(name, monkeypatch):
    monkeypatch.setenv(f"RESPAN_{name.upper()}", "")

    assert getattr(read_settings(base_url="sqlite:///:memory:"), name) is None
