"""Damage anywhere in a spool: every committed row is delivered or counted, or its file is kept."""

import os
import random
import shutil

import pytest

from respan_langchain.delivery.spool import directory
from respan_langchain.delivery.spool.rows import SpoolRow

ROWS = 160
DELIVERED = 40
"""Rows that were removed again, the oldest first, while the last ones were added."""
PARTS = ["", "-wal", "-shm"]


@pytest.fixture
def left(tmp_path):
    """The files of a killed process that committed rows and removed others, most in the WAL."""
    place = tmp_path / "left"
    directory.prepare(place)
    spool = directory.create(place)
    for number in range(ROWS + DELIVERED):
        key = f"k{number}"
        body = os.urandom(100).hex().encode()
        spool.add([SpoolRow(key, key, "dataset", body)], in_memory=True)
        if number >= ROWS:
            spool.remove([f"k{number - ROWS}"])
        if number == 60:
            spool.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    copy = tmp_path / "copy"
    shutil.copytree(place, copy)
    spool.close()
    spool.lock.release()
    return copy


def flip(file, chance):
    content = bytearray(file.read_bytes())
    for _ in range(chance.choice([1, 1, 8])):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    file.write_bytes(content)


def cut(file, chance):
    os.truncate(file, chance.randrange(file.stat().st_size))


def overwrite(file, chance):
    content = file.read_bytes()
    at = chance.randrange(len(content))
    file.write_bytes(content[:at] + os.urandom(4096) + content[at + 4096 :])


def delete(file, chance):
    file.unlink()


@pytest.mark.parametrize("part", PARTS, ids=["db", "wal", "shm"])
def test_every_committed_row_is_delivered_or_counted_or_its_file_is_kept(left, tmp_path, part):
    chance = random.Random(7)  # noqa: S311  # the same damage each time
    committed = {f"k{number}" for number in range(DELIVERED, ROWS + DELIVERED)}
    for number in range(100):
        place = tmp_path / f"{part}{number}"
        shutil.copytree(left, place)
        [database] = place.glob("*.db")
        spoil = delete if number == 0 else (flip, cut, overwrite)[number % 3]
        spoil(database.with_name(database.name + part), chance)
        home = directory.create(place)
        orphans = list(directory.adopt_orphans(place, home))
        [orphan] = orphans
        delivered = len({row.key for row in home.rows() if not row.damaged} & committed)
        counted = len(orphan.damaged) + orphan.lost
        kept = [path for path in place.iterdir() if "corrupt" in path.name]

        assert delivered + counted == ROWS or (orphan.problem and kept), (number, spoil)
        assert delivered == ROWS or (orphan.problem and (kept or database.exists()))
        home.close()
        home.lock.release()
        shutil.rmtree(place)
