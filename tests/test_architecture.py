"""Modules stay small, and tests neither sleep nor patch our code.

Which package may import which is checked by import-linter (`pyproject.toml`).
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "respan_langchain"

LONGEST = 300
PRIVATE_WORDS = re.compile(
    r"\b(?:couriers?|heralds?|parcels?|errands?|witness(?:es)?|ledgers?|outbox(?:es)?"
    r"|rooms?|hall|ground floor|lends? a hand|stumbl\w+|whoever|rehears\w+|at the door"
    r"|what (?:is|was) (?:said|told|asked|given)|the vendor(?:'s)? CLI|price_lookup|left_streams"
    r"|RunFailure|UnexpectedAnswerError|takes_parent_along|mark_left|forget_thread)\b",
    re.IGNORECASE,
)
"""Words that this project once used for ideas that have a standard term, see docs/glossary.md."""
TESTS = Path(__file__).parent
SLEEPS = re.compile(r"\b(?:time|asyncio|anyio|trio)\.sleep\((?!0\))|\bEvent\(\)\.wait\([\d.]")
"""Handing over to the event loop, `sleep(0)`, waits for nothing."""
REPLACERS = {"unittest.mock", "mock", "pytest_mock"}


def test_the_package_root_holds_few_modules():
    assert len(list(PACKAGE.glob("*.py"))) <= 12


def test_no_module_is_longer_than_300_lines():
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


def test_no_test_replaces_code_of_this_package():
    assert not [(name, what) for name, tree in programs() for what in replaced(tree)]


@pytest.mark.parametrize(
    "program",
    [
        "from respan_langchain import handler\nhandler.flush = None",
        "import respan_langchain.callbacks.handler\nrespan_langchain.handler.flush = None",
        "from respan_langchain.delivery.worker import Worker as W\ndel W.flush",
        "def test(monkeypatch): monkeypatch.setattr(handler, 'flush', None)",
        "handler._worker.flush = None",
        "from unittest import mock\nmock.patch('respan_langchain.callbacks.handler')",
        "def test(mocker): mocker.patch('respan_langchain.callbacks.handler')",
    ],
)
def test_each_way_to_replace_code_is_found(program):
    assert list(replaced(ast.parse(program)))


def test_no_private_word_stands_where_the_field_has_a_term():
    root = PACKAGE.parent
    texts = [
        *PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.js"), *(root / "docs").rglob("*.md"),
        *({*TESTS.rglob("*.py")} - {Path(__file__)}), *(root / "examples").rglob("*.py"),
        root / "README.md", root / "CHANGELOG.md",
    ]  # fmt: skip
    found = [
        f"{path.relative_to(root)}:{number}: {match[0]}"
        for path in texts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for match in PRIVATE_WORDS.finditer(line)
    ]

    assert not found


def log_lines() -> Iterator[tuple[str, str]]:
    """The texts that the package logs, each with its place."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="logger")),
                    args=[ast.Constant(value=str(text)), *_],
                ):
                    yield f"{path.name}:{node.lineno}", text


def test_all_log_lines_begin_with_the_package_s_name():
    lines = dict(log_lines())

    assert len(lines) > 10
    assert not {place: text for place, text in lines.items() if text[:18] != "respan_langchain: "}
