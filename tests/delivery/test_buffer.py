"""The row buffer: order, and when a batch is due."""

from respan_langchain.delivery.buffer import AdaptiveBatchSize, RowBuffer
from respan_langchain.delivery.limits import DeliveryLimits
from tests.delivery.kit import row


def buffer_with(rows, **limits):
    buffer = RowBuffer(DeliveryLimits(**limits))
    for one in rows:
        buffer.add(one)
    return buffer


def names(rows):
    return [one.encoded.id for one in rows]


def test_a_lone_row_is_due_when_it_reaches_max_age():
    buffer = buffer_with([row("a", accepted=10.0)], max_age=60.0)

    assert buffer.due_at("dataset") == 70.0


def test_a_full_batch_is_due_at_once():
    buffer = buffer_with([row("a"), row("b")], batch_rows=2)

    assert buffer.due_at("dataset") == float("-inf")


def test_a_batch_is_due_at_once_when_its_bytes_are_full():
    buffer = buffer_with([row("a", size=60), row("b", size=60)], batch_bytes=100)

    assert buffer.due_at("dataset") == float("-inf")


def test_a_flush_makes_only_the_rows_before_it_due():
    buffer = buffer_with([row("a", number=1), row("b", number=2, dataset="other", accepted=3.0)])

    buffer.flush_up_to(1)

    assert buffer.due_at("dataset") == float("-inf")
    assert buffer.due_at("other") == 8.0


def test_a_batch_takes_the_oldest_rows_up_to_its_limits():
    buffer = buffer_with([row(name, number=i) for i, name in enumerate("abc")], batch_rows=2)

    assert names(buffer.take("dataset")) == ["a", "b"]
    assert names(buffer) == ["c"]


def test_a_batch_stays_below_the_bytes_allowed():
    buffer = buffer_with([row(name, size=40) for name in "abc"], batch_bytes=100)

    assert names(buffer.take("dataset")) == ["a", "b"]


def test_a_row_larger_than_a_batch_is_sent_alone():
    buffer = buffer_with([row("big", size=300), row("b")], batch_bytes=100)

    assert names(buffer.take("dataset")) == ["big"]


def test_rows_that_are_put_back_keep_their_places():
    buffer = buffer_with([row(name, number=i) for i, name in enumerate("abc")], batch_rows=2)
    taken = buffer.take("dataset")

    buffer.put_back(taken)

    assert names(buffer.take("dataset", 3)) == ["a", "b", "c"]


def test_the_dataset_that_waits_longest_comes_first():
    buffer = buffer_with([row("a", number=2), row("b", number=1, dataset="other")])

    assert buffer.datasets() == ["other", "dataset"]


def test_rows_before_a_time_are_removed():
    buffer = buffer_with([row("old", accepted=1.0), row("young", accepted=9.0)])

    assert names(buffer.remove_older(before=5.0)) == ["old"]
    assert names(buffer) == ["young"]


def test_the_oldest_row_of_all_can_be_removed():
    buffer = buffer_with([row("a", number=2), row("b", number=1, dataset="other")])

    assert buffer.remove_oldest().encoded.id == "b"
    assert buffer.datasets() == ["dataset"]


def test_an_empty_buffer_has_no_oldest_row():
    assert buffer_with([]).remove_oldest() is None


def test_a_refused_body_halves_the_batch_size_which_grows_back():
    size = AdaptiveBatchSize(DeliveryLimits(batch_bytes=6400))

    size.shrink(4000)
    assert size.bytes == 2000

    size.grow()
    assert size.bytes == 2031

    for _ in range(200):
        size.grow()
    assert size.bytes == 6400
