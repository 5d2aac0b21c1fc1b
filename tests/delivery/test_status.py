"""The ledger: exact counts, and the fate of each row."""

import threading

from respan_langchain.delivery.status import MOST_NOTES, DeliveryStatus, RowStatus


def test_a_row_is_queued_until_it_meets_its_fate():
    ledger = DeliveryStatus()

    ledger.accept(["a"])
    assert ledger.row_status("a") == RowStatus("queued")

    ledger.mark_unconfirmed("a", "no answer")
    assert ledger.row_status("a") == RowStatus("queued", "no answer")
    assert ledger.counts().queued == 1

    ledger.record(["a"], "rejected", "no input")
    assert ledger.row_status("a") == RowStatus("rejected", "no input")
    assert ledger.counts().queued == 0


def test_a_row_that_never_came_has_no_fate():
    assert DeliveryStatus().row_status("a") is None


def test_every_row_is_counted_in_one_place():
    ledger = DeliveryStatus()
    for name in "abcdef":
        ledger.accept([name])
    ledger.record(["a"], "delivered")
    ledger.record(["b"], "rejected", "bad")
    ledger.record(["c"], "dropped", "expired")
    ledger.record(["d"], "unconfirmed")
    ledger.record(["e"], "spooled")
    ledger.drop("g", "queue_rows")

    counts = ledger.counts()

    assert (counts.captured, counts.accepted, counts.queued) == (7, 6, 1)
    assert (counts.delivered, counts.rejected, counts.unconfirmed, counts.spooled) == (1, 1, 1, 1)
    assert counts.dropped == {"expired": 1, "queue_rows": 1}
    assert counts.lost == 2


def test_only_the_latest_fates_are_remembered_and_all_are_counted():
    ledger = DeliveryStatus(remembered=2)
    for name in "abc":
        ledger.accept([name])
        ledger.record([name], "delivered")

    assert [ledger.row_status(name) for name in "abc"] == [
        None,
        RowStatus("delivered"),
        RowStatus("delivered"),
    ]
    assert ledger.counts().delivered == 3


def test_a_book_that_nobody_reads_stays_small():
    ledger = DeliveryStatus(remembered=10)

    for number in range(20_000):
        ledger.accept([str(number)])
        ledger.record([str(number)], "delivered")
        ledger.drop(str(number), "queue_rows")

    assert len(ledger._notes) <= MOST_NOTES + 1
    assert len(ledger._queued) <= MOST_NOTES
    assert len(ledger._settled) == 10


def test_a_child_process_begins_an_empty_book():
    ledger = DeliveryStatus()
    ledger.accept(["a"])

    ledger.after_fork()

    assert ledger.counts().captured == 0


def test_counts_are_exact_under_threads():
    ledger = DeliveryStatus()

    def write(start):
        for number in range(start, start + 5_000):
            ledger.accept([str(number)])
            ledger.record([str(number)], "delivered")
            if number % 1_000 == 0:
                ledger.counts()

    threads = [threading.Thread(target=write, args=(start * 5_000,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (ledger.counts().delivered, ledger.counts().queued) == (40_000, 0)


class Interrupting(str):
    """A reason that, whenever it is looked up, brings one more note and one more question."""

    __slots__ = ("ledger", "left")

    def __hash__(self):
        if self.left:
            self.left -= 1
            self.ledger.drop("late", str(self))
            self.ledger.counts()
        return super().__hash__()


def test_a_question_that_interrupts_the_counting_loses_no_note():
    ledger = DeliveryStatus()
    reason = Interrupting("queue_rows")
    reason.ledger, reason.left = ledger, 2
    ledger.drop("a", reason)

    counts = ledger.counts()

    assert reason.left == 0
    assert counts.dropped == {"queue_rows": 3}
    assert counts.captured == 3
