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
    "tests/records/test_runs.py",
    "tests/modes/test_entry_points.py",
    "tests/handler/test_attempts.py",
    "tests/handler/test_concurrency.py",
    "tests/handler/test_inside.py",
    "tests/handler/test_lifetime.py",
    "tests/handler/test_manners.py",
    "tests/handler/test_roots.py",
)
GRAPHS = (
    "tests/modes/test_graphs.py",
    "tests/handler/test_activation.py",
    "tests/handler/test_context.py",
    "tests/handler/test_interrupts.py",
    "tests/handler/test_main_job.py",
    "tests/handler/test_policy.py",
    "tests/handler/test_streams.py",
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
