"""A file that this process cannot write: everything can be read, and a write says why it fails."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

NOBODY = 65534


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of the user whose permissions the tests take away."""
    folder = Path(tempfile.mkdtemp(prefix="read-only-"))
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(folder, NOBODY, NOBODY)
        # Permissions do not hold for root.
        os.seteuid(NOBODY)
    yield folder
    if is_root:
        os.seteuid(0)
    folder.chmod(0o700)
    shutil.rmtree(folder)


@pytest.fixture
def filled(folder, platform_at):
    """A closed file with one row."""
    platform = platform_at(folder / "respan.db")
    dataset = platform.dataset("support-bot")
    platform.fill(dataset, [{"input": "question", "output": "answer"}])
    platform.store.close()
    return platform.store.path, dataset


@pytest.mark.parametrize("folder_mode", [0o700, 0o500], ids=["folder writable", "folder read-only"])
def test_a_read_only_file_is_read_and_a_write_says_why_it_fails(filled, folder_mode, platform_at):
    path, dataset = filled
    Path(path).chmod(0o400)
    Path(path).parent.chmod(folder_mode)

    platform = platform_at(Path(path))
    refused = platform.ask("POST", f"/datasets/{dataset}/logs/", {"input": "another"})

    assert platform.store.read_only
    assert [log["input"] for log in platform.logs(dataset)] == ["question"]
    assert (refused.status, refused.body) == (403, {"detail": "respan.db is read-only."})


def test_rows_of_a_writer_in_another_process_are_seen(filled, platform_at):
    path, dataset = filled
    writer = platform_at(Path(path))
    Path(path).chmod(0o400)
    reader = platform_at(Path(path))

    writer.fill(dataset, [{"input": "new"}])

    assert reader.store.read_only
    assert [log["input"] for log in reader.logs(dataset)] == ["question", "new"]
