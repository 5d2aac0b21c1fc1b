"""Adds new logs to the search index while the server runs."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from respan_langchain.embedded.store import logs_table, search_index
from respan_langchain.embedded.store.store import Store

INTERVAL = 1.0
"""Seconds between two searches for new logs."""
PAUSE = 0.01
"""Seconds between two batches, so that other writers can write."""


@contextmanager
def indexing(store: Store) -> Iterator[None]:
    """Index new logs on a thread while the block runs."""
    if store.read_only:
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=_run, args=(store, stop), name="respan-index", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _run(store: Store, stop: threading.Event) -> None:
    wait = 0.0
    while not stop.wait(wait):
        try:
            wait = PAUSE if _index_batch(store) else INTERVAL
        except sqlite3.Error:
            # Another process may hold the file for long, or have replaced it.
            wait = INTERVAL


def _index_batch(store: Store) -> bool:
    """Index the next logs; False when all are indexed."""
    with store.reading() as connection:
        if search_index.get_indexed(connection) >= logs_table.get_last_seq(connection):
            return False
    with store.writing() as connection:
        search_index.index_batch(connection, logs_table.get_last_seq(connection))
    return True
