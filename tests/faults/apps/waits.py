"""An app that is there before its platform."""

import sys

from common import call, new_handler, say

HANDLER = new_handler()
call(HANDLER, 80)
while "connect" not in HANDLER.stats.last_error:
    assert not HANDLER.flush(0.2)
sys.stdout.write("refused\n")
sys.stdout.flush()
sys.stdin.readline()
say(HANDLER, flush=bool(HANDLER.flush(60.0)))
