"""Captures rows while the wall clock is wrong, or jumps: hours ahead are named as arguments."""

import sys
import time

HOUR = 3_600.0
_real, _hours = time.time, [float(argument) for argument in sys.argv[2:]]
_shift = [_hours.pop(0) * HOUR]
# The package binds the clock when it is imported.
time.time = lambda: _real() + _shift[0]

from common import call, new_handler, say  # noqa: E402

HANDLER = new_handler(flush_interval=0.05, batch_rows=250)


def jump():
    _shift[0] = _hours.pop(0) * HOUR


def deliver():
    """Deliver two batches; the clock jumps each time they wait for a retry or a lookup."""
    call(HANDLER, 500)
    while _hours:
        HANDLER.flush(0.7)
        jump()
    say(HANDLER, flush=bool(HANDLER.flush(30.0)), resent=HANDLER.stats.resent)


def count(rows):
    """Capture rows, until they are counted: on a busy machine that takes longer than a flush."""
    call(HANDLER, rows)
    while not HANDLER.flush(0.3).all_counted:
        pass


def leave():
    """Leave rows on disk, the last of them after a jump."""
    count(40)
    jump()
    count(40)
    say(HANDLER, pending=HANDLER.stats.pending)


{"deliver": deliver, "leave": leave}[sys.argv[1]]()
