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


def test_a_client_is_created_when_first_needed_and_kept():
    world = World()

    assert world.made == []
    assert world.lines.current() == ("client 0", [])
    assert world.lines.current() == ("client 0", [])


def test_a_forked_child_gets_a_new_client_and_never_closes_the_inherited_one():
    world = World()
    world.lines.current()

    world.process = 2

    assert world.lines.current() == ("client 1", [])
    assert world.lines.take_all() == ["client 1"]


def test_after_a_suspension_the_client_is_replaced_and_the_old_one_closed():
    world = World()
    world.lines.current()

    world.gap += 30.0

    assert world.lines.current() == ("client 1", ["client 0"])
    assert world.lines.current() == ("client 1", [])


def test_a_small_clock_adjustment_is_not_a_suspension():
    world = World()
    world.lines.current()

    for _ in range(100):
        world.gap += 0.5
        assert world.lines.current() == ("client 0", [])


def test_each_event_loop_has_a_client_of_its_own():
    world = World()
    loops = iter("aba")
    lines = ClientCache(world.make, loop=lambda: next(loops))

    assert [lines.current() for _ in range(3)] == [
        ("client 0", []),
        ("client 1", []),
        ("client 0", []),
    ]
    assert lines.take_all() == ["client 0", "client 1"]


def test_every_client_is_taken_once():
    world = World()
    world.lines.current()

    assert (world.lines.take_all(), world.lines.take_all()) == (["client 0"], [])


def test_of_two_clients_created_at_once_one_is_closed():
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
