"""What people see: in a narrow terminal and in a wide one, and of values that are not nice."""

import datetime as dt
from decimal import Decimal

import pytest
from cli.cli_support import row
from rich.console import Console

from respan_langchain._display import UNKNOWN
from respan_langchain.cli import formatting
from respan_langchain.cli.row_view import render_row
from respan_langchain.cli.tables import render_logs
from respan_langchain.client.models import Log

LOG = Log.model_validate(
    {"unique_id": "01a2072fb1948675922eeac7e341161a", "span_name": "support", **row(1)}
)
COLUMNS = {name: LOG.metadata[name] for name in ("log_type", "model", "status")}
LOG = LOG.model_copy(
    update={**COLUMNS, "total_tokens": 12, "cost": Decimal("0.001"), "latency": 0.5}
)


def drawn(what, width):
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    with console.file:
        console.print(what)
    return [line.rstrip() for line in console.export_text().splitlines()]


def test_a_narrow_table_omits_run_names():
    head, rule, line = drawn(render_logs([LOG], 80), 80)

    assert head.split() == ["id", "kind", "input", "output", "tokens", "cost", "time", "status"]
    assert len(rule) == 80
    assert line.split("  ")[0] == "e341161a chat question 1"
    assert line.endswith("12 $0.00100 500 ms ok")


def test_a_wide_table_shows_every_column():
    head, rule, line = drawn(render_logs([LOG], 120), 120)

    assert head.split()[:4] == ["id", "kind", "name", "input"]
    assert len(rule) == 120
    assert line.startswith("e341161a   chat   support   question 1  ")
    assert line.endswith("12   $0.00100   500 ms   success")


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_logs_keep_input_and_output_in_any_terminal(width):
    lines = drawn(render_logs([LOG], width), width)

    assert {"id", "input", "output"} <= set(lines[0].split())
    assert "question 1" in lines[2]
    assert "answer 1" in lines[2]
    assert max(map(len, lines)) <= width


def test_columns_give_way_from_the_right():
    heads = [drawn(render_logs([LOG], width), width)[0].split() for width in (80, 60, 50, 36)]

    assert heads == [
        ["id", "kind", "input", "output", "tokens", "cost", "time", "status"],
        ["id", "kind", "input", "output", "tokens", "cost"],
        ["id", "kind", "input", "output", "tokens"],
        ["id", "input", "output"],
    ]


def test_times_are_shown_in_short():
    assert formatting.format_date(None) == formatting.format_datetime(None) == UNKNOWN
    assert formatting.format_date(dt.datetime(2026, 11, 23, tzinfo=dt.UTC)) == "2026-11-23"


CALL = {"id": "c", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}
PREVIEWS = {
    "text": ("hello", "hello"),
    "nothing": (None, UNKNOWN),
    "one value": ({"question": "Where?"}, "Where?"),
    "several values": ({"a": 1, "b": "ü"}, "a: 1, b: ü"),
    "a message": ({"role": "assistant", "content": "hi"}, "hi"),
    "a call": ({"role": "assistant", "content": "", "tool_calls": [CALL]}, 'look({"a":1})'),
    "an odd call": ({"role": "assistant", "tool_calls": ["odd"]}, 'tool("odd")'),
    "a conversation": (
        [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
        "a",
    ),
    "no user": ([{"role": "system", "content": "a"}], "a"),
    "parts": ({"role": "user", "content": [{"type": "text", "text": "a"}]}, None),
    "a list": ([1, 2], "1 · 2"),
}


@pytest.mark.parametrize("name", PREVIEWS)
def test_a_preview_is_one_line(name):
    value, expected = PREVIEWS[name]
    shown = formatting.preview_line(value).plain

    assert "\n" not in shown
    if expected is not None:
        assert shown == expected


def test_a_row_shows_its_tool_calls_scores_and_error():
    log = LOG.model_copy(
        update={
            "output": {
                "role": "assistant",
                "content": [{"type": "text", "text": "deep"}],
                "tool_calls": [CALL],
            },
            "expected_output": {"a": 1},
            "error_message": "it broke",
            "scores": [{"score": 0.5}],
            "timestamp": dt.datetime(2026, 11, 23, 3, 20, tzinfo=dt.UTC),
        }
    )
    text = "\n".join(drawn(render_row(log), 100))

    for part in (
        "question 1",
        "deep",
        'calls look({"a":1})',
        '"a": 1',
        "it broke",
        '"score": 0.5',
        "2026-11-23 03:20:00",
    ):
        assert part in text


def test_a_very_long_text_is_truncated_and_the_rest_is_counted():
    log = LOG.model_copy(update={"output": "x" * 5_000_000})
    lines = drawn(render_row(log), 100)

    assert len(lines) < 300
    assert any("4,980,000 more characters" in line for line in lines)
