"""The lock on a spool file: one process takes over what another has left."""

import threading

from respan_langchain.delivery.spool.lock import Record, SpoolLock

THREADS = 6


def test_what_a_process_left_is_taken_over_once(tmp_path):
    for number in range(20):
        left, seen = SpoolLock(tmp_path / f"{number}.lock"), []
        left.acquire()
        left.write(Record(changes=1, rows=3))
        left.close()
        barrier = threading.Barrier(THREADS)

        def take_over(path=left.path, seen=seen, barrier=barrier):
            barrier.wait()
            lock = SpoolLock(path)
            if lock.acquire():
                seen.append(lock.read().rows)
                lock.release()

        takers = [threading.Thread(target=take_over) for _ in range(THREADS)]
        for taker in takers:
            taker.start()
        for taker in takers:
            taker.join()

        assert sum(seen) == 3
