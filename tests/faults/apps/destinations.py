"""An app whose customers have a key each: a handler for each, used once and given up."""

import gc
import json
import os
import sys
import threading
import time
from pathlib import Path

from common import call

from respan_langchain import RespanDatasetCallbackHandler

HANDLERS = 300
FIRST = 150
"""Handlers until the allocator takes no more pages from the system; 1,200 more take 1 MB."""
PAGE = os.sysconf("SC_PAGE_SIZE")


def new_handler(number, delivery):
    key = f"key-that-nobody-may-see-{number}"
    return RespanDatasetCallbackHandler(dataset_id="d1", api_key=key, delivery=delivery)


def shut_down(handler):
    assert handler.shutdown()


def drop(handler):
    assert handler.flush()


def shut_down_and_keep(handler, kept=[]):  # noqa: B006  # an app that forgets to drop them
    assert handler.shutdown()
    kept.append(handler)


def use(number, delivery, end):
    handler = new_handler(number, delivery)
    call(handler, 1, f"customer {number} ")
    end(handler)


def count(directory):
    return sum(1 for _ in Path(directory).iterdir())


def measure():
    """Threads, descriptors and resident bytes; threads that are ending have ten seconds for it."""
    gc.collect()
    deadline, ended = time.monotonic() + 10.0, threading.Event()
    while (threads := count("/proc/self/task")) > 1 and time.monotonic() < deadline:
        ended.wait(0.01)
    descriptors = count("/proc/self/fd")
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
    return {"threads": threads, "descriptors": descriptors, "resident": resident}


def main(end, delivery):
    for number in range(FIRST):
        use(number, delivery, end)
    before = measure()
    for number in range(FIRST, FIRST + HANDLERS):
        use(number, delivery, end)
    after = measure()
    with Path(os.environ["REPORT"]).open("a") as report:
        report.write(json.dumps({"before": before, "after": after}) + "\n")


if __name__ == "__main__":
    main(globals()[sys.argv[1]], sys.argv[2])
