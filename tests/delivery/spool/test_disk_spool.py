"""The levels `spill` and `durable`: what a worker leaves on disk, what the next makes of it."""

import os
import shutil
import sqlite3
import threading
from contextlib import closing

import pytest

from respan_langchain.client.http_result import HttpResult
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.spool import directory, maintenance
from respan_langchain.delivery.spool.base import SpoolConfig
from respan_langchain.delivery.spool.disk_spool import DiskSpool
from respan_langchain.delivery.spool.file import SpoolFile
from respan_langchain.delivery.spool.maintenance import spool_files
from respan_langchain.delivery.spool.rows import STATES, SpoolRow
from respan_langchain.delivery.status import RowStatus
from respan_langchain.delivery.worker import Worker
from respan_langchain.delivery.worker_state import WAKE
from tests.delivery.kit import (
    NEVER,
    WAIT,
    Events,
    Turns,
    close,
    disk_full,
    encoded,
    feedback_on,
    flush_until_delivered,
)

FAST = {"lookup_delays": (0.01, 0.02), "backoff_first": 0.001, "backoff_max": 0.01}


@pytest.fixture
def place(tmp_path):
    return tmp_path / "spool"


@pytest.fixture
def by_hand(wire):
    """Makes loops with a disk, that are turned by hand, and closes their files."""
    spools = []

    def make(disk, **limits):
        spools.append(DiskSpool(disk))
        return Turns(wire, spools[-1], **limits)

    yield make
    for spool in spools:
        spool.close()


@pytest.fixture
def on_disk(wire, place):
    """Makes workers with a disk."""
    opened = []

    def make(level="durable", *, disk=None, **limits):
        chosen = disk or SpoolConfig(place, level)
        opened.append(
            Worker(lambda: wire, DeliveryLimits(**{**FAST, **limits}), lambda: DiskSpool(chosen))
        )
        return opened[-1]

    yield make
    for worker in opened:
        worker.discard_pending("the test is over")


def rows_in(place, *states):
    return sorted(row["id"] for row in maintenance.export(place, states or STATES))


def killed(worker):
    """As if the process had died here: its lock is gone, its file is not."""
    worker.closed = True
    with worker._thread.step_lock:
        worker._state.spool._own.file.lock.close()
        worker._state.spool._own.file.connection.close()


def test_every_row_is_on_disk_until_it_is_delivered(on_disk, wire, place, status):
    worker = on_disk(max_age=60.0)
    for name in "ab":
        worker.put(encoded(name, status=status))

    assert worker.sync_to_disk(WAIT)
    assert rows_in(place, "pending") == ["a", "b"]

    assert worker.flush(WAIT, status)
    assert rows_in(place) == []


def test_without_a_spool_nothing_is_on_disk(open_worker):
    assert not open_worker().sync_to_disk(WAIT)


def test_rows_of_a_killed_process_are_delivered_by_the_next_one(on_disk, wire, place, status):
    first = on_disk(max_age=60.0)
    for name in "abc":
        first.put(encoded(name, status=status))
    assert first.sync_to_disk(WAIT)
    killed(first)

    second = on_disk()
    second.wake()

    assert second.flush(WAIT)
    assert wire.stored == dict.fromkeys("abc", 1)
    assert spool_files(place)[0].pending == 0


def test_rows_in_flight_when_the_process_was_killed_are_looked_up_first(on_disk, wire, status):
    hold = threading.Event()

    def store_and_hang(ids):
        wire.keep(ids)
        hold.wait(WAIT)
        return HttpResult(None, error="killed")

    wire.script.append(store_and_hang)
    first = on_disk(batch_rows=2)
    for name in "ab":
        first.put(encoded(name, status=status))
    assert wire.arrived.acquire(timeout=WAIT)
    killed(first)

    second = on_disk()
    assert second.flush(WAIT)
    hold.set()

    assert wire.stored == {"a": 1, "b": 1}
    assert len(wire.batches) == 1


@pytest.mark.parametrize("level", ["spill", "durable"])
def test_rows_left_at_exit_are_delivered_by_the_next_process(
    on_disk, wire, place, status, level, caplog
):
    wire.script.append(lambda ids: HttpResult(401))
    first = on_disk(level)
    for name in "ab":
        first.put(encoded(name, status=status))

    close(first, WAIT)

    assert rows_in(place, "pending") == ["a", "b"]
    assert status.counts().spooled == 2
    assert status.row_status("a") == RowStatus(
        "pending", "on disk: the process ended first (exit_timeout)"
    )
    assert "2 row(s) on disk for later" in caplog.text
    assert "not delivered" not in caplog.text
    second = on_disk(level)
    assert second.flush(WAIT)
    assert wire.stored == {"a": 1, "b": 1}


def test_rows_whose_delivery_a_damaged_file_has_forgotten_are_looked_up_first(
    by_hand, wire, place, tmp_path, status
):
    turns = by_hand(SpoolConfig(place, "durable"), max_age=1.0)
    turns.put(encoded("a", status=status), encoded("b", status=status))
    turns.step(WAKE)
    turns.spool._own.file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    turns.until_nothing_is_due()
    assert wire.stored == {"a": 1, "b": 1}
    shutil.copytree(place, tmp_path / "cut", ignore=shutil.ignore_patterns("*-wal", "*-shm"))

    by_hand(SpoolConfig(tmp_path / "cut"), max_age=1.0).until_nothing_is_due()

    assert wire.stored == {"a": 1, "b": 1}
    assert wire.lookups == [["a", "b"]]


class Slow(Events):
    """A source whose second slice takes until it is let go."""

    def __init__(self, worker, status):
        super().__init__(worker, status)
        self.begun, self.let_go = threading.Event(), threading.Event()

    def take(self, now):
        if self.takes == 1:
            self.begun.set()
            self.let_go.wait(WAIT)
        return super().take(now)


def test_a_step_after_the_end_opens_no_further_file(by_hand, place):
    turns = by_hand(SpoolConfig(place, "durable"))
    turns.put(encoded("a"))
    turns.state.stop("the process ends", 1.0)
    shutil.rmtree(place)

    turns.step(WAKE)

    assert not place.exists()


@pytest.fixture
def slow_end(on_disk, status):
    """Gives up a worker in the middle of a slice: two rows are made, three events are not read."""

    def give_up(worker):
        events = Slow(worker, status)
        events.noted += "abcde"
        worker.attach(events)
        worker.wake()
        assert events.begun.wait(WAIT)
        worker.discard_pending("no time was left at exit")
        return events

    return give_up


def test_a_slow_source_loses_no_row_that_was_built(on_disk, slow_end, place, status, caplog):
    worker = on_disk("spill")

    events = slow_end(worker)

    assert rows_in(place, "pending") == ["a", "b"]
    assert status.counts().spooled == 2
    assert "2 row(s) on disk for later: no time was left at exit" in caplog.text
    assert "3 event(s) came too late to become rows" in caplog.text
    events.let_go.set()


def test_rows_that_a_slow_source_returns_after_the_exit_go_to_disk(by_hand, wire, place, status):
    turns = by_hand(SpoolConfig(place, "spill"))

    class Late(Events):
        def take(self, now):
            if self.takes == 1:
                end = threading.Thread(target=turns.state.stop, args=("the end", WAIT))
                end.start()
                end.join()
                assert rows_in(place, "pending") == ["a", "b"]
            return super().take(now)

    events = Late(turns, status)
    turns.sources.attach(events, None)
    for name in "abcde":
        events.note(name)
    turns.step(WAKE)
    turns.now += 1.0
    turns.step()

    assert turns.step() == NEVER
    assert rows_in(place, "pending") == ["a", "b", "c", "d"]
    assert status.counts().spooled == 4
    assert not wire.batches


def test_rows_that_a_slow_source_leaves_in_memory_are_counted_and_logged(
    open_worker, slow_end, status, caplog
):
    events = slow_end(open_worker())

    assert status.counts().dropped == {"shutdown": 2}
    assert "2 row(s) not delivered: no time was left at exit" in caplog.text
    assert "3 event(s) came too late to become rows" in caplog.text
    events.let_go.set()


def test_a_worker_that_delivered_everything_leaves_no_file(on_disk, place, status):
    worker = on_disk()
    worker.put(encoded("a", status=status))

    assert close(worker, WAIT)

    assert list(place.iterdir()) == []


def test_spill_writes_no_file_while_the_queue_has_space(on_disk, place, status):
    worker = on_disk("spill")
    worker.put(encoded("a", status=status))

    assert worker.flush(WAIT, status)

    assert not place.exists()


@pytest.mark.parametrize("level", ["spill", "durable"])
def test_rows_that_do_not_fit_in_memory_go_to_disk_and_are_loaded_later(
    on_disk, wire, place, status, level
):
    hold = threading.Event()
    wire.script.append(lambda ids: hold.wait(WAIT) and HttpResult(503))
    worker = on_disk(level, max_rows=10, batch_rows=5)
    for number in range(100):
        assert worker.put(encoded(str(number), status=status))
    worker.sync_to_disk(WAIT)  # waits until all rows are taken
    result = worker.flush(0.2, status)
    assert not result
    assert result.pending == 100
    assert status.counts().spooled >= 85

    hold.set()

    assert worker.flush(WAIT, status)
    assert sorted(wire.stored.values()) == [1] * 100
    assert status.counts().spooled == 0
    assert status.counts().captured == 100


def test_rejected_rows_are_kept_as_dead_letters_and_can_be_sent_again(on_disk, wire, place, status):
    wire.script.append(lambda ids: HttpResult(400, b'{"detail": "no"}'))
    worker = on_disk("spill")
    worker.put(encoded("a", status=status))
    assert not worker.flush(WAIT, status)
    assert [(row["id"], row["reason"]) for row in maintenance.export(place, ["dead"])] == [
        ("a", '400: {"detail": "no"}')
    ]
    close(worker, WAIT)

    assert maintenance.requeue(place) == 1
    second = on_disk("spill")
    assert second.flush(WAIT)

    assert wire.stored == {"a": 1}
    assert rows_in(place) == []


def test_a_requeued_dead_letter_of_a_running_process_is_counted_as_adopted(
    by_hand, wire, place, status
):
    wire.script.append(lambda ids: HttpResult(400, b'{"detail": "no"}'))
    turns = by_hand(SpoolConfig(place, "spill"), max_age=1.0)
    turns.put(encoded("a", status=status))
    turns.until_nothing_is_due()
    assert status.counts().rejected == 1

    assert maintenance.requeue(place) == 1
    turns.now += 40.0
    turns.until_nothing_is_due()

    assert wire.stored == {"a": 1}
    assert (status.counts().rejected, status.counts().spooled) == (1, 0)
    counts = turns.counts()
    assert (counts.captured, counts.rejected, counts.delivered, counts.spooled) == (2, 1, 1, 0)


def test_rows_past_the_deadline_go_to_disk(on_disk, wire, place, status):
    wire.script.append(lambda ids: HttpResult(503, b'{"retry_after": 0.5}'))
    worker = on_disk("spill", delivery_deadline=0.05)
    worker.put(encoded("a", status=status))

    flush_until_delivered(worker, status)

    assert wire.stored == {"a": 1}


def test_a_full_spool_drops_and_counts(on_disk, wire, place, status):
    hold = threading.Event()
    wire.script.append(lambda ids: hold.wait(WAIT) and HttpResult(503))
    worker = on_disk(disk=SpoolConfig(place, "spill", max_bytes=100), max_rows=2, batch_rows=2)
    for number in range(12):
        worker.put(encoded(str(number), status=status))
        worker.sync_to_disk(WAIT)

    assert status.counts().dropped == {"spool_full": 5}
    hold.set()
    worker.flush(WAIT)
    assert len(wire.stored) == 7


def test_the_oldest_dead_letters_are_deleted_for_rows_that_would_be_lost(
    by_hand, wire, place, status
):
    wire.script += [lambda ids: HttpResult(400, b'{"detail": "no"}')] * 4
    turns = by_hand(SpoolConfig(place, "spill", max_bytes=100), batch_rows=1, max_age=1.0)
    for name in "1234":
        turns.put(encoded(name, status=status))
        turns.until_nothing_is_due()
    assert rows_in(place, "dead") == ["1", "2", "3", "4"]

    turns.put(encoded("a", status=status), encoded("b", status=status), encoded("c", status=status))
    turns.state.stop("the end", WAIT)

    assert rows_in(place) == ["3", "4", "a", "b", "c"]


def test_a_spool_with_little_space_keeps_the_rows_that_fit(by_hand, wire, place, status, caplog):
    turns = by_hand(SpoolConfig(place, "spill", max_bytes=100), max_age=60.0)
    sizes = {"a": 40, "b": 90, "c": 40, "d": 40, "e": 20}
    turns.put(*(encoded(name, status=status, size=size) for name, size in sizes.items()))
    turns.state.stop("the end", WAIT)

    assert rows_in(place, "pending") == ["a", "c", "e"]
    assert status.counts().spooled == 3
    assert status.counts().dropped == {"shutdown": 2}
    assert status.row_status("b") == RowStatus("dropped", "shutdown")
    assert "2 row(s) not delivered: the end" in caplog.text
    assert "3 row(s) on disk for later: the end" in caplog.text


def test_rows_that_are_too_old_on_disk_are_dropped_and_counted(on_disk, wire, place, caplog):
    first = on_disk(max_age=60.0)
    first.put(encoded("a"))
    assert first.sync_to_disk(WAIT)
    killed(first)

    second = on_disk(disk=SpoolConfig(place, "durable", max_age=-60.0))
    second.flush(WAIT)

    assert "dropped 1 row(s): too old on disk" in caplog.text
    assert not wire.stored


def test_the_status_of_a_row_shows_that_it_expired_on_disk(by_hand, wire, place, status):
    wire.script += [lambda ids: HttpResult(400, b'{"detail": "no"}'), lambda ids: HttpResult(401)]
    turns = by_hand(SpoolConfig(place, "spill", max_age=-60.0), max_age=0.0)
    for name in ("refused", "late"):
        turns.put(encoded(name, status=status))
        turns.step()
        turns.step()
    turns.now += 4_000.0
    turns.step()
    assert status.row_status("late") == RowStatus(
        "pending", "on disk: not delivered in time (delivery_deadline)"
    )

    turns.now += 40.0
    turns.step()

    assert status.row_status("late") == RowStatus("dropped", "spool_expired")
    assert status.row_status("refused").state == "rejected"
    for counts in (status.counts(), turns.counts()):
        assert counts.dropped == {"spool_expired": 1}
        assert (counts.captured, counts.rejected, counts.pending, counts.spooled) == (2, 1, 0, 0)


def test_a_row_in_memory_survives_the_expiry_of_its_copy_on_disk(by_hand, wire, place, status):
    turns = by_hand(SpoolConfig(place, "durable", max_age=-60.0), max_age=100.0)
    turns.put(encoded("a", status=status))
    turns.step()
    assert rows_in(place, "pending") == ["a"]

    turns.now += 40.0
    turns.step()
    assert rows_in(place) == []
    turns.until_nothing_is_due()

    assert status.counts().delivered == 1
    assert wire.stored == {"a": 1}


def test_a_disk_that_fails_loses_no_row(on_disk, wire, place, status, caplog):
    place.write_text("in the way")
    worker = on_disk()
    worker.put(encoded("a", status=status))

    assert not worker.sync_to_disk(WAIT)
    assert worker.flush(WAIT, status)

    assert wire.stored == {"a": 1}
    assert caplog.text.count("rows stay in memory") == 1


def test_a_caller_that_waits_no_longer_for_a_slow_disk_is_told_and_logged(
    on_disk, place, status, caplog
):
    worker = on_disk()
    worker.put(encoded("a", status=status))
    assert worker.sync_to_disk(WAIT)
    [path] = place.glob("*.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as another:
        another.execute("BEGIN IMMEDIATE")
        worker.put(encoded("b", status=status))

        assert not worker.sync_to_disk(0.1)
        assert not worker.sync_to_disk(0.1)
        another.execute("ROLLBACK")

    assert caplog.text.count("a call returned before its rows were on disk: writing takes") == 1
    assert worker.flush(WAIT, status)


def test_rows_are_sent_while_the_disk_is_full(by_hand, wire, place):
    left_behind(place, "1-good", ["a", "b"])
    turns = by_hand(SpoolConfig(place, "durable"), max_rows=4, max_age=1.0)
    turns.put(encoded("c"), encoded("d"))
    turns.step()
    with disk_full():
        turns.put(encoded("e"))
        turns.until_nothing_is_due()
    assert wire.stored == dict.fromkeys("cde", 1)
    assert "SQLITE_IOERR_WRITE" in turns.spool.last_error

    turns.now += 40.0
    turns.put(encoded("f"))
    turns.until_nothing_is_due()

    assert wire.stored == dict.fromkeys("abcdef", 1)
    assert turns.spool.last_error is None
    assert rows_in(place) == []


@pytest.fixture
def delivered_while_the_disk_was_full(by_hand, place, status):
    """A loop that could not take what it delivered off the disk."""
    turns = by_hand(SpoolConfig(place, "durable"), max_age=1.0)
    turns.put(encoded("a", status=status), encoded("b", status=status))
    turns.step()
    with disk_full():
        turns.until_nothing_is_due()
    assert status.counts().delivered == 2
    assert rows_in(place) == ["a", "b"]
    return turns


def test_rows_delivered_while_the_disk_was_full_are_deleted_later(
    delivered_while_the_disk_was_full, place, status
):
    turns = delivered_while_the_disk_was_full
    turns.now += 40.0
    turns.put(encoded("c", status=status))
    turns.until_nothing_is_due()

    assert rows_in(place) == []


def test_rows_delivered_while_the_disk_was_full_are_deleted_without_new_rows(
    delivered_while_the_disk_was_full, place
):
    turns = delivered_while_the_disk_was_full
    turns.now += 40.0
    turns.step()

    assert rows_in(place) == []


def test_rows_delivered_while_the_disk_was_full_are_deleted_at_exit(
    delivered_while_the_disk_was_full, place
):
    delivered_while_the_disk_was_full.spool.close()

    assert not list(place.iterdir())


def test_a_disk_that_is_still_full_at_exit_keeps_delivered_rows(
    delivered_while_the_disk_was_full, place
):
    with disk_full():
        delivered_while_the_disk_was_full.spool.close()

    assert rows_in(place) == ["a", "b"]


def test_a_file_that_is_damaged_while_in_use_is_set_aside(on_disk, wire, place, status):
    worker = on_disk(max_age=60.0)
    worker.put(encoded("a", status=status))
    assert worker.sync_to_disk(WAIT)
    spool = worker._state.spool._own.file
    spool.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    spool.connection.execute("PRAGMA cache_size = 0")
    spool.path.write_bytes(os.urandom(spool.path.stat().st_size))
    worker.put(encoded("b", status=status))

    assert worker.flush(WAIT, status)
    assert wire.stored == {"a": 1, "b": 1}
    assert [path for path in place.iterdir() if "corrupt" in path.name]


def removed(path):
    path.unlink()


def cut_in_half(path):
    os.truncate(path, path.stat().st_size // 8192 * 4096)


def a_page_overwritten(path):
    content = path.read_bytes()
    at = content.index(b'{"id": "30"}') // 4096 * 4096
    path.write_bytes(content[:at] + b"\xff" * 4096 + content[at + 4096 :])


def a_body_changed(path):
    path.write_bytes(path.read_bytes().replace(b'{"id": "30"}', b'{"id": "3X"}'))


def the_wal_cut(path):
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE rows SET changed = changed + 1")
    os.truncate(f"{path}-wal", 5_000)


def its_own_count(path):
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA writable_schema = ON")
        other.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, ' NOT NULL', '') WHERE name = 'record'"
        )
        other.commit()
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE record SET rows = NULL")


def deleted_by_another_process(path):
    maintenance.purge(path.parent, ["pending"])


@pytest.mark.parametrize(
    "spoil",
    [
        removed,
        cut_in_half,
        a_page_overwritten,
        a_body_changed,
        the_wal_cut,
        its_own_count,
        deleted_by_another_process,
    ],
    ids=lambda spoil: spoil.__name__,
)
def test_rows_that_a_file_in_use_loses_leave_pending_and_are_counted_once(
    by_hand, wire, place, status, spoil
):
    wire.script.append(lambda ids: HttpResult(401))
    turns = by_hand(SpoolConfig(place, "spill"), max_rows=4, batch_rows=4)
    for number in range(60):
        turns.put(encoded(str(number), status=status, size=400))
    turns.step()
    turns.step()
    assert status.counts().spooled > 50
    file = turns.spool._own.file
    file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.connection.execute("PRAGMA cache_size = 0")
    spoil(file.path)

    turns.now += 100.0
    turns.until_nothing_is_due()

    counts = status.counts()
    assert counts.delivered == len(wire.stored) == wire.stored.total()
    assert (counts.delivered + counts.total_dropped, counts.pending) == (60, 0)
    assert turns.counts() == counts
    assert status.row_status("30").state == ("delivered" if "30" in wire.stored else "dropped")


def one_byte_of_an_id(path):
    content = path.read_bytes()
    path.write_bytes(content.replace(b"a3dataset", b"\xe93dataset"))


def one_byte_of_a_body(path):
    content = path.read_bytes()
    path.write_bytes(content.replace(b'{"id": "a3"}', b'{"id": "X3"}'))


def the_state_of_a_row(path):
    content = path.read_bytes()
    path.write_bytes(content.replace(b"pending", b"w@iting", 1))


def another_programs(path):
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE rows (theirs)")


def another_programs_without_such_a_table(path):
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE theirs (precious)")


def a_link_for_a_lock(path):
    path.with_suffix(".lock").symlink_to("/nowhere")


def a_directory(path):
    path.unlink()
    path.mkdir()


ODD = [
    one_byte_of_an_id, one_byte_of_a_body, the_state_of_a_row, another_programs,
    another_programs_without_such_a_table, a_link_for_a_lock, a_directory,
]  # fmt: skip


def make_spool(place):
    directory.prepare(place)
    return directory.create(place)


def left_behind(place, name, ids):
    """What a process left that was killed before it could send anything."""
    directory.prepare(place)
    path = place / f"{name}.db"
    with closing(SpoolFile(path)) as spool:
        rows = [
            SpoolRow(f"{name}:{each}", each, "dataset", encoded(each, size=0).body) for each in ids
        ]
        spool.add(rows, in_memory=True)
    return path


@pytest.mark.parametrize("spoil", ODD, ids=lambda spoil: spoil.__name__)
def test_an_unreadable_file_does_not_keep_others_from_being_sent(
    by_hand, wire, place, status, spoil, caplog
):
    odd = left_behind(place, "1-odd", ["a1", "a2", "a3", "a4"])
    spoil(odd)
    left_behind(place, "2-good", ["b1", "b2"])
    turns = by_hand(SpoolConfig(place, "durable"), max_age=1.0)
    turns.put(encoded("new", status=status))
    for _ in range(3):
        turns.now += 40.0
        turns.until_nothing_is_due()

    assert {"b1", "b2", "new"} <= set(wire.stored)
    assert set(wire.stored.values()) == {1}
    assert turns.spool.last_error is None
    damaged = turns.counts().total_dropped
    assert len(wire.stored) == (6 if damaged else 3)
    assert turns.counts().dropped == ({"damaged": 1} if damaged else {})
    assert len(caplog.records) == (2 if damaged else 1)
    kept = [path for path in place.iterdir() if path.name.startswith("1-odd.db")]
    assert len([path for path in kept if "-wal" not in path.name and "-shm" not in path.name]) == 1


def test_the_readable_rows_of_a_cut_file_are_sent_once(by_hand, wire, place, caplog):
    path = left_behind(place, "1-odd", [f"a{number:03}" for number in range(900)])
    content = path.read_bytes()
    at = content.index(b'{"id": "a800"}') // 4096 * 4096
    path.write_bytes(content[:at] + b"\xff" * 4096 + content[at + 4096 :])
    turns = by_hand(SpoolConfig(place), max_age=1.0)
    for _ in range(3):
        turns.now += 40.0
        turns.until_nothing_is_due()

    assert set(wire.stored.values()) == {1}
    assert 700 < len(wire.stored) <= 800
    assert turns.counts().dropped == {"damaged": 900 - len(wire.stored)}
    assert "cannot be read in full (1-odd.db: DatabaseError: SQLITE_CORRUPT)" in caplog.text
    assert [path for path in place.iterdir() if "corrupt" in path.name]


def test_rows_that_cannot_be_adopted_for_lack_of_space_are_adopted_later(by_hand, wire, place):
    left_behind(place, "1-good", ["a", "b"])
    turns = by_hand(SpoolConfig(place, "durable"), max_age=1.0)
    turns.put(encoded("new"))
    with disk_full():
        turns.until_nothing_is_due()
    assert not set(wire.stored) & {"a", "b"}

    turns.now += 40.0
    turns.until_nothing_is_due()

    assert wire.stored == {"a": 1, "b": 1, "new": 1}


def test_damage_to_the_own_file_affects_no_other(by_hand, wire, place, caplog):
    turns = by_hand(SpoolConfig(place, "durable"), max_age=100.0)
    turns.put(encoded("new"))
    turns.step()
    spool = turns.spool._own.file
    spool.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    spool.connection.execute("PRAGMA cache_size = 0")
    spool.path.write_bytes(b"x" * spool.path.stat().st_size)
    orphan = left_behind(place, "1-good", ["a", "b"])
    turns.now += 40.0
    turns.step()
    assert orphan.exists()

    turns.now += 40.0
    turns.until_nothing_is_due()

    assert wire.stored == {"a": 1, "b": 1, "new": 1}


def test_damaged_dead_letters_are_not_counted_a_second_time(by_hand, place):
    directory.prepare(place)
    with closing(SpoolFile(place / "1-odd.db")) as spool:
        spool.add([SpoolRow("k", "a", "dataset", b"{}", "dead")], in_memory=True)
        spool.connection.execute("UPDATE rows SET body = x'00'")
    turns = by_hand(SpoolConfig(place))
    turns.step()

    assert turns.counts().captured == 0
    assert [path for path in place.iterdir() if "corrupt" in path.name]


def test_no_log_line_quotes_a_row_on_disk(by_hand, place, caplog):
    one_byte_of_an_id(left_behind(place, "1-odd", ["a3"]))
    turns = by_hand(SpoolConfig(place))
    turns.step()

    assert "a3" not in caplog.text
    assert "dropped 1 row(s): the file on disk is damaged or was removed" in caplog.text


def test_a_child_process_leaves_the_spool_of_its_parent_alone(on_disk, wire, place, status):
    worker = on_disk(max_age=60.0)
    worker.put(encoded("a", status=status))
    assert worker.sync_to_disk(WAIT)

    child = os.fork()
    if not child:
        worker.put(encoded("b", status=status))
        fine = (
            worker.sync_to_disk(WAIT) and len(list(place.glob("*.db"))) == 2 and worker.flush(WAIT)
        )
        os._exit(0 if fine else 1)

    assert os.waitpid(child, 0)[1] == 0
    assert worker.flush(WAIT, status)
    assert wire.stored == {"a": 1}


def test_two_rows_with_the_same_identifier_are_both_on_disk_and_both_delivered(
    on_disk, wire, place, status
):
    first = on_disk(max_age=60.0)
    first.put(encoded("a", status=status), encoded("a", status=status))
    assert first.sync_to_disk(WAIT)
    assert rows_in(place, "pending") == ["a", "a"]
    killed(first)

    assert on_disk().flush(WAIT)

    assert wire.stored == {"a": 2}


def test_a_removed_directory_is_created_again_with_the_rows_in_memory(on_disk, wire, place, status):
    worker = on_disk(max_age=60.0)
    worker.put(encoded("a", status=status))
    assert worker.sync_to_disk(WAIT)
    shutil.rmtree(place)

    worker.put(encoded("b", status=status))
    assert worker.sync_to_disk(WAIT)

    assert rows_in(place) == ["a", "b"]
    assert worker.flush(WAIT, status)
    assert wire.stored == {"a": 1, "b": 1}


def test_a_row_that_could_not_be_deleted_is_not_sent_again_from_a_removed_directory(
    by_hand, wire, place, status
):
    turns = by_hand(SpoolConfig(place, "durable"))
    turns.put(encoded("a", status=status))
    with disk_full():
        turns.step()
    turns.now += 2.0
    turns.step()
    assert rows_in(place) == ["a"]
    with disk_full():
        turns.until_nothing_is_due()
    assert wire.stored == {"a": 1}
    shutil.rmtree(place)

    turns.now += 40.0
    turns.put(encoded("b", status=status))
    turns.until_nothing_is_due()

    assert wire.stored == {"a": 1, "b": 1}
    assert status.counts().delivered == status.counts().captured == 2


def test_rows_are_not_on_disk_until_a_removed_directory_is_created_again(by_hand, place, status):
    turns = by_hand(SpoolConfig(place, "durable"), max_age=60.0)
    turns.put(encoded("a", status=status))
    turns.step()
    assert turns.spool.has_every_row
    shutil.rmtree(place)
    place.write_text("in the way")

    turns.put(encoded("b", status=status))
    turns.step()
    assert not turns.spool.has_every_row

    place.unlink()
    turns.now += 2.0
    turns.step()
    assert turns.spool.has_every_row
    assert rows_in(place) == ["a", "b"]


def test_a_row_captured_before_the_clock_was_set_does_not_expire(by_hand, wire, place):
    path = left_behind(place, "1-good", ["a"])
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE rows SET captured = 5.0")
    turns = by_hand(SpoolConfig(place), max_age=1.0)
    turns.until_nothing_is_due()

    assert wire.stored == {"a": 1}


def test_a_file_of_another_version_is_left_alone_and_logged(by_hand, wire, place, caplog):
    path = left_behind(place, "1-newer", ["a"])
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA user_version = 9")
    before = path.read_bytes()
    turns = by_hand(SpoolConfig(place, "durable"), max_age=1.0)
    turns.until_nothing_is_due()

    assert path.read_bytes() == before
    assert "1-newer.db: format 9" in caplog.text
    assert not wire.stored


def test_the_rows_of_a_removed_file_are_counted_and_logged(by_hand, place, caplog):
    spool = make_spool(place)
    spool.add([SpoolRow(str(one), str(one), "dataset", b"{}") for one in range(7)], in_memory=True)
    spool.close()
    spool.lock.close()
    spool.path.unlink()
    turns = by_hand(SpoolConfig(place))
    turns.step()

    assert turns.counts().dropped == {"damaged": 7}
    assert directory.MISSING in caplog.text


def test_feedback_of_a_killed_process_is_applied_by_the_next_one(by_hand, wire, place, status):
    first = by_hand(SpoolConfig(place, "durable"))
    first.put(feedback_on("a", status=status))
    first.step(WAKE)
    first.spool._own.file.lock.close()
    wire.keep(["a"])
    wire.feedback_script = [lambda ids: ["failed"]]

    second = by_hand(SpoolConfig(place, "durable"))
    second.until_nothing_is_due()

    assert wire.feedback == [["a"]] * 2
    assert rows_in(place) == []


def test_feedback_that_was_merged_is_on_disk_with_its_row(by_hand, wire, place, status):
    turns = by_hand(SpoolConfig(place, "durable"), max_age=60.0)
    turns.put(encoded("a", status=status))
    turns.step(WAKE)
    turns.put(feedback_on("a", status=status, expected_output="x"))

    turns.step(WAKE)

    (on_disk,) = maintenance.export(place, STATES)
    assert (on_disk["id"], on_disk["log"]["expected_output"]) == ("a", "x")
    turns.until_nothing_is_due()
    assert rows_in(place) == []


def test_feedback_that_is_given_up_leaves_the_disk(by_hand, wire, place, status):
    turns = by_hand(SpoolConfig(place, "durable"))
    turns.put(feedback_on("a", status=status))
    turns.step(WAKE)
    assert rows_in(place, "pending") == ["a"]

    turns.until_nothing_is_due()

    assert status.counts().dropped == {"no_row": 1}
    assert rows_in(place) == []
