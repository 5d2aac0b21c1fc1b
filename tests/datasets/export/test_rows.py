"""A log as it was sent: also where a platform shows its parts in another way than it took them."""

from respan_langchain.client.models import Log
from respan_langchain.datasets.export.rows import to_columns, to_row


def test_log_columns_return_to_metadata_and_metrics():
    log = Log.model_validate(
        {
            "unique_id": "u1",
            "input": '[{"role": "user", "content": "hi"}]',
            "output": "hello",
            "model": "gpt-4o",
            "log_type": "chat",
            "custom_identifier": "run-1",
            "prompt_tokens": 0,
            "total_request_tokens": 5,
            "cost": "0.0000183",
            "timestamp": "2026-11-23T03:20:12Z",
        }
    )

    assert to_row(log) == {
        "input": [{"role": "user", "content": "hi"}],
        "output": "hello",
        "metadata": {"model": "gpt-4o", "log_type": "chat", "custom_identifier": "run-1"},
        "metrics": {
            "prompt_tokens": 0,
            "total_tokens": 5,
            "cost": 0.0000183,
            "timestamp": "2026-11-23T03:20:12+00:00",
        },
    }


def test_sent_values_win_over_the_platforms_columns():
    log = Log.model_validate(
        {
            "input": "a",
            "metadata": {"model": "mine"},
            "metrics": {"cost": 1},
            "model": "x",
            "cost": 2,
        }
    )

    assert to_row(log) == {"input": "a", "metadata": {"model": "mine"}, "metrics": {"cost": 1}}


def test_an_empty_log_is_a_valid_row():
    assert to_row(Log()) == {"input": "", "metadata": {}, "metrics": {}}
    assert to_columns(Log())["input"] == ""
