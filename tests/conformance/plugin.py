"""A pytest plugin for tests of others: captures all that runs, and writes down our complaints.

`RESPAN_CONFORMANCE` names a folder for the platforms, one per process, and the complaints.
"""

import json
import logging
import os
from pathlib import Path

FOLDER = Path(os.environ["RESPAN_CONFORMANCE"])


class Complaints(logging.Handler):
    """Writes down whatever our package logs as a warning or worse."""

    def emit(self, record: logging.LogRecord) -> None:
        with (FOLDER / f"complaints-{os.getpid()}.jsonl").open("a") as file:
            file.write(json.dumps({"level": record.levelname, "says": record.getMessage()}) + "\n")


def pytest_configure() -> None:
    import respan_langchain

    logging.getLogger("respan_langchain").addHandler(Complaints(logging.WARNING))
    respan_langchain.enable(
        "conformance",
        base_url=f"sqlite:///{FOLDER}/platform-{os.getpid()}.db",
        capture=("root", "llm", "tool", "retriever", "chain"),
        exit_timeout=60.0,
    )


def pytest_unconfigure() -> None:
    from respan_langchain.callbacks.global_capture import _active, disable

    handler = _active.process_handler
    if handler is None:
        return
    disable(timeout=60)
    stats = handler.stats
    (FOLDER / f"stats-{os.getpid()}.json").write_text(
        json.dumps({"captured": stats.captured, "delivered": stats.delivered,
                    "faults": stats.internal_errors, "text": str(stats)})
    )  # fmt: skip
