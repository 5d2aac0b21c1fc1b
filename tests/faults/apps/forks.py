"""Forks fifty times in the first second of its life; each child captures a row and delivers it."""

import os
import signal
import sys
import threading
import time

from langchain_core.runnables import RunnableLambda

from respan_langchain import RespanDatasetCallbackHandler

STEPS, STEP = 50, 0.02
NEVER = threading.Event()
CHILD_TIME = 20

url, spool, level = sys.argv[1:]
handler = RespanDatasetCallbackHandler(
    "forks", base_url=url, api_key="k" * 20, spool_dir=spool or None, delivery=level
)
app = RunnableLambda(lambda number: number)


def run_child(number):
    """End with 0 once the row is delivered, and with a signal when it hangs."""
    signal.alarm(CHILD_TIME)
    app.invoke(number, {"callbacks": [handler]})
    os._exit(0 if handler.flush(15.0) else 1)


app.invoke("parent", {"callbacks": [handler]})
children = []
began = time.monotonic()
for step in range(STEPS):
    NEVER.wait(max(0.0, began + step * STEP - time.monotonic()))
    child = os.fork()
    if not child:
        run_child(step)
    children.append(child)
ends = [os.waitpid(child, 0)[1] for child in children]
flushed = bool(handler.flush(15.0))
sys.stdout.write(repr((flushed, [(step, end) for step, end in enumerate(ends) if end])))
sys.exit(0 if flushed and not any(ends) else 1)
