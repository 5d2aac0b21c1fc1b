"""How a process ends, forks and has children: in processes of their own, over a file as wire."""

import asyncio
import re
import signal
import time
from collections import Counter

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from support.processes import read_line

from respan_langchain import flush_at_shutdown
from respan_langchain.client.http_result import HttpResult
from respan_langchain.delivery.exit_hooks import WORKERS, WorkerRegistry
from respan_langchain.delivery.status import DeliveryStatus
from respan_langchain.delivery.worker import Worker
from tests.delivery.kit import WAIT, Events, Wire, close, encoded, expected, feedback_on

ENDINGS = {
    "the end of the script": "put('a', 80)",
    "sys.exit": "put('a', 80); sys.exit(3)",
    "an exception": "put('a', 80); raise KeyError",
    "a row in an atexit handler": "worker(); atexit.register(put, 'a', 80)",
    "a row in an atexit handler that comes last": "atexit.register(put, 'a', 4); worker()",
    "a row before and one after the last flush": "atexit.register(put, 'b', 3); put('a', 80)",
    "a thread that goes on after the script": (
        "main = threading.main_thread()\n"
        "threading.Thread(target=lambda: (main.join(), put('a', 80))).start()\n"
        "worker()"
    ),
    "asyncio": "import asyncio\nasync def main(): put('a', 80)\nasyncio.run(main())",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_process_that_ends_delivers_first(run, ending):
    stored, said, _ = run(ENDINGS[ending])

    late = 3 if "'b'" in ENDINGS[ending] else 0
    assert stored == expected(a=4 if "last" in ending and not late else 80, b=late)
    assert "not delivered" not in said


def test_rows_after_the_exit_timeout_are_counted_in_one_line(run):
    late = "for _ in range(9): atexit.register(put, 'late')\nput('a', 1)"

    stored, said, _ = run(late, "hang")

    assert not stored
    assert said.count("1 row(s) not delivered: ") == 1
    assert said.count("9 row(s) not delivered: ") == 1


@pytest.mark.parametrize("mood", ["hang", "refuse"])
def test_rows_that_no_late_flush_delivers_are_counted_in_one_line(run, mood):
    _, said, _ = run("for _ in range(9): atexit.register(put, 'late')\nworker()", mood)

    assert said.count("9 row(s) not delivered: ") == 1
    assert said.count("not delivered") == 1


def test_rows_for_a_worker_that_has_ended_are_counted_in_one_line(run):
    late = "for _ in range(9): atexit.register(put, 'late')\n"
    script = "ended = worker()\nworker = lambda: ended\nput('a')"

    _, said, _ = run(late + script, "hang")

    assert said.count("dropped 9 row(s): delivery in this process has ended") == 1
    assert said.count("dropped") == 1


def test_late_rows_of_a_child_of_multiprocessing_are_counted_in_one_line(run):
    script = """
def late():
    from multiprocessing.util import Finalize
    put("a")
    for _ in range(9):
        Finalize(None, put, ["late"], exitpriority=50)

if __name__ == "__main__":
    child = multiprocessing.get_context("spawn").Process(target=late)
    child.start(); child.join()
"""
    _, said, _ = run(script, "hang")

    assert said.count("1 row(s) not delivered: ") == 1
    assert said.count("9 row(s) not delivered: ") == 1


def test_rows_after_the_last_exit_hook_are_counted_at_once(caplog, wire):
    workers = WorkerRegistry()
    wire.script += [lambda ids: HttpResult(401)] * 9
    worker = workers.get("a", lambda: Worker(lambda: wire))
    workers.finish()
    workers.finish_late()

    for name in "ab":
        worker.put(encoded(name))

    assert caplog.text.count("1 row(s) not delivered: ") == 1
    assert caplog.text.count("dropped 1 row(s): delivery in this process has ended") == 1


def test_feedback_whose_row_is_not_shown_is_counted_at_the_exit(caplog, wire, status):
    workers = WorkerRegistry()
    worker = workers.get("a", lambda: Worker(lambda: wire))
    worker.put(feedback_on("a", status=status))

    workers.finish()

    assert status.counts().dropped == {"no_row": 1}
    assert caplog.text.count("gave up feedback on 1 row(s): the platform does not show") == 1


@pytest.mark.parametrize("hook_follows", [True, False])
def test_events_that_come_after_a_worker_is_closed_are_all_logged(caplog, wire, hook_follows):
    workers = WorkerRegistry()
    wire.script += [lambda ids: HttpResult(401)] * 9
    worker = workers.get("a", lambda: Worker(lambda: wire))
    events = Events(worker, DeliveryStatus())
    worker.attach(events)
    events.note("a")
    workers.finish()
    if not hook_follows:
        workers.finish_late()

    for name in "bcd":
        events.note(name)
    workers.finish_late()

    logged = re.findall(r"(\d+) event\(s\) came too late to become rows", caplog.text)
    assert logged == (["3"] if hook_follows else ["1", "1", "1"])
    assert "401" not in caplog.text.splitlines()[-1]


CAUSES = {"hang": "no time was left at exit", "refuse": "401, the API key"}


@pytest.mark.parametrize("mood", CAUSES)
def test_the_exit_of_a_process_is_delayed_by_exit_timeout_at_most(run, mood):
    started = time.monotonic()

    stored, said, code = run("put('a', 80)", mood)

    assert time.monotonic() - started < 10.0
    assert (stored, code) == (Counter(), 0)
    assert said.count(f"80 row(s) not delivered: {CAUSES[mood]}") == 1
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("disk", "fate"),
    [
        ("None", "not delivered"),
        ("lambda: DiskSpool(SpoolConfig(Path(OUT).parent / 'spool'))", "on disk for later"),
    ],
    ids=["memory", "spill"],
)
def test_a_source_that_never_returns_loses_no_row_that_was_built(run, disk, fate):
    script = f"""
from pathlib import Path
from respan_langchain.delivery.spool.base import SpoolConfig
from respan_langchain.delivery.spool.disk_spool import DiskSpool

class Stuck:
    events = [1, 2, 3]
    def take(self, now):
        threading.Event().wait()
    def due_in(self, now):
        return None
    def close_all(self):
        pass

limits = DeliveryLimits(exit_timeout=0.5)
exit_hooks.WORKERS.get("there", lambda: Worker(File, limits, {disk}))
put("a", 80)
worker().attach(Stuck())
"""
    stored, said, code = run(script)

    assert (stored, code) == (Counter(), 0)
    assert said.count(f"80 row(s) {fate}: no time was left at exit") == 1
    assert said.count("3 event(s) came too late to become rows") == 1
    assert "Traceback" not in said


def test_ctrl_c_during_the_last_flush_ends_the_process_at_once(run):
    def interrupt(process):
        # Eight rows are sent this early only because the last flush asks for it.
        assert read_line(process) == "hanging\n"
        process.send_signal(signal.SIGINT)

    script = (
        "limits = DeliveryLimits(exit_timeout=60)\n"
        "exit_hooks.WORKERS.get('there', lambda: Worker(File, limits))\nput('a', 8)"
    )
    _, said, _ = run(script, "hang", interrupt)

    assert "8 row(s) not delivered: interrupted at exit" in said
    assert "Traceback" not in said


def test_ctrl_c_while_rows_are_discarded_is_ignored_and_they_are_logged(run):
    def interrupt(process):
        assert read_line(process) == "hanging\n"
        process.send_signal(signal.SIGINT)

    script = """
class Interrupted(Worker):
    def discard_pending(self, reason):
        signal.raise_signal(signal.SIGINT)
        super().discard_pending(reason)

limits = DeliveryLimits(exit_timeout=60)
exit_hooks.WORKERS.get("there", lambda: Interrupted(File, limits))
put("a", 8)
"""
    _, said, _ = run(script, "hang", interrupt)

    assert "8 row(s) not delivered: interrupted at exit" in said
    assert "Traceback" not in said


LOSSES = """
def report():
    counts = STATUS.counts()
    sys.stderr.write(f"in stats: {counts.captured - counts.delivered}")

atexit.register(report)
atexit.register(put, "late", LATE)
limits = DeliveryLimits(max_rows=4, exit_timeout=0.5, requests_per_minute=10**6)
exit_hooks.WORKERS.get("there", lambda: Worker(File, limits))
for _ in range(3):
    put("a", 20)
    worker().flush(0.3, STATUS)
put("a", 20)
"""
WAYS_TO_END = {
    "the end of the script": "",
    "sys.exit": "sys.exit(3)",
    "an end of the worker": "worker().discard_pending('over'); put('a', 20)",
    "ctrl-c": "signal.raise_signal(signal.SIGINT)",
    "ctrl-c at exit": "threading.Timer(0.1, signal.raise_signal, [signal.SIGINT]).start()",
    "sigterm": "from respan_langchain import flush_on_sigterm\n"
    "flush_on_sigterm(); signal.raise_signal(signal.SIGTERM)",
}


@pytest.mark.slow
@pytest.mark.parametrize("mood", ["healthy", "hang"])
@pytest.mark.parametrize("late", [0, 9])
@pytest.mark.parametrize("way", WAYS_TO_END)
def test_the_log_names_every_row_that_is_lost(run, way, late, mood):
    stored, said, code = run(f"LATE = {late}\n{LOSSES}{WAYS_TO_END[way]}", mood)

    captured = 80 + (20 if "worker" in way else 0) + (0 if code == -signal.SIGTERM else late)
    logged = re.findall(r"dropped (\d+) row|(\d+) row\(s\) not delivered", said)
    lost = sum(int(number) for pair in logged for number in pair if number)
    assert lost == captured - stored.total()
    assert lost > 16
    if code != -signal.SIGTERM:
        assert f"in stats: {lost}" in said


def test_ctrl_c_may_come_before_the_last_flush_waits(caplog, wire):
    class Interrupted(Worker):
        def begin_flush(self, timeout):
            super().begin_flush(timeout)
            raise KeyboardInterrupt

    workers = WorkerRegistry()
    interrupted, other = (workers.get(name, lambda: Interrupted(lambda: wire)) for name in "ab")
    wire.script += [lambda ids: HttpResult(401)] * 9
    for worker in (interrupted, other):
        worker.put(encoded("a"))

    workers.finish()

    assert (interrupted.closed, other.closed) == (True, True)
    assert caplog.text.count("1 row(s) not delivered: interrupted at exit") == 2


def test_a_fork_sends_the_parents_rows_once_and_the_childs_once(run):
    script = """
put("parent", 40)
child = os.fork()
put("child" if not child else "late", 40)
if child:
    os.waitpid(child, 0)
"""
    stored, said, _ = run(script)

    assert stored == expected(parent=40, child=40, late=40)
    assert "Traceback" not in said


def test_a_child_that_leaves_by_os_exit_delivers_what_it_flushed(run):
    script = """
put("parent", 4)
child = os.fork()
if not child:
    put("child", 4)
    os._exit(0 if worker().flush(10, STATUS) else 1)
assert os.waitpid(child, 0)[1] == 0
"""
    stored, _, code = run(script)

    assert (stored, code) == (expected(parent=4, child=4), 0)


def test_a_child_that_is_forked_while_our_worker_logs_does_not_hang(run):
    script = """
class Waiting(logging.StreamHandler):
    def emit(self, record):
        if not in_line.is_set():
            in_line.set()
            forked.wait(20)
        super().emit(record)

in_line, forked = threading.Event(), threading.Event()
logging.getLogger().addHandler(Waiting())
put("parent")
worker().begin_flush(20)
assert in_line.wait(20)
child = os.fork()
if not child:
    signal.alarm(20)
    put("refused")
    worker().flush(1, STATUS)
    logging.warning("the app's own line")
    os._exit(0)
forked.set()
sys.exit(os.waitpid(child, 0)[1])
"""
    _, said, code = run(script, "refuse")

    assert code == 0
    assert said.count("delivery paused: 401") == 2
    assert said.count("the app's own line") == 1


CHILDREN = {
    "Process": """
    context = multiprocessing.get_context(METHOD)
    child = context.Process(target=put, args=("child", 40))
    child.start(); child.join()
""",
    "Process that raises": """
    context = multiprocessing.get_context(METHOD)
    child = context.Process(target=put_and_raise)
    child.start(); child.join()
""",
    "ProcessPoolExecutor": """
    context = multiprocessing.get_context(METHOD)
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        pool.submit(put, "child", 40).result()
""",
}


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("kind", CHILDREN)
def test_children_of_multiprocessing_deliver(run, kind, method):
    script = f"""
METHOD = {method!r}

def put_and_raise():
    put("child", 40)
    raise SystemExit(1)

if __name__ == "__main__":
    put("parent", 40)
    {CHILDREN[kind].strip()}
"""
    stored, said, _ = run(script)

    assert stored == expected(parent=40, child=40)
    assert "Traceback" not in said


def test_a_full_disk_loses_no_row(run):
    script = """
import resource
from pathlib import Path
from respan_langchain.delivery.spool.base import SpoolConfig
from respan_langchain.delivery.spool.disk_spool import DiskSpool
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
disk = lambda: DiskSpool(SpoolConfig(Path(OUT).parent / "spool", "durable"))
exit_hooks.WORKERS.get("there", lambda: Worker(File, DeliveryLimits(exit_timeout=5.0), disk))
put("a", 2_000)
print(worker().sync_to_disk(10.0), flush=True)
"""
    stored, said, code = run(script)

    assert (stored, code) == (expected(a=2_000), 0)
    assert said.count("rows stay in memory") == 1


@pytest.mark.slow
def test_forks_under_load_never_deadlock_and_lose_no_row(run):
    script = """
stop = threading.Event()
limits = DeliveryLimits(max_rows=10**6, requests_per_minute=10**6)
exit_hooks.WORKERS.get("there", lambda: Worker(File, limits))

def load():
    while not stop.is_set():
        put("load", 5)
        stop.wait(0.001)

for _ in range(4):
    threading.Thread(target=load, daemon=True).start()
for number in range(200):
    child = os.fork()
    if not child:
        put(f"child{number}")
        os._exit(0 if worker().flush(20, STATUS) else 1)
    assert os.waitpid(child, 0)[1] == 0, number
stop.set()
"""
    stored, said, code = run(script)

    assert code == 0, said
    children = {name: count for name, count in stored.items() if name.startswith("child")}
    assert children == {f"child{number}-0": 1 for number in range(200)}


def test_one_destination_has_one_worker_until_it_is_closed():
    wire = Wire()
    first = WORKERS.get("x", lambda: Worker(lambda: wire))
    assert WORKERS.get("x", lambda: Worker(lambda: wire)) is first

    close(first, WAIT)
    second = WORKERS.get("x", lambda: Worker(lambda: wire))

    assert second is not first
    close(second, WAIT)


def test_no_signal_handler_is_installed_by_default():
    before = signal.getsignal(signal.SIGTERM)

    close(WORKERS.get("y", lambda: Worker(Wire)), WAIT)

    assert signal.getsignal(signal.SIGTERM) is before


@pytest.fixture
def worker(wire):
    worker = WORKERS.get(object(), lambda: Worker(lambda: wire))
    yield worker
    close(worker, WAIT)


def test_a_lifespan_delivers_when_the_web_app_shuts_down(worker, wire):
    with TestClient(Starlette(lifespan=flush_at_shutdown)):
        worker.put(encoded("a"))

    assert wire.stored == {"a": 1}
    worker.put(encoded("b"))
    assert worker.flush(WAIT)


def test_a_lifespan_of_the_app_delivers_though_it_fails(worker, wire):
    async def fail():
        async with flush_at_shutdown():
            worker.put(encoded("a"))
            raise KeyError

    with pytest.raises(KeyError):
        asyncio.run(fail())

    assert wire.stored == {"a": 1}
