"""Children of multiprocessing, which get the handler as an argument or inherit it."""

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor

from common import call, new_handler, say


def in_a_process(context, handler):
    child = context.Process(target=call, args=(handler, 40, "child"))
    child.start()
    child.join()


def in_an_executor(context, handler):
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        for done in [pool.submit(call, handler, 10, f"child {number}") for number in range(4)]:
            done.result()


def main():
    kind, method = sys.argv[1:]
    handler = new_handler()
    call(handler, 40, "parent")
    {"process": in_a_process, "executor": in_an_executor}[kind](
        multiprocessing.get_context(method), handler
    )
    flushed = handler.flush(60.0)
    say(handler, flush=bool(flushed))


if __name__ == "__main__":
    main()
