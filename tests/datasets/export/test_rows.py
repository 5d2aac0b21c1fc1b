"""A log as it was sent: also where a platform shows its parts in another way than it took them."""

from respan_langchain.client.models import Log
from respan_langchain.datasets.export.columns import columns_of
from respan_langchain.datasets.export.rows import row_of


def test_numbers_and_names_in_columns_go_back_to_where_they_belong():
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

    assert row_of(log) == {
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


def test_what_was_sent_wins_over_what_the_platform_made_of_it():
    log = Log.model_validate(
        {
            "input": "a",
            "metadata": {"model": "mine"},
            "metrics": {"cost": 1},
            "model": "x",
            "cost": 2,
        }
    )

    assert row_of(log) == {"input": "a", "metadata": {"model": "mine"}, "metrics": {"cost": 1}}


def test_a_log_that_shows_nothing_can_be_sent_all_the_same():
    assert row_of(Log()) == {"input": "", "metadata": {}, "metrics": {}}
    assert columns_of(Log())["input"] == ""
