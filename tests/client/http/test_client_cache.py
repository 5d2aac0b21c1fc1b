"""One client per process, event loop and suspension; outdated ones are returned to be closed."""

import threading

from respan_langchain.client.http.client_cache import ClientCache


class World:
    """A process and a clock offset that a test changes."""

    def __init__(self):
        self.process, self.offset, self.created = 1, 1000.0, []
        self.cache = ClientCache(
            self.make, process=lambda: self.process, clock_offset=lambda: self.offset
        )

    def make(self):
        self.created.append(f"client {len(self.created)}")
        return self.created[-1]


def test_a_client_is_created_when_first_needed_and_kept():
    world = World()

    assert world.created == []
    assert world.cache.current() == ("client 0", [])
    assert world.cache.current() == ("client 0", [])


def test_a_forked_child_gets_a_new_client_and_never_closes_the_inherited_one():
    world = World()
    world.cache.current()

    world.process = 2

    assert world.cache.current() == ("client 1", [])
    assert world.cache.take_all() == ["client 1"]


def test_after_a_suspension_the_client_is_replaced_and_the_old_one_closed():
    world = World()
    world.cache.current()

    world.offset += 30.0

    assert world.cache.current() == ("client 1", ["client 0"])
    assert world.cache.current() == ("client 1", [])


def test_a_small_clock_adjustment_is_not_a_suspension():
    world = World()
    world.cache.current()

    for _ in range(100):
        world.offset += 0.5
        assert world.cache.current() == ("client 0", [])


def test_each_event_loop_has_a_client_of_its_own():
    world = World()
    loops = iter("aba")
    cache = ClientCache(world.make, loop=lambda: next(loops))

    assert [cache.current() for _ in range(3)] == [
        ("client 0", []),
        ("client 1", []),
        ("client 0", []),
    ]
    assert cache.take_all() == ["client 0", "client 1"]


def test_every_client_is_taken_once():
    world = World()
    world.cache.current()

    assert (world.cache.take_all(), world.cache.take_all()) == (["client 0"], [])


def test_of_two_clients_created_at_once_one_is_closed():
    both_are_making = threading.Barrier(2)

    def make():
        both_are_making.wait(10)
        return object()

    cache = ClientCache(make)
    got = []

    threads = [threading.Thread(target=lambda: got.append(cache.current())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert got[0][0] is got[1][0]
    assert len(got[0][1] + got[1][1]) == 1
