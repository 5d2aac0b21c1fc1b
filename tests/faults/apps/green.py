"""An app of greenlets; to be run by `python -m gevent.monkey`, which patches before it imports."""

import sys
import time

import gevent
from common import call, new_handler, say


def turns_while(act):
    """How many turns another greenlet got, and what the act returned."""
    turns = 0

    def count():
        nonlocal turns
        while True:
            turns += 1
            gevent.sleep(0.001)

    other = gevent.spawn(count)
    result = act()
    other.kill()
    return turns, result


def hung():
    """The server hangs: the hub goes on."""
    handler = new_handler(exit_timeout=0.5)
    call(handler, 40)
    started = time.monotonic()
    turns, flushed = turns_while(lambda: handler.flush(1.0))
    say(handler, turns=turns, flush=bool(flushed), seconds=time.monotonic() - started)


def healthy():
    """Many greenlets call, some of them after the last flush."""
    handler = new_handler()
    gevent.joinall([gevent.spawn(call, handler, 5, number) for number in range(16)], timeout=60)
    flushed = handler.flush(60.0)
    say(handler, flush=bool(flushed))
    call(handler, 40, "late")


{"hung": hung, "healthy": healthy}[sys.argv[1]]()
