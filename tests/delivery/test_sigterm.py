"""SIGTERM delivers first, where the app asks for it."""

import signal

from support.processes import read_line

from tests.delivery.kit import expected

ASK = "from respan_langchain import flush_on_sigterm\nflush_on_sigterm()\n"
# Python may miss a signal that arrives just before a wait without a timeout.
SERVE = "print('ready', flush=True)\nstop = threading.Event()\nwhile not stop.wait(0.05): pass\n"


def terminate(process):
    assert read_line(process) == "ready\n"
    process.terminate()


def test_sigterm_delivers_and_ends_the_process_by_the_signal(run):
    stored, said, code = run(ASK + "put('a', 80)\n" + SERVE, meanwhile=terminate)

    assert (stored, code) == (expected(a=80), -signal.SIGTERM)
    assert said == ""


def test_sigterm_delivers_before_the_apps_own_handler_runs(run):
    script = """
def leave(number, frame):
    put("late", STATUS.counts().delivered)
    sys.exit(7)

signal.signal(signal.SIGTERM, leave)
"""
    stored, said, code = run(script + ASK * 2 + "put('a', 8)\n" + SERVE, meanwhile=terminate)

    assert (stored, code) == (expected(a=8, late=8), 7)
    assert said == ""


def test_an_ignored_sigterm_stays_ignored(run):
    script = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + ASK
    _, _, code = run(script + "signal.raise_signal(signal.SIGTERM)")

    assert code == 0


def test_a_second_sigterm_ends_a_flush_that_hangs(run):
    def terminate_twice(process):
        terminate(process)
        assert read_line(process) == "hanging\n"
        process.terminate()

    script = (
        "exit_hooks.WORKERS.get('there', lambda: Worker(File, DeliveryLimits(exit_timeout=60)))\n"
    )
    script += "put('a', 8)\n"

    _, said, code = run(ASK + script + SERVE, "hang", terminate_twice)

    assert (said, code) == ("", -signal.SIGTERM)


def test_the_children_of_a_pool_deliver_when_they_are_terminated(run):
    script = """
if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2) as pool:
        pool.starmap(put, [("a", 4), ("b", 4), ("c", 4)], chunksize=1)
"""
    stored, said, code = run(ASK + script)

    assert (stored, code) == (expected(a=4, b=4, c=4), 0)
    assert said == ""
