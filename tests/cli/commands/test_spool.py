"""`spool`: what waits on disk is listed, sent again, exported, thrown away."""

import json

import pytest

from respan_langchain.delivery.spool.file import SpoolFile
from respan_langchain.delivery.spool.rows import SpoolRow

BODY = b'{"input":"a","metadata":{"custom_identifier":"run-1"}}'


@pytest.fixture
def spooled(folder, monkeypatch):
    """Two rows that wait and one that was refused."""
    monkeypatch.setenv("RESPAN_SPOOL_DIR", str(folder / "spool"))
    place = folder / "spool" / "api.respan.ai-12345678"
    place.mkdir(parents=True)
    spool = SpoolFile(place / "one.db")
    spool.add(
        [
            SpoolRow("key of run-1", "run-1", "name:demo", BODY),
            SpoolRow("key of run-2", "run-2", "name:demo", BODY),
        ],
        in_memory=False,
    )
    spool.add(
        [SpoolRow("key of run-3", "run-3", "name:demo", BODY, "dead", "400: input: is null")],
        in_memory=False,
    )
    spool.close()
    return place


def states(run):
    [file] = run("spool", "list", "--json").json["results"]
    return file["pending"], file["dead"]


def test_pending_rows_are_listed_and_rejected_rows_exit_with_1(run, spooled):
    result = run("spool", "list")

    assert result.code == 1
    assert "one.db" in result.out
    assert states(run) == (2, 1)


def test_an_empty_spool_says_so(run, folder, monkeypatch):
    monkeypatch.setenv("RESPAN_SPOOL_DIR", str(folder / "spool"))
    result = run("spool", "list")

    assert result.code == 0
    assert "No spool files" in result.out


def test_replay_queues_rejected_rows_again(run, spooled):
    assert run("spool", "requeue", "--json").json == {"requeued": 1}
    assert states(run) == (3, 0)


def test_spool_rows_are_exported_with_their_history(run, spooled):
    lines = run("spool", "export", "--state", "dead").out.splitlines()

    [row] = map(json.loads, lines)
    assert row["id"] == "run-3"
    assert row["reason"] == "400: input: is null"
    assert row["log"] == json.loads(BODY)
    assert len(run("spool", "export").out.splitlines()) == 3


def test_purge_deletes_rejected_rows(run, spooled):
    assert run("spool", "purge").code == 2
    assert run("spool", "purge", "--older-than", "1", "--yes", "--json").json == {"purged": 0}
    assert run("spool", "purge", "--yes", "--json").json == {"purged": 1}
    assert states(run) == (2, 0)


def test_an_unknown_state_deletes_nothing(run, spooled):
    result = run("spool", "purge", "--state", "daed", "--yes")

    assert result.code == 2
    assert states(run) == (2, 1)


@pytest.fixture
def spoilt(spooled):
    """A damaged file stands before the good one, and one whose lock is none after it."""
    (spooled / "a.db").write_bytes(b"no database, but long enough to look at" * 50)
    (spooled / "z.db").touch()
    (spooled / "z.lock").symlink_to(spooled / "one.db")


@pytest.mark.parametrize(
    ("words", "result"),
    [
        (["export", "--output", "rows.jsonl"], {"rows": 3, "file": "rows.jsonl"}),
        (["requeue"], {"requeued": 1}),
        (["purge", "--yes"], {"purged": 1}),
    ],
    ids=["export", "replay", "purge"],
)
def test_a_damaged_spool_file_is_skipped_and_reported(run, spoilt, words, result):
    ended = run("spool", *words, "--json")

    assert ended.json == result
    assert ended.code == 1
    assert "Skipped 1 file that cannot be read; see `respan-langchain spool list`" in ended.err


def test_damaged_files_are_listed(run, spoilt):
    files = run("spool", "list", "--json").json["results"]

    assert [file["damaged"] for file in files] == [True, False, False]
    assert not any(file["in_use"] for file in files)


def test_doctor_reports_rejected_rows(run, spooled):
    run("datasets", "create", "demo")
    result = run("doctor", "demo", "--json")

    assert result.code == 1
    [check] = [each for each in result.json["checks"] if each["name"] == "spool"]
    assert check["state"] == "found"
    assert "1 row was rejected" in check["message"]
