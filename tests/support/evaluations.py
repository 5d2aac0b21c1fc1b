"""Evaluation runs, which a platform carries out in the background."""

import threading

from respan_langchain.embedded.endpoints.evaluations import THREAD_NAME


def wait_for_evaluations() -> None:
    """Wait until every evaluation run of this process has ended."""
    for thread in threading.enumerate():
        if thread.name == THREAD_NAME:
            thread.join()
