"""Runs a part of our own tests against several releases of LangChain, with langgraph and without.

Each gets an environment of its own: `python tests/conformance/matrix.py [--environments FOLDER]`.
"lowest" has the lowest release of each dependency that pyproject.toml allows, as uv resolves it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS_NEED = ("pytest>=9,<10", "pytest-xdist", "hypothesis", "starlette", "uvicorn", "typer")
CORE = (
    "tests/tracing/test_tracker.py",
    "tests/callbacks/ways/test_constructs.py",
    "tests/callbacks/test_retries_and_fallbacks.py",
    "tests/callbacks/test_concurrency.py",
    "tests/callbacks/test_inner_roots.py",
    "tests/callbacks/test_lifetime.py",
    "tests/callbacks/test_app_unharmed.py",
    "tests/callbacks/test_roots.py",
)
GRAPHS = (
    "tests/callbacks/ways/test_graphs.py",
    "tests/callbacks/test_global_capture.py",
    "tests/callbacks/test_call_context.py",
    "tests/callbacks/test_interrupts.py",
    "tests/callbacks/test_handler.py",
    "tests/callbacks/test_sampling.py",
    "tests/callbacks/test_streams.py",
)
BEFORE_V3 = ("-k", "not v3 and not functional")
"""Before 1.2, langgraph has no third version of events, and `astream_events` reports no output of
functional apps."""
OLDER_GRAPHS = (
    "tests/callbacks/ways/test_graphs.py",
    "tests/callbacks/test_handler.py",
    "tests/callbacks/test_sampling.py",
    "tests/callbacks/situations/test_agents.py",
    "tests/callbacks/situations/test_documented_io.py",
    "tests/callbacks/situations/test_graphs.py",
    *BEFORE_V3,
)
WITH_INTERRUPTS = (
    "tests/callbacks/test_interrupts.py",
    "tests/callbacks/test_global_capture.py",
    "tests/callbacks/situations/test_people.py",
)
"""From 1.1.7 on, langgraph reports interrupts."""
DEPENDENCIES = (
    "tests/callbacks/ways/test_constructs.py",
    "tests/callbacks/test_roots.py",
    "tests/settings/test_settings.py",
    "tests/client/http",
    "tests/embedded/endpoints",
)
WITHOUT_GRAPHS = ("-k", "not graph and not agent")


@dataclass(frozen=True)
class Release:
    """What is installed beside the package, and what is run with it."""

    packages: tuple[str, ...]
    tests: tuple[str, ...]
    lowest: bool = False
    """Whether the package's own dependencies are installed in their lowest releases."""


RELEASES = {
    "lowest": Release(("freezegun",), (*DEPENDENCIES, *WITHOUT_GRAPHS), lowest=True),
    "floor": Release(("langchain-core>=1.0,<1.1",), (*CORE, *WITHOUT_GRAPHS)),
    "newest": Release(("langchain-core>=1,<2",), (*CORE, *WITHOUT_GRAPHS)),
    # Later releases of langgraph-prebuilt do not run with langgraph 1.0, which allows them.
    "langgraph 1.0": Release(
        ("langchain>=1,<2", "langgraph>=1.0,<1.1", "langgraph-prebuilt<1.0.9"), OLDER_GRAPHS
    ),
    "langgraph 1.1": Release(
        ("langchain>=1,<2", "langgraph>=1.1.7,<1.2"), (*WITH_INTERRUPTS, *OLDER_GRAPHS)
    ),
    "newest with langgraph": Release(
        ("langchain-core>=1,<2", "langchain>=1,<2", "langgraph>=1,<2"), (*CORE, *GRAPHS)
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--environments", type=Path, help="kept, and used again, when it is given")
    parser.add_argument("--only", choices=RELEASES)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = arguments.environments or Path(temporary)
        failed = [
            name
            for name, release in RELEASES.items()
            if arguments.only in (None, name)
            and not _passes(place / name.replace(" ", "-"), release)
        ]
    sys.stdout.write(f"failed: {', '.join(failed) or 'none'}\n")
    return 1 if failed else 0


def _passes(place: Path, release: Release) -> bool:
    python = place / "bin" / "python"
    if not python.exists():
        venv.create(place)
    own = _lowest(python) if release.lowest else ["."]
    needed = [*own, *release.packages, *TESTS_NEED]
    _install(python, *needed)
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", *release.tests],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    return done.returncode == 0


def _install(python: Path, *packages: str) -> None:
    """Install packages beside another Python, which has no pip of its own."""
    command = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", *packages]
    subprocess.run(command, cwd=ROOT, check=True)


def _lowest(python: Path) -> list[str]:
    """Return the requirements with the lowest releases of what pyproject.toml names."""
    _install(python, "uv")
    command = [
        *(python, "-m", "uv", "pip", "compile", "--quiet", "--resolution", "lowest-direct"),
        *("--extra", "local", "--extra", "fleet", "--no-annotate", "--no-header", "pyproject.toml"),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


if __name__ == "__main__":
    sys.exit(main())
