"""One client per process and per awakening; outdated ones are handed over to be closed."""

import threading

from respan_langchain.client.http.client_cache import ClientCache


class World:
    """A process and two clocks that a test moves."""

    def __init__(self):
        self.process, self.gap, self.made = 1, 1000.0, []
        self.lines = ClientCache(
            self.make, process=lambda: self.process, clock_offset=lambda: self.gap
        )

    def make(self):
        self.made.append(f"client {len(self.made)}")
        return self.made[-1]


def test_a_client_is_made_when_it_is_needed_and_kept():
    world = World()

    assert world.made == []
    assert world.lines.current() == ("client 0", [])
    assert world.lines.current() == ("client 0", [])


def test_a_child_gets_its_own_and_leaves_the_inherited_one_alone():
    world = World()
    world.lines.current()

    world.process = 2

    assert world.lines.current() == ("client 1", [])
    assert world.lines.take_all() == ["client 1"]


def test_after_a_freeze_the_old_one_is_replaced_and_closed():
    world = World()
    world.lines.current()

    world.gap += 30.0

    assert world.lines.current() == ("client 1", ["client 0"])
    assert world.lines.current() == ("client 1", [])


def test_a_clock_that_is_adjusted_a_little_is_no_freeze():
    world = World()
    world.lines.current()

    for _ in range(100):
        world.gap += 0.5
        assert world.lines.current() == ("client 0", [])


def test_each_event_loop_has_its_own_and_closing_gives_up_all():
    world = World()
    loops = iter("aba")
    lines = ClientCache(world.make, loop=lambda: next(loops))

    assert [lines.current() for _ in range(3)] == [
        ("client 0", []),
        ("client 1", []),
        ("client 0", []),
    ]
    assert lines.take_all() == ["client 0", "client 1"]


def test_closing_gives_up_what_is_there_once():
    world = World()
    world.lines.current()

    assert (world.lines.take_all(), world.lines.take_all()) == (["client 0"], [])


def test_of_two_that_were_made_at_once_one_is_given_up():
    both_are_making = threading.Barrier(2)

    def make():
        both_are_making.wait(10)
        return object()

    lines = ClientCache(make)
    got = []

    threads = [threading.Thread(target=lambda: got.append(lines.current())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert got[0][0] is got[1][0]
    assert len(got[0][1] + got[1][1]) == 1
