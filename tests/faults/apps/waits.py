"""An app that is there before its platform."""

import sys

from common import call, new_handler, say

HANDLER = new_handler()
call(HANDLER, 80)
for _ in range(100):
    assert not HANDLER.flush(0.2)
    if "connect" in HANDLER.stats.last_error:
        break
else:
    raise SystemExit(f"no connection was refused: {HANDLER.stats}")
sys.stdout.write("refused\n")
sys.stdout.flush()
sys.stdin.readline()
say(HANDLER, flush=bool(HANDLER.flush(60.0)))
