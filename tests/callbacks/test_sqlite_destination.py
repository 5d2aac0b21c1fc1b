"""The platform in a file: errors and log lines when the file cannot be used, or is gone."""

import sqlite3
import time
from contextlib import closing

import pytest
from langchain_core.runnables import RunnableLambda

from respan_langchain import RespanDatasetCallbackHandler
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.errors import ConnectionFailedError

ECHO = RunnableLambda(lambda said: said)


@pytest.fixture
def place(tmp_path):
    return tmp_path / "respan.db"


def asked(place, times=1, timeout=20.0):
    """Ask so many times, and tell the handler's state after a flush."""
    handler = RespanDatasetCallbackHandler("d", base_url=f"sqlite:///{place}")
    for number in range(times):
        ECHO.invoke(number, {"callbacks": [handler]})
    handler.flush(timeout)
    return handler.stats


def no_database(place):
    place.write_text("no database, and long enough to be read as one" * 50)


def another_program_s(place):
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("CREATE TABLE theirs (x)")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (no_database, "file is not a database"),
        (lambda place: place.mkdir(), "unable to open database file"),
        (another_program_s, "it holds the tables of another program"),
    ],
    ids=["no database", "a folder", "another program's"],
)
def test_a_file_that_cannot_be_opened_raises_with_the_reason(spoil, reason, place, caplog):
    spoil(place)
    began = time.monotonic()
    stats = asked(place)

    assert time.monotonic() - began < 10
    assert (stats.pending, stats.delivered, stats.requests) == (1, 0, 1)
    assert stats.last_error == f"{place} is not usable as a local store: {reason}"
    assert stats.last_error in caplog.text


def refuse_writing(place, words):
    """Have every write to the rows fail, as on a disk that is full."""
    with closing(sqlite3.connect(place)) as connection:
        connection.execute(
            f"CREATE TRIGGER full BEFORE INSERT ON logs BEGIN SELECT RAISE(ABORT, '{words}'); END"
        )


def test_a_file_that_fails_later_is_logged_with_the_reason(place, caplog):
    asked(place)
    refuse_writing(place, "the disk is full")
    stats = asked(place, timeout=1.0)

    assert stats.pending == 1
    assert f"{place}: the disk is full" in stats.last_error
    assert f"{place}: the disk is full" in caplog.text


def test_errors_do_not_quote_a_damaged_file(place):
    asked(place)
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("UPDATE contents SET input = CAST(x'736563726574ff' AS TEXT)")
        connection.commit()

    with (
        Dataset.open("d", base_url=f"sqlite:///{place}") as rows,
        pytest.raises(ConnectionFailedError) as raised,
    ):
        list(rows)
    assert str(raised.value).endswith(f"{place}: OperationalError")


def test_rows_are_stored_once_a_file_accepts_them_again(place):
    asked(place)
    refuse_writing(place, "the disk is full")
    handler = RespanDatasetCallbackHandler("d", base_url=f"sqlite:///{place}")
    ECHO.invoke("second", {"callbacks": [handler]})
    handler.flush(0.5)
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("DROP TRIGGER full")

    assert handler.flush(20)
    with Dataset.open("d", base_url=f"sqlite:///{place}") as rows:
        assert len(rows) == 2


def test_rows_after_a_file_was_deleted_are_in_a_new_one(place):
    asked(place, times=3)
    for each in place.parent.glob("respan.db*"):
        each.unlink()
    stats = asked(place, times=2)

    assert (stats.delivered, stats.pending) == (2, 0)
    with Dataset.open("d", base_url=f"sqlite:///{place}") as rows:
        assert len(rows) == 2
