"""The store: used by threads and processes at once, found by its URL, never carried over a fork."""

import multiprocessing
import os
import signal
import sqlite3
import stat
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from respan_langchain.embedded.access import AccessPolicy
from respan_langchain.embedded.endpoints import logs
from respan_langchain.embedded.store.store import Store, open_store
from respan_langchain.errors import ConfigurationError


def write(path: str, dataset: str, writer: int) -> None:
    store = Store(path)
    for batch in range(5):
        rows = [{"input": f"{writer}/{batch}/{row}"} for row in range(40)]
        logs.create_many(store, dataset, {"logs": rows}, AccessPolicy())
    store.close()


def inputs(platform, dataset) -> list[str]:
    with platform.store.reading() as connection:
        rows = connection.execute("SELECT input FROM contents ORDER BY seq").fetchall()
        (counted,) = connection.execute(
            "SELECT log_count FROM datasets WHERE id = ?", (dataset,)
        ).fetchone()
    assert counted == len(rows)
    return [row["input"].strip('"') for row in rows]


EXPECTED = sorted(f"{w}/{b}/{r}" for w in range(4) for b in range(5) for r in range(40))


def test_several_processes_write_at_once_and_no_row_is_lost(platform_on_disk):
    dataset = platform_on_disk.dataset()
    path = platform_on_disk.store.path

    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(write, [path] * 4, [dataset] * 4, range(4)))

    assert sorted(inputs(platform_on_disk, dataset)) == EXPECTED


def test_several_processes_create_the_same_file_at_once(tmp_path: Path):
    path = str(tmp_path / "new.db")

    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as pool:
        paths = list(pool.map(_opened_path, [path] * 16))

    assert paths == [path] * 16


def _opened_path(path: str) -> str:
    store = Store(path)
    store.close()
    return store.path


@pytest.fixture
def generous():
    """A process whose files are anybody's, unless it says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


@pytest.mark.usefixtures("generous")
def test_a_new_file_and_its_write_ahead_log_are_readable_by_their_owner_alone(tmp_path: Path):
    with Store(tmp_path / "new.db").writing():
        assert modes(tmp_path) == dict.fromkeys(["new.db", "new.db-wal", "new.db-shm"], 0o600)


@pytest.mark.usefixtures("generous")
def test_a_recreated_file_is_readable_by_its_owner_alone(tmp_path: Path):
    store = Store(tmp_path / "new.db")
    store.close()
    (tmp_path / "new.db").unlink()
    with store.reading():
        assert modes(tmp_path)["new.db"] == 0o600


@pytest.mark.usefixtures("generous")
def test_an_existing_file_keeps_its_mode(tmp_path: Path):
    (tmp_path / "old.db").touch(0o640)
    with Store(tmp_path / "old.db").writing():
        assert set(modes(tmp_path).values()) == {0o640}


def test_a_store_in_memory_makes_no_file(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Store(":memory:").writing():
        assert not modes(tmp_path)


@pytest.mark.parametrize("kind", ["platform", "platform_on_disk"])
def test_several_threads_write_at_once_and_no_row_is_lost(kind, request):
    platform = request.getfixturevalue(kind)
    dataset = platform.dataset()

    def write_here(writer: int) -> None:
        for batch in range(5):
            rows = [{"input": f"{writer}/{batch}/{row}"} for row in range(40)]
            logs.create_many(platform.store, dataset, {"logs": rows}, AccessPolicy())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write_here, range(4)))

    assert sorted(inputs(platform, dataset)) == EXPECTED


def test_a_forked_child_writes_on_after_its_parent_has_closed_the_file(platform_on_disk):
    dataset = platform_on_disk.dataset()
    platform_on_disk.fill(dataset, [{"input": "parent"}])
    closed_read, closed_write = os.pipe()

    child = os.fork()
    if child == 0:
        os.close(closed_write)
        platform_on_disk.fill(dataset, [{"input": "child, before"}])
        os.read(closed_read, 1)
        platform_on_disk.fill(dataset, [{"input": "child, after"}])
        os._exit(0)
    os.close(closed_read)
    platform_on_disk.store.close()
    os.close(closed_write)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert len(inputs(platform_on_disk, dataset)) == 3


def test_a_fork_in_the_middle_of_writing_leaves_both_sides_able_to_write(platform_on_disk):
    dataset = platform_on_disk.dataset()
    with ThreadPoolExecutor(1) as pool:
        writing = [pool.submit(platform_on_disk.fill, dataset, [{"input": "x"}]) for _ in range(50)]
        child = os.fork()
        if child == 0:
            platform_on_disk.fill(dataset, [{"input": "child"}])
            os._exit(0)
        _, status = os.waitpid(child, 0)
        for one in writing:
            one.result()

    assert os.waitstatus_to_exitcode(status) == 0
    assert len(inputs(platform_on_disk, dataset)) == 51


def test_a_store_in_memory_ignores_a_file_of_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = Store(":memory:")
    with store.writing() as connection:
        connection.execute("UPDATE datasets SET name = 'kept'")
    Path(":memory:").touch()

    with store.reading() as connection:
        assert [row["name"] for row in connection.execute("SELECT name FROM datasets")] == ["kept"]


def waits(thread: threading.Thread) -> bool:
    frame = sys._current_frames().get(thread.ident or 0)
    # For a transaction; or, where stores of other tests are about, for the other thread's fork.
    return frame is not None and frame.f_code.co_name in {"wait", "before_fork"}


def test_two_threads_that_fork_at_once_leave_all_sides_able_to_write(platform_on_disk):
    dataset = platform_on_disk.dataset()
    codes: list[int] = []

    def fork() -> None:
        child = os.fork()
        if child == 0:
            signal.alarm(20)  # ends it should it hang
            platform_on_disk.fill(dataset, [{"input": "child"}])
            os._exit(0)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

    forking = [threading.Thread(target=fork, daemon=True) for _ in range(2)]
    with platform_on_disk.store.writing():
        for thread in forking:
            thread.start()
        ends = time.monotonic() + 20
        while not all(map(waits, forking)):
            assert time.monotonic() < ends, "the forking threads do not wait"
    for thread in forking:
        thread.join(20)
    parent = threading.Thread(
        target=platform_on_disk.fill, args=(dataset, [{"input": "parent"}]), daemon=True
    )
    parent.start()
    parent.join(20)

    assert codes == [0, 0]
    assert not parent.is_alive()
    assert sorted(inputs(platform_on_disk, dataset)) == ["child", "child", "parent"]


def test_a_failed_transaction_leaves_no_trace(platform):
    def fail_half_way() -> None:
        with platform.store.writing() as connection:
            connection.execute("UPDATE datasets SET name = 'changed'")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fail_half_way()

    assert platform.ask("GET", "/datasets/_saved_logs/").body["name"] == "Saved logs"


def test_a_closed_store_opens_again(platform_on_disk):
    dataset = platform_on_disk.dataset()
    platform_on_disk.store.close()

    assert platform_on_disk.ask("GET", f"/datasets/{dataset}/").status == 200


def remove(path: Path) -> None:
    path.unlink()


def remove_all(path: Path) -> None:
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()


def replace(path: Path) -> None:
    remove_all(path)
    Store(path.with_name("other.db")).close()
    path.with_name("other.db").replace(path)


@pytest.mark.parametrize("happens", [remove, remove_all, replace])
def test_a_replaced_file_is_reopened(happens, platform_on_disk):
    path = Path(platform_on_disk.store.path)
    gone = platform_on_disk.dataset()
    happens(path)

    assert platform_on_disk.ask("GET", f"/datasets/{gone}/").status == 404
    dataset = platform_on_disk.dataset()
    platform_on_disk.fill(dataset, [{"input": "after"}])
    assert inputs(platform_on_disk, dataset) == ["after"]
    again = sqlite3.connect(path)
    assert again.execute("SELECT count(*) FROM logs").fetchone() == (1,)
    assert again.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    again.close()


def test_several_threads_begin_a_file_again_at_once(platform_on_disk):
    platform_on_disk.dataset()
    remove_all(Path(platform_on_disk.store.path))

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: platform_on_disk.dataset(), range(16)))

    assert {platform_on_disk.ask("GET", f"/datasets/{each}/").status for each in made} == {200}


def test_one_url_is_one_store(tmp_path: Path):
    assert open_store("sqlite:///:memory:") is open_store("sqlite:///:memory:")
    assert open_store(f"sqlite:///{tmp_path}/a.db") is open_store(f"sqlite:///{tmp_path}/./a.db")
    open_store(f"sqlite:///{tmp_path}/a.db").close()


def test_a_relative_url_is_a_file_in_the_working_folder(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    open_store("sqlite:///here.db").close()

    assert (tmp_path / "here.db").exists()


@pytest.mark.parametrize(
    "url", ["sqlite://here.db", "sqlite:///", "postgres:///x", "sqlite:///no/such/folder/x.db"]
)
def test_an_invalid_url_raises_with_the_reason(url):
    with pytest.raises(ConfigurationError, match="base_url"):
        open_store(url)


def test_a_file_that_is_no_database_is_rejected_unchanged(tmp_path: Path):
    file = tmp_path / "notes.txt"
    file.write_text("not a database, and long enough to be read as one" * 50)
    before = file.read_bytes()

    with pytest.raises(ConfigurationError, match=r"notes\.txt"):
        open_store(f"sqlite:///{file}")

    assert file.read_bytes() == before


def test_a_file_that_everybody_may_write_to_is_refused(tmp_path: Path):
    (tmp_path / "shared.db").touch()
    (tmp_path / "shared.db").chmod(0o666)

    with pytest.raises(ConfigurationError, match="everybody may write to it"):
        Store(tmp_path / "shared.db")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives away")
def test_a_file_of_another_user_is_refused(tmp_path: Path):
    (tmp_path / "theirs.db").touch(0o600)
    os.chown(tmp_path / "theirs.db", 12_345, 12_345)

    with pytest.raises(ConfigurationError, match="it belongs to another user"):
        Store(tmp_path / "theirs.db")
