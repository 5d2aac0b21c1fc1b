"""A progress file keeps the state of each row, for its owner and for one process at a time."""

import os
import stat

import pytest

from respan_langchain.datasets.transfer.progress_file import ProgressFile, progress_path
from respan_langchain.datasets.transfer.transfer_row import ExistingRow, TransferRow
from respan_langchain.errors import ConfigurationError

FIRST = TransferRow("u1", "ticket-7", "span-1", {})
SECOND = TransferRow("u2", "ticket-7", None, {})


@pytest.fixture
def progress(tmp_path):
    with ProgressFile(tmp_path / "progress.db") as progress:
        yield progress


def test_a_row_has_the_state_that_was_recorded_last(progress):
    progress.record([FIRST, SECOND], "unconfirmed", 1.0)
    progress.record([FIRST], "delivered", 2.0)

    assert progress.states([FIRST, SECOND]) == {
        "u1": ("delivered", 2.0),
        "u2": ("unconfirmed", 1.0),
    }


def test_delivered_rows_that_share_an_identifier_are_found(progress):
    progress.record([FIRST], "delivered", 1.0)

    assert progress.owned_by_others([SECOND]) == {"u1": ExistingRow("ticket-7", "span-1")}
    assert progress.owned_by_others([FIRST]) == {}


def test_invalidating_makes_delivered_rows_unconfirmed(progress):
    progress.record([FIRST], "delivered", 1.0)
    progress.record([SECOND], "rejected", 1.0, "too long")
    progress.invalidate()

    states = progress.states([FIRST, SECOND])
    assert (states["u1"][0], states["u2"][0]) == ("unconfirmed", "rejected")


def test_a_second_process_cannot_run_the_same_transfer(progress, tmp_path):
    with pytest.raises(ConfigurationError, match="another process"):
        ProgressFile(tmp_path / "progress.db")


def test_a_file_of_another_kind_is_not_used(tmp_path):
    path = tmp_path / "progress.db"
    path.write_text("not a database" * 100)

    with pytest.raises(ConfigurationError, match="cannot use"):
        ProgressFile(path)


def test_a_path_that_is_a_directory_raises(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot open"):
        ProgressFile(tmp_path)


def test_only_the_owner_can_read_a_progress(tmp_path):
    """It holds identifiers, and reasons that may quote a row."""
    before = os.umask(0)
    with ProgressFile(tmp_path / "progress.db") as progress:
        progress.record([FIRST], "unconfirmed", 0.0)
        os.umask(before)
        modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}

    assert modes == {0o600}


def test_each_transfer_has_a_file_of_its_own():
    assert progress_path("a", "b") == progress_path("a", "b")
    assert progress_path("a", "b") != progress_path("ab", "")
