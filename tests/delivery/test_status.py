"""The status: exact counts, and the fate of each row."""

import threading

from respan_langchain.delivery.status import MAX_UPDATES, DeliveryStatus, RowStatus


def test_a_row_is_pending_until_its_final_state():
    status = DeliveryStatus()

    status.accept(["a"])
    assert status.row_status("a") == RowStatus("pending")

    status.keep_pending(["a"], "no answer")
    assert status.row_status("a") == RowStatus("pending", "no answer")
    assert status.counts().pending == 1

    status.settle(["a"], "rejected", "no input")
    assert status.row_status("a") == RowStatus("rejected", "no input")
    assert status.counts().pending == 0


def test_an_unknown_row_has_no_status():
    assert DeliveryStatus().row_status("a") is None


def test_every_row_is_counted_in_one_state():
    status = DeliveryStatus()
    for name in "abcdef":
        status.accept([name])
    status.settle(["a"], "delivered")
    status.settle(["b"], "rejected", "bad")
    status.settle(["c"], "dropped", "expired")
    status.settle(["d"], "unconfirmed")
    status.keep_pending(["e"], "on disk: shutdown", spooled=1)
    status.drop("g", "queue_rows")

    counts = status.counts()

    assert (counts.captured, counts.pending, counts.spooled) == (7, 2, 1)
    assert (counts.delivered, counts.rejected, counts.unconfirmed) == (1, 1, 1)
    assert counts.dropped == {"expired": 1, "queue_rows": 1}
    assert counts.total_dropped == 2


def test_only_the_latest_final_states_are_remembered_and_all_are_counted():
    status = DeliveryStatus(remembered=2)
    for name in "abc":
        status.accept([name])
        status.settle([name], "delivered")

    assert [status.row_status(name) for name in "abc"] == [
        None,
        RowStatus("delivered"),
        RowStatus("delivered"),
    ]
    assert status.counts().delivered == 3


def test_a_status_that_nobody_reads_stays_small():
    status = DeliveryStatus(remembered=10)

    for number in range(20_000):
        status.accept([str(number)])
        status.settle([str(number)], "delivered")
        status.drop(str(number), "queue_rows")

    assert len(status._updates) <= MAX_UPDATES + 1
    assert len(status._pending) <= MAX_UPDATES
    assert len(status._final) == 10


def test_a_child_process_starts_with_an_empty_status():
    status = DeliveryStatus()
    status.accept(["a"])

    status.after_fork()

    assert status.counts().captured == 0


def test_counts_are_exact_under_threads():
    status = DeliveryStatus()

    def write(start):
        for number in range(start, start + 5_000):
            status.accept([str(number)])
            status.settle([str(number)], "delivered")
            if number % 1_000 == 0:
                status.counts()

    threads = [threading.Thread(target=write, args=(start * 5_000,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (status.counts().delivered, status.counts().pending) == (40_000, 0)


class Interrupting(str):
    """A reason that, whenever it is looked up, brings one more note and one more question."""

    __slots__ = ("left", "status")

    def __hash__(self):
        if self.left:
            self.left -= 1
            self.status.drop("late", str(self))
            self.status.counts()
        return super().__hash__()


def test_a_reader_that_interrupts_the_counting_loses_no_update():
    status = DeliveryStatus()
    reason = Interrupting("queue_rows")
    reason.status, reason.left = status, 2
    status.drop("a", reason)

    counts = status.counts()

    assert reason.left == 0
    assert counts.dropped == {"queue_rows": 3}
    assert counts.captured == 3
