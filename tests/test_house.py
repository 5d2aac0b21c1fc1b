"""The house keeps its floors: which room may import which, and what the pure ones may not touch."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "respan_langchain"

GROUND = {"errors", "answer", "contract"}
ROOMS = ["records", "delivery", "api", "local"]
PURE = [
    "records", "api/calls", "delivery/buffer.py", "delivery/outcome.py", "delivery/batch.py",
    "delivery/patience.py",
]  # fmt: skip
IMPURE_MODULES = {
    "asyncio", "httpx", "logging", "os", "random", "socket", "sqlite3", "threading", "time",
}  # fmt: skip
MAY_IMPORT_HTTPX = {"api/client.py", "api/wire/exchange.py", "local/transport.py"}
LONGEST = 300


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
