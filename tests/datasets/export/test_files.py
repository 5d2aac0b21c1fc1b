"""Exported files hold prompts: only their owner reads them, and nobody else says where they go."""

import os
import stat

import pytest

from respan_langchain.datasets.export.files import open_output
from respan_langchain.errors import ConfigurationError

SOMEONE = 12_345


def write(target):
    with open_output(target) as file:
        file.write("rows")


@pytest.fixture
def foreign_link(tmp_path):
    """A link that another user has made."""
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    os.lchown(link, SOMEONE, SOMEONE)
    return link


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_file_is_readable_by_its_owner_alone(tmp_path, umask):
    target = tmp_path / "rows.jsonl"
    target.write_text("old")
    target.chmod(0o644)
    before = os.umask(umask)
    try:
        write(target)
    finally:
        os.umask(before)

    assert (target.read_text(), stat.S_IMODE(target.stat().st_mode)) == ("rows", 0o600)
    assert list(tmp_path.iterdir()) == [target]


def test_a_link_of_another_user_is_refused(tmp_path, foreign_link):
    with pytest.raises(ConfigurationError, match="link that belongs to another user"):
        write(foreign_link)

    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_behind_a_link_of_another_user_is_refused(tmp_path, foreign_link):
    (tmp_path / "elsewhere").mkdir()
    own = tmp_path / "own"
    own.symlink_to(foreign_link / "rows.jsonl")

    for target in (foreign_link / "rows.jsonl", own):
        with pytest.raises(ConfigurationError, match="link that belongs to another user"):
            write(target)

    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_links_of_this_user_are_followed(tmp_path):
    (tmp_path / "link").symlink_to("rows.jsonl")

    write(tmp_path / "link")

    assert (tmp_path / "rows.jsonl").read_text() == "rows"
    assert (tmp_path / "link").is_symlink()


def test_links_in_a_circle_are_an_error_in_words(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")

    with pytest.raises(ConfigurationError, match="cannot be written"):
        write(tmp_path / "a")
