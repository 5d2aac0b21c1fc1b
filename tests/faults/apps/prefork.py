"""Workers as celery's: forked before the work comes, and leaving by `os._exit`.

The handler is flushed where celery sends `worker_process_shutdown`.
"""

import os

from billiard.pool import Pool
from common import call, new_handler, say

HANDLER = new_handler(flush_interval=600.0)


def task(number):
    call(HANDLER, 1, f"task {number} ")
    return os.getpid()


def leave(_process, _code):
    flushed = HANDLER.flush(30.0)
    say(HANDLER, flush=bool(flushed))


def main():
    call(HANDLER, 40, "parent")
    pool = Pool(3, on_process_exit=leave)
    pool.map(task, range(80), chunksize=1)
    pool.close()
    pool.join()
    flushed = HANDLER.flush(30.0)
    say(HANDLER, flush=bool(flushed))


if __name__ == "__main__":
    main()
