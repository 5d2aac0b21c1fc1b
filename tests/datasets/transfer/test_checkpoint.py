"""A checkpoint keeps the state of each row, for its owner and for one process at a time."""

import os
import stat

import pytest

from respan_langchain.datasets.transfer.checkpoint import Checkpoint, checkpoint_path
from respan_langchain.datasets.transfer.transfer_row import ExistingRow, TransferRow
from respan_langchain.errors import ConfigurationError

FIRST = TransferRow("u1", "ticket-7", "span-1", {})
SECOND = TransferRow("u2", "ticket-7", None, {})


@pytest.fixture
def checkpoint(tmp_path):
    with Checkpoint(tmp_path / "checkpoint.db") as checkpoint:
        yield checkpoint


def test_a_row_has_the_state_that_was_recorded_last(checkpoint):
    checkpoint.record([FIRST, SECOND], "unconfirmed", 1.0)
    checkpoint.record([FIRST], "delivered", 2.0)

    assert checkpoint.states([FIRST, SECOND]) == {
        "u1": ("delivered", 2.0),
        "u2": ("unconfirmed", 1.0),
    }


def test_delivered_rows_that_share_an_identifier_are_found(checkpoint):
    checkpoint.record([FIRST], "delivered", 1.0)

    assert checkpoint.owned_by_others([SECOND]) == {"u1": ExistingRow("ticket-7", "span-1")}
    assert checkpoint.owned_by_others([FIRST]) == {}


def test_invalidating_makes_delivered_rows_unconfirmed(checkpoint):
    checkpoint.record([FIRST], "delivered", 1.0)
    checkpoint.record([SECOND], "rejected", 1.0, "too long")
    checkpoint.invalidate()

    states = checkpoint.states([FIRST, SECOND])
    assert (states["u1"][0], states["u2"][0]) == ("unconfirmed", "rejected")


def test_a_second_process_cannot_run_the_same_transfer(checkpoint, tmp_path):
    with pytest.raises(ConfigurationError, match="another process"):
        Checkpoint(tmp_path / "checkpoint.db")


def test_a_file_of_another_kind_is_not_used(tmp_path):
    path = tmp_path / "checkpoint.db"
    path.write_text("not a database" * 100)

    with pytest.raises(ConfigurationError, match="cannot use"):
        Checkpoint(path)


def test_a_path_that_is_a_directory_raises(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot open"):
        Checkpoint(tmp_path)


def test_only_the_owner_can_read_a_checkpoint(tmp_path):
    """It holds identifiers, and reasons that may quote a row."""
    before = os.umask(0)
    with Checkpoint(tmp_path / "checkpoint.db") as checkpoint:
        checkpoint.record([FIRST], "unconfirmed", 0.0)
        os.umask(before)
        modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}

    assert modes == {0o600}


def test_each_transfer_has_a_file_of_its_own():
    assert checkpoint_path("a", "b") == checkpoint_path("a", "b")
    assert checkpoint_path("a", "b") != checkpoint_path("ab", "")
