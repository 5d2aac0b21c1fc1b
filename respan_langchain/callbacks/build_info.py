"""Which build made a row: versions of packages, and the commit that the application runs at.

Read once per process, from package metadata and from `.git` as files: a handler must not start a
process.
"""

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from respan_langchain._constants import __version__

PACKAGES: Final = ("langchain-core", "langchain", "langgraph")


@cache
def build_info() -> dict[str, str]:
    """The library's version, LangChain's, and the git commit of the working directory, if any."""
    found = {"respan_langchain_version": __version__}
    for package in PACKAGES:
        try:
            found[f"{package.replace('-', '_')}_version"] = version(package)
        except PackageNotFoundError:
            continue
    commit = git_commit(Path.cwd())
    if commit is not None:
        found["git_commit"] = commit
    return found


def git_commit(folder: Path) -> str | None:
    """Return the commit that is checked out in `folder` or above it; None if it cannot be read."""
    for place in (folder, *folder.parents):
        if (place / ".git").exists():
            try:
                return _head(place / ".git")
            except (OSError, ValueError):
                return None
    return None


def _head(git: Path) -> str | None:
    if git.is_file():  # a worktree: the file names the real place
        git = (git.parent / git.read_text("utf-8").removeprefix("gitdir:").strip()).resolve()
    head = (git / "HEAD").read_text("utf-8").strip()
    if not head.startswith("ref: "):
        return head or None
    reference = head.removeprefix("ref: ")
    shared = git / "commondir"
    common = (git / shared.read_text("utf-8").strip()).resolve() if shared.is_file() else git
    for place in (git, common):
        if (place / reference).is_file():
            return (place / reference).read_text("utf-8").strip() or None
    return _packed(common / "packed-refs", reference)


def _packed(path: Path, reference: str) -> str | None:
    for line in path.read_text("utf-8").splitlines():
        commit, _, name = line.partition(" ")
        if name == reference:
            return commit
    return None
