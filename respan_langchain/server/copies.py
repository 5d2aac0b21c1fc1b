"""A row in other forms, to be copied: a list of messages, a pytest case, a curl command."""

import re
import shlex
import sqlite3
from collections.abc import Callable
from pprint import pformat
from typing import Any

import orjson

from respan_langchain.datasets.export.messages import to_messages, to_question
from respan_langchain.embedded.endpoints.serialize import serialize_log
from respan_langchain.embedded.http import Response, json_response
from respan_langchain.embedded.store import datasets_table, logs_table
from respan_langchain.server.layout import SECURITY_HEADERS
from respan_langchain.server.page_request import PageRequest
from respan_langchain.server.preview import parse_stored, pretty, read_contents

MAX_NAME_CHARS = 60


def copy(name: str, asked: PageRequest) -> Response:
    """Build the response of one form; `name` is one of COPIES."""
    row = _get_row(asked)
    text = COPIES[name](row, f"{asked.request.origin}/api/datasets/{asked.dataset_id}/logs/")
    headers = {"content-type": "text/plain; charset=utf-8", **SECURITY_HEADERS}
    return Response(200, text.encode(errors="replace"), headers)


def show_raw_json(asked: PageRequest) -> Response:
    """Build the response of a row as the API gives it."""
    raw = json_response(200, serialize_log(_get_row(asked)))
    return Response(200, raw.body, {**SECURITY_HEADERS, **raw.headers})


def _get_row(asked: PageRequest) -> sqlite3.Row:
    with asked.store.reading() as connection:
        dataset = datasets_table.get_seq(connection, asked.dataset_id)
        return logs_table.get(connection, dataset, asked.unique_id)


def _write_messages(row: sqlite3.Row, _: str) -> str:
    """Write the conversation with its answer, as chat APIs have it."""
    messages = to_messages(parse_stored(row["input"]))
    output = parse_stored(row["output"])
    if output is not None:
        is_message = isinstance(output, dict) and "role" in output
        messages = [*messages, output if is_message else {"role": "assistant", "content": output}]
    return pretty(messages)


def _write_pytest_case(row: sqlite3.Row, _: str) -> str:
    """Write a test of a fixture `chain`; only a person's expected output is asserted."""
    given, expected = (parse_stored(row[name]) for name in ("input", "expected_output"))
    lines = [
        "# `chain` is a fixture of yours: what the app invokes.",
        f"def test_{_to_identifier(to_question(given))}(chain):",
        f"    output = chain.invoke({_to_literal(given)})",
        "",
        f"    assert output == {_to_literal(expected)}"
        if expected is not None
        else "    assert output  # the row has no expected output yet",
    ]
    return "\n".join(lines) + "\n"


def _to_identifier(text: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", text.lower())[:MAX_NAME_CHARS].strip("_")
    return words or "row"


def _to_literal(value: Any) -> str:
    return pformat(value, width=88, sort_dicts=False).replace("\n", "\n    ")


def _write_curl(row: sqlite3.Row, address: str) -> str:
    """Write the request that creates the row."""
    return (
        f"curl -X POST {shlex.quote(address)} \\\n"
        '  -H "Authorization: Bearer $RESPAN_API_KEY" \\\n'
        "  -H 'Content-Type: application/json' \\\n"
        f"  -d {shlex.quote(orjson.dumps(read_contents(row)).decode())}\n"
    )


COPIES: dict[str, Callable[[sqlite3.Row, str], str]] = {
    "messages.json": _write_messages,
    "test_case.py": _write_pytest_case,
    "request.sh": _write_curl,
}
LABELS = {"messages.json": "Messages", "test_case.py": "Pytest case", "request.sh": "curl"}
