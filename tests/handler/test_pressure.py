"""When the app's threads help the worker: behind by much, or where the app hardly ever waits."""

from respan_langchain.pressure import BEHIND, BUSY, FEW, Pressure

LOOK = 0.25
MANY = int(BUSY * LOOK) + 1


def looked(*waiting: int, every: float = LOOK) -> Pressure:
    pressure = Pressure()
    for number, count in enumerate(waiting):
        pressure.look(count, number * every)
    return pressure


def test_a_burst_is_left_to_the_worker():
    assert looked(0, MANY).bearable == BEHIND
    assert looked(0, MANY, 0, MANY, 0).bearable == BEHIND


def test_an_app_that_hardly_waits_is_helped_by_its_own_threads():
    pressure = looked(0, MANY, MANY)

    assert pressure.bearable == FEW
    assert pressure.is_high


def test_what_they_helped_with_counts_so_that_they_go_on_until_it_is_quiet():
    pressure = looked(0, MANY, MANY)

    pressure.helped(MANY)
    pressure.look(10, 3 * LOOK)
    assert pressure.is_high
    pressure.helped(10)
    pressure.look(10, 4 * LOOK)
    assert not pressure.is_high


def test_looks_in_quick_succession_as_in_a_flush_say_nothing():
    assert looked(100, 100, 100, 100, every=0.001).bearable == BEHIND
