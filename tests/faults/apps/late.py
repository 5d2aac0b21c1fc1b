"""Two destinations, and the end of the process: `late.py URL-OF-THE-OTHER`."""

import sys

from common import call, new_handler

first = new_handler(exit_timeout=2.0)
second = new_handler(base_url=sys.argv[1], exit_timeout=2.0)
call(first, 40)
call(second, 40)
