"""Runs a case through a handler into a platform in a file, and makes its rows the same every time.

What hangs on the clock, on ids and on what is installed becomes a word: `<seconds>`, `<run 1>`.
Runs are numbered as they began, so that who is above whom can still be read.
"""

import json
import re
from pathlib import Path
from typing import Any

from golden.cases import Case

from respan_langchain import RespanDatasetCallbackHandler
from respan_langchain._connect import open_client
from respan_langchain.settings.reading import read_settings

ROWS = Path(__file__).parent / "rows"
FIELDS = ("input", "output", "expected_output", "metadata", "metrics")
RUN_ID = re.compile(r"\b[0-9a-f]{8}-?[0-9a-f]{4}-?7[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}\b")
NODE_ID = re.compile(r"(?<=:)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
WORDS = {
    "latency": "<seconds>",
    "time_to_first_token": "<seconds>",
    "tokens_per_second": "<tokens per second>",
    "start_time": "<time>",
    "timestamp": "<time>",
    "git_commit": "<commit>",
    "respan_langchain_version": "<version>",
    "langchain_core_version": "<version>",
    "langchain_version": "<version>",
    "langgraph_version": "<version>",
    "langchain-core": "<version>",
}


def rows_of(case: Case, folder: Path, **more: Any) -> list[dict[str, Any]]:
    """The rows that a case leaves on the platform, in the order in which their runs began."""
    url = f"sqlite:///{folder}/platform.db"
    arguments = {"dataset": "golden", "base_url": url, **case.handler, **more}
    handler = RespanDatasetCallbackHandler(**arguments)
    case.run({"callbacks": [handler]})
    assert handler.shutdown(timeout=20), handler.stats
    assert not handler.stats.internal_errors, handler.stats.internal_errors
    with open_client(read_settings(base_url=url)) as client:
        [dataset] = client.datasets()
        logs = [log.model_dump() for log in client.logs(dataset.id)]
    # LangChain numbers its runs as they begin.
    logs.sort(key=lambda log: log["metadata"]["run_id"])
    return [{name: log[name] for name in FIELDS if log.get(name) is not None} for log in logs]


def picture(rows: list[dict[str, Any]]) -> str:
    """The rows as a golden file shows them."""
    told = json.dumps([_told(row) for row in rows], indent=2, ensure_ascii=False)
    told = NODE_ID.sub("<id>", told)
    ids = sorted({found.replace("-", "") for found in RUN_ID.findall(told)})
    for number, name in enumerate(ids, 1):
        told = re.sub("-?".join(name), f"<run {number}>", told)
    return told + "\n"


def _told(row: dict[str, Any]) -> dict[str, Any]:
    # Whether there is a commit hangs on where the tests run.
    metadata = {**row["metadata"], "git_commit": "<commit>"}
    told: dict[str, Any] = _worded({**row, "metadata": metadata})
    for halt in told["metadata"].get("interrupts", ()):
        halt["id"] = "<interrupt>"
    return told


def _worded(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            name: WORDS.get(name, _worded(value)) if type(value) is not dict else _worded(value)
            for name, value in node.items()
        }
    return [_worded(each) for each in node] if isinstance(node, list) else node
