"""What a fork waits for, and what it does not."""

import os
import threading
import time

from respan_langchain.delivery import forks
from respan_langchain.delivery.worker import Worker
from tests.delivery.kit import WAIT, Wire


def test_a_fork_waits_for_what_should_not_be_cut_in_two():
    Worker(Wire)
    begun, steps = threading.Event(), []

    def import_slowly():
        with forks.undivided():
            begun.set()
            time.sleep(0.2)  # what an import takes
            steps.append("imported")

    thread = threading.Thread(target=import_slowly)
    thread.start()
    assert begun.wait(WAIT)

    child = os.fork()
    if not child:
        os._exit(0 if steps == ["imported"] else 1)

    thread.join()
    assert os.waitpid(child, 0)[1] == 0


def test_a_fork_does_not_wait_for_ever(monkeypatch):
    Worker(Wire)
    monkeypatch.setattr(forks, "LONGEST_WAIT", 0.05)
    begun, done = threading.Event(), threading.Event()

    def never_end():
        with forks.undivided():
            begun.set()
            done.wait(WAIT)

    thread = threading.Thread(target=never_end)
    thread.start()
    assert begun.wait(WAIT)

    child = os.fork()
    if not child:
        with forks.undivided():
            os._exit(0)

    assert os.waitpid(child, 0)[1] == 0
    done.set()
    thread.join()
    with forks.undivided():
        pass


def test_the_hooks_of_a_fork_take_no_time_to_speak_of():
    workers = [Worker(Wire) for _ in range(20)]
    for worker in workers:
        for number in range(500):
            worker.ledger.accept(str(number))
    spent = []
    for _ in range(5):
        started = time.perf_counter()
        forks._fork.before()
        forks._fork.in_parent()
        for worker in workers:
            worker.after_fork()
        spent.append(time.perf_counter() - started)

    # Measured: 0.03 ms for each worker; the bound is for a busy machine.
    assert min(spent) / len(workers) < 0.001
