"""Runs a part of our own tests against several releases of LangChain, with langgraph and without.

Each gets an environment of its own: `python tests/conformance/matrix.py [--environments FOLDER]`.
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
TESTS_NEED = ("pytest>=9,<10", "hypothesis", "starlette", "uvicorn", "typer")
WE_NEED = ("httpx", "pydantic-settings", "genai-prices", "orjson")
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
WITHOUT_GRAPHS = ("-k", "not graph and not agent")


@dataclass(frozen=True)
class Release:
    """What is installed, and what is run with it."""

    packages: tuple[str, ...]
    tests: tuple[str, ...]


RELEASES = {
    "floor": Release(("langchain-core>=1.0,<1.1",), (*CORE, *WITHOUT_GRAPHS)),
    "newest": Release(("langchain-core>=1,<2",), (*CORE, *WITHOUT_GRAPHS)),
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
        venv.create(place, with_pip=True)
    needed = [*release.packages, *TESTS_NEED, *WE_NEED]
    subprocess.run([python, "-m", "pip", "install", "--quiet", *needed], check=True)
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", *release.tests],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
