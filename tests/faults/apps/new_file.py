"""Workers that start at the same moment, on a SQLite file that does not exist yet."""

import json
import multiprocessing
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from threading import Barrier, Thread

from common import CHAIN, MARKER

from respan_langchain import RespanDatasetCallbackHandler

WORKERS, CALLS, FILES = 6, 3, 2


def work(barrier, url, number):
    # Settings of its own, so that threads share no worker either.
    handler = RespanDatasetCallbackHandler("support-bot", base_url=url, batch_rows=100 + number)
    barrier.wait()
    for call in range(CALLS):
        CHAIN.invoke({"question": f"{MARKER} {call}"}, {"callbacks": [handler]})
    if not handler.flush():
        raise SystemExit(1)


def start_all(method, url):
    if method == "thread":
        barrier, start = Barrier(WORKERS), Thread
    else:
        context = multiprocessing.get_context(method)
        barrier, start = context.Barrier(WORKERS), context.Process
    workers = [start(target=work, args=(barrier, url, number)) for number in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def main(method):
    for number in range(FILES):
        file = Path.cwd() / f"{number}.db"
        start_all(method, f"sqlite:///{file}")
        with Path(os.environ["REPORT"]).open("a") as report:
            report.write(json.dumps({"datasets": datasets_in(file)}) + "\n")


def datasets_in(file):
    with closing(sqlite3.connect(file)) as connection:
        named = "SELECT name, log_count FROM datasets WHERE type != 'virtual'"
        return connection.execute(named).fetchall()


if __name__ == "__main__":
    main(sys.argv[1])
