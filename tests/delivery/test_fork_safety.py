"""What a fork waits for, and what it does not."""

import os
import threading
import time

from respan_langchain.delivery import fork_safety
from respan_langchain.delivery.fork_safety import ForkHooks
from respan_langchain.delivery.worker import Worker
from tests.delivery.kit import WAIT, Wire


def test_a_fork_waits_for_what_should_not_be_cut_in_two():
    Worker(Wire)
    begun, forking, steps = threading.Event(), threading.Event(), []
    # Called before the hook of ours, which was there first.
    os.register_at_fork(before=forking.set)

    def import_until_somebody_forks():
        with fork_safety.fork_guard():
            begun.set()
            forking.wait(WAIT)
            steps.append("imported")

    thread = threading.Thread(target=import_until_somebody_forks)
    thread.start()
    assert begun.wait(WAIT)

    child = os.fork()
    if not child:
        os._exit(0 if steps == ["imported"] else 1)

    thread.join()
    assert os.waitpid(child, 0)[1] == 0


def test_a_fork_does_not_wait_for_ever():
    hooks = ForkHooks(longest_wait=0.01)
    begun, done = threading.Event(), threading.Event()

    def never_end():
        with hooks.whole:
            begun.set()
            done.wait(WAIT)

    thread = threading.Thread(target=never_end)
    thread.start()
    assert begun.wait(WAIT)

    hooks.before()
    child = os.fork()
    if not child:
        hooks.in_child()
        os._exit(0 if hooks.whole.acquire(blocking=False) else 1)
    hooks.in_parent()

    assert os.waitpid(child, 0)[1] == 0
    done.set()
    thread.join()
    assert hooks.whole.acquire(blocking=False)


def test_the_hooks_of_a_fork_take_no_time_to_speak_of():
    workers = [Worker(Wire) for _ in range(20)]
    for worker in workers:
        for number in range(500):
            worker.status.accept([str(number)])
    spent = []
    for _ in range(5):
        started = time.perf_counter()
        fork_safety._forks.before()
        fork_safety._forks.in_parent()
        for worker in workers:
            worker.after_fork()
        spent.append(time.perf_counter() - started)

    # Measured: 0.03 ms for each worker; the bound is for a busy machine.
    assert min(spent) / len(workers) < 0.001
