"""A disk that is full, read-only or not there: the app starts, and its rows stay in memory."""

import contextlib
import shutil
import stat
import subprocess

import pytest

from tests.faults.cases import Case, run_act
from tests.faults.server import FaultServer

pytestmark = pytest.mark.slow
LEVELS = pytest.mark.parametrize("level", ["spill", "durable"])


@contextlib.contextmanager
def mounted(folder, options):
    """A file system in memory; skipped where this process may not mount one."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
        pytest.skip("this process may not mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S607  # as above


def deliver(spool, level, place, **how):
    """Run an app that emits 80 events and flushes, with its spool there; return its report."""
    settings = {"spool_dir": str(spool)}
    case = Case("disk", level=level, settings=settings, task={"size": 5_000})
    with FaultServer() as server:
        report, app = run_act(case, "emit_and_flush", server, place, **how)
        assert app.code == 0, app.outputs
        assert (len(server.stored), server.doubled) == (80, 0), app.outputs
    return report, app


@LEVELS
def test_a_full_disk_costs_no_row_and_one_warning(level, tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    with mounted(tmp_path / "disk", "size=64k") as disk:
        with contextlib.suppress(OSError):
            (disk / "filler").write_bytes(b"x" * 60_000)
        report, app = deliver(disk / "spool", level, place)

    assert report["delivered"] == 80
    assert app.outputs.count("rows stay in memory") == (level == "durable")


@LEVELS
def test_a_disk_that_fills_up_while_rows_are_written_costs_no_row(level, tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    with mounted(tmp_path / "disk", "size=256k") as disk:
        report, app = deliver(disk / "spool", level, place)

    assert report["delivered"] == 80
    assert app.outputs.count("rows stay in memory") == (level == "durable")


@LEVELS
def test_a_read_only_disk_costs_no_row_and_one_warning(level, tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    with mounted(tmp_path / "disk", "ro") as disk:
        report, app = deliver(disk / "spool", level, place)

    assert report["delivered"] == 80
    assert app.outputs.count("rows stay in memory") == (level == "durable")


@LEVELS
@pytest.mark.parametrize("home", ["/dev/null", "/proc/nobody"])
def test_a_process_without_a_home_delivers_from_memory(level, home, tmp_path):
    report, _ = deliver("~/.respan/spool", level, tmp_path, home=home)

    assert report["delivered"] == 80


def test_under_any_umask_files_are_for_one_user(tmp_path):
    deliver(tmp_path / "a" / "spool", "durable", tmp_path, umask=0)

    modes = {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (tmp_path / "a").rglob("*")}
    assert modes <= {0}
