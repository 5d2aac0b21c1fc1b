"""What the apps in here have in common: a chain that is called, and a word on what came of it.

Their handler finds platform and key in the environment, as an app's does.
"""

import json
import logging
import os
import sys
from pathlib import Path

from langchain_core.runnables import RunnableLambda

from respan_langchain import RespanDatasetCallbackHandler

MARKER = "payload-that-no-log-may-show"
CHAIN = RunnableLambda(lambda _: "42").with_config(run_name="app")

logging.basicConfig(stream=sys.stderr, level=logging.DEBUG)


def new_handler(**settings):
    return RespanDatasetCallbackHandler(dataset_id="d1", **settings)


def call(handler, count, prefix=""):
    """So many calls of the chain; one row each."""
    for number in range(count):
        question = {"question": f"{MARKER} {prefix}{number}"}
        CHAIN.invoke(question, {"callbacks": [handler]})


def say(handler, **more):
    """One line for the test; each process that has something to say adds one."""
    stats = handler.stats
    line = {
        "process": os.getpid(),
        "captured": stats.captured,
        "delivered": stats.delivered,
        **more,
    }
    with Path(os.environ["REPORT"]).open("a") as report:
        report.write(json.dumps(line) + "\n")
    sys.stderr.write(repr(handler) + repr(stats))
