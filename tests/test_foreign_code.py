"""A `module:name` that a user gives is loaded, or the error names the argument and the reason."""

import logging
import sys

import pytest

from respan_langchain import ConfigurationError
from respan_langchain._foreign_code import get_logger, load_object


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("raise KeyError('OPENAI_API_KEY')", "KeyError: 'OPENAI_API_KEY'"),
        ("import sys; sys.exit('usage: app')", "SystemExit: usage: app"),
        ("chain = (", "SyntaxError: "),
        ("", "AttributeError: module 'broken_app' has no attribute 'chain'"),
    ],
)
def test_a_module_that_cannot_be_loaded_is_named_with_the_reason(
    source, reason, tmp_path, monkeypatch
):
    (tmp_path / "broken_app.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "broken_app", raising=False)

    with pytest.raises(ConfigurationError) as raised:
        load_object("broken_app:chain", "runnable")

    assert f"runnable 'broken_app:chain' cannot be loaded: {reason}" in str(raised.value)


def test_a_log_record_names_the_place_that_logged(caplog):
    get_logger("respan_langchain.delivery").warning("respan_langchain: %d row(s).", 1)

    [record] = caplog.records
    assert (record.filename, record.levelno) == ("test_foreign_code.py", logging.WARNING)
