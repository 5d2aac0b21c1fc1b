"""The platform's name cannot be resolved: `never` it hangs, `slowly` it comes late.

A resolver is the system's; one that hangs is put in its place here, since no test may count on
being root.
"""

import atexit
import socket
import sys
import threading
import time

from common import call, new_handler, say

REAL, ASKED, ANSWER = socket.getaddrinfo, threading.Event(), threading.Event()


def hang(*question, **more):
    ASKED.set()
    ANSWER.wait()
    return REAL(*question, **more)


def worst_of(handler, count):
    worst = 0.0
    for _ in range(count):
        started = time.perf_counter()
        call(handler, 1)
        worst = max(worst, time.perf_counter() - started)
    return worst


def never():
    atexit.register(lambda: say(handler, held=time.monotonic() - left[0]))
    handler, left = new_handler(exit_timeout=1.0), []
    atexit.register(lambda: left.append(time.monotonic()))
    worst = worst_of(handler, 40)
    started = time.monotonic()
    flushed = handler.flush(0.5)
    assert ASKED.is_set()
    say(handler, flush=bool(flushed), seconds=time.monotonic() - started, worst=worst)


def slowly():
    handler = new_handler()
    worst_of(handler, 40)
    assert not handler.flush(0.5)
    ANSWER.set()
    flushed = handler.flush(60.0)
    say(handler, flush=bool(flushed))


socket.getaddrinfo = hang
{"never": never, "slowly": slowly}[sys.argv[1]]()
