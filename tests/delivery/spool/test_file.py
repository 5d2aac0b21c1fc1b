"""The spool: what is on disk, who may read it, and what becomes of it when things break."""

import json
import os
import sqlite3
import stat
import time
from pathlib import Path

import pytest

from respan_langchain.delivery.spool import directory as spool_directory
from respan_langchain.delivery.spool import maintenance
from respan_langchain.delivery.spool.errors import cause_of
from respan_langchain.delivery.spool.lock import SpoolLock
from respan_langchain.delivery.spool.maintenance import spool_files
from respan_langchain.delivery.spool.rows import SpoolRow
from respan_langchain.errors import ConfigurationError
from tests.delivery.kit import disk_full


@pytest.fixture
def place(tmp_path):
    directory = tmp_path / "spool"
    spool_directory.prepare(directory)
    return directory


@pytest.fixture
def spool(place):
    made = spool_directory.create(place)
    yield made
    made.close()
    made.lock.close()


def a_row(name, *, size=20, **more):
    return SpoolRow(
        f"key-{name}", name, "dataset", json.dumps({"id": name}).encode().ljust(size), **more
    )


def orphan(place, *rows, in_memory=True):
    """What a process leaves behind that was killed."""
    spool = spool_directory.create(place)
    spool.add(rows, in_memory=in_memory)
    spool.close()
    spool.lock.close()
    return spool.path


def adopted(place, spool):
    """The files of which something became when somebody looked for orphans."""
    return [orphan.path for orphan in spool_directory.adopt_orphans(place, spool)]


def ids(rows):
    return [row.id for row in rows]


def test_rows_are_loaded_in_order_and_only_once(spool):
    spool.add([a_row("a"), a_row("b"), a_row("c")], in_memory=False)

    assert ids(spool.load(2, 10_000)[0]) == ["a", "b"]
    assert ids(spool.load(2, 10_000)[0]) == ["c"]
    assert spool.load(2, 10_000) == ([], 0)
    assert spool.loadable() == 0


def test_rows_are_loaded_up_to_a_size_but_at_least_one(spool):
    spool.add([a_row("a", size=100), a_row("b", size=100)], in_memory=False)

    assert ids(spool.load(10, 150)[0]) == ["a"]
    assert ids(spool.load(10, 1)[0]) == ["b"]


def test_a_row_is_stored_once_however_often_it_is_written(spool):
    spool.add([a_row("a")], in_memory=True)
    spool.add([a_row("a", state="dead", reason="no input")], in_memory=False)

    assert [(row.id, row.state, row.reason) for row in spool.rows()] == [("a", "dead", "no input")]


def test_a_removed_row_is_not_loaded(spool):
    spool.add([a_row("a"), a_row("b")], in_memory=True)

    spool.remove(["key-a"])

    assert ids(spool.rows()) == ["b"]
    assert spool.bytes() == 20


def test_sending_is_counted(spool):
    spool.add([a_row("a")], in_memory=True)
    spool.mark(["key-a"], "unconfirmed", attempt=True)
    spool.mark(["key-a"], "pending", attempt=False)
    spool.mark(["key-a"], "unconfirmed", attempt=True)

    assert [(row.state, row.attempts) for row in spool.rows()] == [("unconfirmed", 2)]


def test_dead_letters_are_not_loaded_until_they_are_requeued(spool):
    spool.add([a_row("a", state="dead")], in_memory=True)
    assert spool.load(1, 100) == ([], 0)

    assert spool.requeue_dead_letters() == 1

    assert ids(spool.load(1, 100)[0]) == ["a"]


def test_the_oldest_dead_letters_are_deleted_first(spool):
    spool.add([a_row(str(number), state="dead") for number in range(20)], in_memory=True)

    assert spool.drop_oldest_dead() == 2
    assert ids(spool.rows())[0] == "2"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE rows SET body = x'00'",
        "UPDATE rows SET body = 1",
        "UPDATE rows SET dataset = 'other'",
        "UPDATE rows SET id = CAST(x'e9' AS TEXT)",
        "UPDATE rows SET state = '?'",
        "UPDATE rows SET attempts = 'many'",
    ],
)
def test_a_damaged_row_is_deleted_and_counted(place, spool, change):
    spool.add([a_row("a")], in_memory=False)
    spool.connection.execute(change)
    spool.add([a_row("b")], in_memory=False)

    assert [row.damaged for row in spool.rows()] == [True, False]
    assert [row["id"] for row in maintenance.export(place)] == ["b"]
    assert ids(spool.load(10, 1_000)[0]) == ["b"]


def test_a_file_is_readable_by_its_owner_alone(tmp_path):
    before = os.umask(0)
    try:
        place = tmp_path / "open"
        spool_directory.prepare(place)
        spool = spool_directory.create(place)
        spool.add([a_row("a")], in_memory=True)
    finally:
        os.umask(before)

    modes = {stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    spool.close()
    spool.lock.release()


def test_a_directory_that_others_may_read_is_refused(tmp_path):
    loose = tmp_path / "loose"
    loose.mkdir(mode=0o755)
    (tmp_path / "link").symlink_to(loose)
    (tmp_path / "file").write_text("")

    for name, why in (("loose", "chmod 700"), ("link", "not a directory"), ("file", "exists")):
        with pytest.raises(ConfigurationError, match=why if name != "file" else "not a directory"):
            spool_directory.prepare(tmp_path / name)


def test_the_file_of_an_ended_process_is_adopted_once(place, spool):
    path = orphan(place, a_row("a"), a_row("b", state="unconfirmed", attempts=1, captured=5.0))

    assert adopted(place, spool) == [path]
    assert adopted(place, spool) == []

    assert not path.exists()
    assert [(row.id, row.state, row.captured) for row in spool.load(9, 999)[0]][1] == (
        "b",
        "unconfirmed",
        5.0,
    )


def test_the_file_of_a_running_process_is_left_alone(place, spool):
    other = spool_directory.create(place)
    other.add([a_row("a")], in_memory=False)

    assert adopted(place, spool) == []

    other.close()
    other.lock.release()


def test_a_crash_during_an_adoption_duplicates_no_row(place, spool):
    orphan(place, a_row("a"))
    orphan(place, a_row("a"), a_row("b"))

    adopted(place, spool)

    assert sorted(ids(spool.rows())) == ["a", "b"]


def test_an_orphan_that_another_process_adopted_is_skipped(place, spool):
    ghost = place / "1-gone.db"

    assert not spool_directory._adopt(ghost, spool)
    assert not ghost.exists()


def test_links_are_not_followed(place, spool, tmp_path):
    (tmp_path / "elsewhere.db").write_bytes(b"x")
    (place / "trap.db").symlink_to(tmp_path / "elsewhere.db")

    assert adopted(place, spool) == []
    with pytest.raises(OSError, match="symbolic links"):
        (place / "trap.lock").symlink_to(tmp_path / "x") or SpoolLock(place / "trap.lock").acquire()


def damaged_in_every_page(path):
    whole = path.read_bytes()
    for start in range(0, len(whole), 4096):
        yield whole[:start]
        yield whole[:start] + os.urandom(100) + whole[start + 100 :]


def test_a_damaged_file_is_set_aside_and_the_others_are_delivered(place, spool):
    sample = orphan(place, *(a_row(str(number), size=500) for number in range(100)))
    versions = list(damaged_in_every_page(sample))
    sample.unlink()
    for number, content in enumerate(versions):
        (place / f"9-damaged{number}.db").write_bytes(content)
    orphan(place, a_row("good"))

    adopted(place, spool)

    assert "good" in ids(spool.rows())
    assert list(place.glob("*.db")) == [spool.path]
    assert list(place.glob("*.corrupt-*"))
    assert all(json.loads(row.body)["id"] == row.id for row in spool.rows())


def test_a_file_whose_schema_is_not_text_is_set_aside_and_its_rows_are_counted(place, spool):
    path = orphan(place, a_row("a"))
    path.write_bytes(
        path.read_bytes().replace(b"row_added AFTER", b"row_added \xff\xff\xff\xff\xff")
    )

    [found] = spool_directory.adopt_orphans(place, spool)

    assert (found.lost, found.problem) == (1, "DamagedSpoolError: SQLITE_CORRUPT")
    assert list(place.glob("*.corrupt-*"))


def test_rows_whose_page_another_page_has_overwritten_are_counted(place, spool):
    path = orphan(place, *(a_row(f"{number:03}") for number in range(200)))
    content = path.read_bytes()
    pages = [content[at : at + 4096] for at in range(0, len(content), 4096)]
    leaves = [page for page in pages if page[0] == 13 and page.count(b'{"id"') > 10]
    path.write_bytes(content.replace(leaves[1], leaves[2]))

    [found] = spool_directory.adopt_orphans(place, spool)

    assert found.lost == leaves[1].count(b'{"id"') == 200 - len(ids(spool.rows()))
    assert list(place.glob("*.corrupt-*"))


def test_a_lost_write_ahead_log_loses_only_its_own_rows(place, spool):
    other = spool_directory.create(place)
    other.add([a_row("a")], in_memory=True)
    other.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    other.add([a_row("b")], in_memory=True)
    copy = place / "7-copy.db"
    copy.write_bytes(other.path.read_bytes())
    other.close()
    other.lock.close()
    spool_directory.remove(other.path)

    adopted(place, spool)

    assert ids(spool.rows()) == ["a"]


def test_spool_files_are_listed_with_their_counts(place, spool):
    spool.add(
        [a_row("a"), a_row("b", state="unconfirmed"), a_row("c", state="dead")], in_memory=True
    )
    orphan(place / "", a_row("d", size=50))
    (place / "3-x.db.corrupt-1").write_bytes(b"12345")
    (place / "4-y.db").write_bytes(b"no database, but long enough to look at" * 50)

    files = {file.path.name: file for file in spool_files(place)}

    mine = files[spool.path.name]
    assert (mine.in_use, mine.pending, mine.unconfirmed, mine.dead, mine.bytes) == (
        True,
        1,
        1,
        1,
        60,
    )
    assert sorted(file.damaged for file in files.values()) == [False, False, True, True]
    assert sum(file.in_use for file in files.values()) == 1


def test_rows_are_exported(place, spool):
    spool.add([a_row("a", state="dead", reason="no input", attempts=2)], in_memory=True)

    (exported,) = maintenance.export(place)

    assert exported["log"] == {"id": "a"}
    assert (exported["state"], exported["reason"], exported["attempts"]) == ("dead", "no input", 2)
    assert exported["captured"] <= time.time()


def test_rows_are_purged_and_dead_letters_requeued(place, spool):
    spool.add([a_row("a", state="dead"), a_row("b")], in_memory=True)

    assert maintenance.purge(place, before=0.0) == 0
    assert maintenance.requeue(place) == 1
    assert maintenance.purge(place) == 0
    assert maintenance.purge(place, ("pending",)) == 2
    assert maintenance.purge(place / "nothing here") == 0


def test_a_file_in_a_subdirectory_is_listed(place):
    below = place / "destination"
    spool_directory.prepare(below)
    orphan(below, a_row("a"))

    assert [file.pending for file in spool_files(place)] == [1]


def test_a_failed_transaction_changes_nothing(spool):
    class Late:
        def __iter__(self):
            yield a_row("a")
            raise OSError

    with pytest.raises(OSError, match=r"^$"):
        spool.add(Late(), in_memory=True)

    assert spool.counts() == {}
    with pytest.raises(sqlite3.ProgrammingError):
        spool.remove([("a",)])
    spool.add([a_row("b")], in_memory=True)


def test_an_error_is_logged_by_its_name_since_sqlite_quotes_rows(spool):
    with pytest.raises(sqlite3.Error, match="secret") as sqlite_s:
        spool.connection.execute("SELECT secret FROM rows")
    with pytest.raises(sqlite3.Error) as pythons:
        spool.connection.execute("SELECT ?")
    with pytest.raises(OSError, match="secret") as systems:
        Path("/nowhere/secret").read_text()

    assert [cause_of(each.value) for each in (sqlite_s, pythons, systems)] == [
        "OperationalError: SQLITE_ERROR",
        "ProgrammingError: no code",
        "FileNotFoundError: No such file or directory",
    ]
    assert cause_of(ConfigurationError("chmod it")) == "ConfigurationError: chmod it"


def test_a_disk_that_keeps_failing_leaks_no_file_and_no_handle(place):
    handles = len(list(Path("/proc/self/fd").iterdir()))

    with disk_full():
        for _ in range(20):
            with pytest.raises((OSError, sqlite3.Error)):
                spool_directory.create(place)

    assert len(list(Path("/proc/self/fd").iterdir())) == handles
    assert not list(place.iterdir())
