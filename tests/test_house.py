"""The house keeps its floors: which room may import which, and what the pure ones may not touch.

And its tests keep their word: none sleeps until something has happened, none replaces what is ours.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "respan_langchain"

GROUND = {"errors", "answer", "contract", "cells", "private"}
ROOMS = ["records", "delivery", "api", "local"]
PURE = [
    "records", "api/calls", "delivery/buffer.py", "delivery/outcome.py", "delivery/batch.py",
    "delivery/patience.py", "cells.py",
]  # fmt: skip
IMPURE_MODULES = {
    "asyncio", "httpx", "logging", "os", "random", "socket", "sqlite3", "threading", "time",
}  # fmt: skip
MAY_IMPORT_HTTPX = {"api/client.py", "api/wire/exchange.py", "local/transport.py"}
LONGEST = 300
TESTS = Path(__file__).parent
SLEEPS = re.compile(r"\b(?:time|asyncio|anyio|trio)\.sleep\((?!0\))|\bEvent\(\)\.wait\([\d.]")
"""Handing over to the event loop, `sleep(0)`, waits for nothing."""
REPLACERS = {"unittest.mock", "mock", "pytest_mock"}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def modules(place: str) -> list[Path]:
    path = PACKAGE / place
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_itself_and_the_ground_floor(room):
    ours = {
        name.split(".")[1]
        for path in modules(room)
        for name in imports(path)
        if name.startswith("respan_langchain.")
    }

    assert ours - {room} <= GROUND


def test_the_ground_floor_stands_on_nothing_of_ours():
    ours = {name for place in GROUND for name in imports(PACKAGE / f"{place}.py")}

    assert not [name for name in ours if name.startswith("respan_langchain")]


@pytest.mark.parametrize("place", PURE)
def test_a_pure_place_imports_nothing_that_does_io(place):
    roots = {name.split(".")[0] for path in modules(place) for name in imports(path)}

    assert not roots & IMPURE_MODULES


def test_httpx_has_one_door():
    users = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if "httpx" in {name.split(".")[0] for name in imports(path)}
    }

    assert users <= MAY_IMPORT_HTTPX


def test_no_module_has_grown_past_one_idea():
    lengths = {
        str(path.relative_to(PACKAGE)): len(path.read_text().splitlines())
        for path in PACKAGE.rglob("*.py")
    }

    assert not {name: length for name, length in lengths.items() if length > LONGEST}


def programs() -> Iterator[tuple[str, ast.Module]]:
    """Every test but these, and every script that a test holds in a string."""
    for path in sorted({*TESTS.rglob("*.py")} - {Path(__file__)}):
        tree = ast.parse(path.read_text())
        name = str(path.relative_to(TESTS))
        yield name, tree
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and "import" in str(node.value):
                try:
                    yield name, ast.parse(str(node.value))
                except SyntaxError:
                    continue


def of_ours(tree: ast.Module) -> set[str]:
    """The names under which a program knows our modules, classes and functions."""
    return {
        (alias.asname or alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if (getattr(node, "module", None) or alias.name).startswith("respan_langchain")
    }


def replaced(tree: ast.Module) -> Iterator[str]:
    """What a program puts in the place of something else."""
    ours = of_ours(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Import() | ast.ImportFrom():
                named = {alias.name for alias in node.names} | {getattr(node, "module", None)}
                yield from named & REPLACERS
            case ast.Attribute(attr="setattr") | ast.Name(id="mocker" | "setattr"):
                yield ast.unparse(node)
            case ast.Attribute(ctx=ast.Store() | ast.Del()):
                first, *more = ast.unparse(node).split(".")
                hidden = any(part.startswith("_") for part in more)
                if first in ours or (hidden and first not in {"self", "cls"}):
                    yield ast.unparse(node)


def test_no_test_sleeps_until_something_has_happened():
    sleeping = {
        str(path.relative_to(TESTS)): found
        for path in TESTS.rglob("*.py")
        if (found := SLEEPS.findall(path.read_text()))
    }

    assert not sleeping


def test_no_test_replaces_what_is_ours():
    assert not [(name, what) for name, tree in programs() for what in replaced(tree)]


@pytest.mark.parametrize(
    "program",
    [
        "from respan_langchain import handler\nhandler.flush = None",
        "import respan_langchain.handler\nrespan_langchain.handler.flush = None",
        "from respan_langchain.delivery.worker import Worker as W\ndel W.flush",
        "def test(monkeypatch): monkeypatch.setattr(handler, 'flush', None)",
        "handler._worker.flush = None",
        "from unittest import mock\nmock.patch('respan_langchain.handler')",
        "def test(mocker): mocker.patch('respan_langchain.handler')",
    ],
)
def test_a_replacement_is_noticed(program):
    assert list(replaced(ast.parse(program)))
