"""Migrations: a file of any earlier version opens as one of today, with all that was in it."""

import sqlite3
import threading
from pathlib import Path

import pytest
from support.evaluations import wait_for_evaluations

from respan_langchain.embedded.store import migrate
from respan_langchain.embedded.store.migrations import MIGRATIONS
from respan_langchain.embedded.store.store import Store

VERSION_1 = (Path(__file__).parent / "version_1.sql").read_text()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file as version 1 wrote it."""
    file = tmp_path / "respan.db"
    with sqlite3.connect(file, isolation_level=None) as connection:
        connection.executescript(VERSION_1)
    connection.close()
    return file


def test_the_rows_of_version_1_are_kept(file, platform_at):
    platform = platform_at(file)

    (dataset,) = platform.ask("POST", "/datasets/list/").body["results"]
    logs = platform.logs(dataset["id"])

    assert (dataset["name"], dataset["log_count"]) == ("support-bot", 2)
    assert [log["input"] for log in logs] == ["question 1", "question 2"]
    assert [log["scores"] for log in logs] == [{}, {}]


def test_new_features_work_in_an_old_file(file, platform_at):
    platform = platform_at(file)
    (dataset,) = platform.ask("POST", "/datasets/list/").body["results"]

    response = platform.ask(
        "POST", f"/datasets/{dataset['id']}/eval-reports/create/", {"evaluator_ids": ["contains:a"]}
    )
    wait_for_evaluations()

    assert response.status == 201
    assert [log["scores"]["contains:a"]["score"] for log in platform.logs(dataset["id"])] == [1, 1]


def test_an_old_file_and_a_new_one_have_the_same_tables(file, platform_at, platform):
    def tables(one):
        with one.store.reading() as connection:
            rows = connection.execute("SELECT type, name, sql FROM sqlite_schema").fetchall()
        return {(row["type"], row["name"]): row["sql"] for row in rows}

    assert tables(platform_at(file)) == tables(platform)


def test_a_step_that_fails_leaves_the_file_as_it_was(file):
    before = file.read_bytes()
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("CREATE TABLE runs (in_the_way)")

    with pytest.raises(sqlite3.OperationalError):
        migrate.migrate(connection)
    version = migrate.get_version(connection)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    connection.close()

    assert version == 1
    assert "scores" not in tables
    assert before[:16] == file.read_bytes()[:16]


def test_an_open_file_is_not_migrated_twice(file):
    Store(file).close()
    Store(file).close()

    connection = sqlite3.connect(file)
    assert migrate.get_version(connection) == len(MIGRATIONS)
    connection.close()


def test_two_processes_may_create_a_file_at_the_same_time(tmp_path):
    path = tmp_path / "new.db"
    created = threading.Event()

    def create() -> None:
        Store(path).close()
        created.set()

    def create_before(statement: str) -> None:
        if "sqlite_schema" in statement and not creator.is_alive():
            creator.start()
            # The creator either finishes now, or waits until the check has ended.
            created.wait(0.5)

    creator = threading.Thread(target=create)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.set_trace_callback(create_before)
    migrate.check_owner(connection)
    connection.close()
    creator.join()

    assert created.is_set()
