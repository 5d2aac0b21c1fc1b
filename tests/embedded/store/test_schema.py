"""The schema: created once in a new file; a file of another version or program is left as it is."""

import sqlite3
import threading
from pathlib import Path

import pytest

from respan_langchain.embedded.store import schema
from respan_langchain.embedded.store.store import Store
from respan_langchain.errors import ConfigurationError


def test_two_processes_may_create_a_file_at_the_same_time(tmp_path):
    path = tmp_path / "new.db"
    connection = sqlite3.connect(path, isolation_level=None)
    assert not schema.has_schema(connection)
    creator = threading.Thread(target=lambda: Store(path).close())

    def create_before(statement: str) -> None:
        if statement == "BEGIN IMMEDIATE":
            creator.start()
            creator.join()

    connection.set_trace_callback(create_before)
    schema.create_schema(connection)

    assert schema.has_schema(connection)
    assert connection.execute("SELECT count(*) FROM datasets").fetchone() == (1,)
    connection.close()


def test_the_database_of_another_program_is_rejected_unchanged(tmp_path: Path):
    file = tmp_path / "other.db"
    other = sqlite3.connect(file)
    other.execute("CREATE TABLE theirs (x)")
    other.commit()
    other.close()
    before = file.read_bytes()

    with pytest.raises(ConfigurationError, match="another program"):
        Store(file)

    assert file.read_bytes() == before


@pytest.mark.parametrize(("version", "kind"), [(7, "development"), (9999, "newer")])
def test_a_file_of_another_version_is_rejected_unchanged(version, kind, tmp_path: Path):
    file = tmp_path / "respan.db"
    Store(file).close()
    other = sqlite3.connect(file)
    other.execute(f"PRAGMA user_version = {version}")
    other.close()
    before = file.read_bytes()

    with pytest.raises(ConfigurationError, match=f"made by a {kind} version .*; export its rows"):
        Store(file)

    assert file.read_bytes() == before
