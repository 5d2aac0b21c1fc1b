"""Events from odd places: the act is named as argument."""

import logging
import os
import sys
import threading
import weakref

from common import call, new_handler, say

HANDLER = new_handler(flush_interval=0.05)


def weakly():
    """Events from callbacks of weak references, wherever a referent dies."""

    class Thing:
        pass

    for _ in range(40):
        thing = Thing()
        reference = weakref.ref(thing, lambda _: call(HANDLER, 1))
        call(HANDLER, 1)
        del thing
        assert reference() is None


def loudly():
    """Events from a logging handler that hears our own words too."""
    heard = threading.local()

    class Calling(logging.Handler):
        count = 0

        def emit(self, record):
            if getattr(heard, "busy", False):
                return
            heard.busy = True
            self.count += 1
            call(HANDLER, 1)
            heard.busy = False

    calling = Calling()
    logging.getLogger().addHandler(calling)
    for _ in range(40):
        call(HANDLER, 1)
        HANDLER.flush(10.0)
    assert calling.count > 0


def bare():
    """A child that closed every file it inherited, as daemons and celery do."""
    call(HANDLER, 40, "parent")
    child = os.fork()
    if not child:
        os.closerange(3, 256)
        call(HANDLER, 40, "child")
        os._exit(0 if HANDLER.flush(30.0) else 1)
    assert os.waitpid(child, 0)[1] == 0


def closed():
    """A handler that is closed three times, and used again."""
    call(HANDLER, 79)
    assert all(HANDLER.shutdown(30.0) for _ in range(3))
    call(HANDLER, 5, "too late ")
    late = new_handler()
    call(late, 1)
    assert late.flush(30.0)


def quietly():
    """No socket and no file is touched by the thread that calls."""
    call(HANDLER, 1)
    HANDLER.flush(30.0)
    caller, touched = threading.get_ident(), []

    def watch(event, _):
        watched = event == "open" or event.startswith(("socket.", "sqlite3."))
        if watched and threading.get_ident() == caller and not done.is_set():
            touched.append(event)

    done = threading.Event()
    sys.addaudithook(watch)
    call(HANDLER, 79)
    done.set()
    assert touched == []


ACTS = {act.__name__: act for act in (weakly, loudly, bare, closed, quietly)}
ACTS[sys.argv[1]]()
say(HANDLER, flush=bool(HANDLER.flush(60.0)), dropped=dict(HANDLER.stats.dropped))
