"""Workers that start at once on a new SQLite file share one dataset of a name."""

import pytest

from tests.faults.hosting import app, host


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn", "thread"])
def test_workers_that_start_at_once_make_one_dataset(tmp_path, method):
    ended = host(tmp_path, "http://unused.invalid", *app("new_file", method))

    assert [said["datasets"] for said in ended.said] == [[["support-bot", 18]]] * 2
    assert ended.code == 0
