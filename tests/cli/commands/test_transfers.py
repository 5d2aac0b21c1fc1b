"""`transfers`: the progress files that push, pull and import leave behind."""

import os
import time
from pathlib import Path

from cli.cli_support import row

from respan_langchain.datasets.transfer.progress_file import ProgressFile

DAY = 86_400


def progress_files():
    return list((Path.home() / ".respan" / "transfers").glob("*.db"))


def test_past_transfers_are_listed_and_cleared(run, fill):
    dataset_id = fill([row(number) for number in range(3)])
    run("push", "demo", "--to", "sqlite:///there.db")

    [listed] = run("transfers", "list", "--json").json["results"]
    shown = run("transfers", "list").out
    cleared = run("transfers", "clear", "--yes", "--json").json

    assert listed["source"].startswith("demo at ")
    assert listed["target"].endswith("/there.db")
    assert (listed["rows"], listed["in_use"]) == (3, False)
    assert "demo at" in shown
    assert cleared == {"deleted": 1, "bytes": listed["bytes"]}
    assert not progress_files()
    assert dataset_id
    again = run("push", "demo", "--to", "sqlite:///there.db", "--json").json
    assert again == {"sent": 0, "already_there": 3, "rejected": {}}


def test_no_transfers_says_so(run):
    assert run("transfers", "list").out == "No transfers yet.\n"


def test_a_running_transfer_keeps_its_progress_file(run, fill):
    fill([row(1)])
    run("push", "demo", "--to", "sqlite:///there.db")
    [path] = progress_files()

    with ProgressFile(path):
        assert run("transfers", "list", "--json").json["results"][0]["in_use"]
        assert run("transfers", "clear", "--yes", "--json").json["deleted"] == 0
    assert path.exists()


def test_a_damaged_progress_file_is_listed_and_cleared(run, fill):
    fill([row(1)])
    run("push", "demo", "--to", "sqlite:///there.db")
    [path] = progress_files()
    path.write_bytes(b"no database" * 500)

    [listed] = run("transfers", "list", "--json").json["results"]

    assert listed["rows"] is None
    assert run("transfers", "clear", "--yes", "--json").json["deleted"] == 1


def test_only_old_progress_files_are_cleared_if_asked(run, fill):
    fill([row(1)])
    run("push", "demo", "--to", "sqlite:///there.db")
    [path] = progress_files()

    kept = run("transfers", "clear", "--older-than", "30", "--yes", "--json").json
    os.utime(path, (time.time() - 31 * DAY,) * 2)
    cleared = run("transfers", "clear", "--older-than", "30", "--yes", "--json").json

    assert (kept["deleted"], cleared["deleted"]) == (0, 1)


def test_clear_without_a_terminal_requires_yes(run):
    assert "--yes" in run("transfers", "clear").err
