"""Runs LangChain's own tests twice, without us and with everything captured, and compares.

They ship in the source distributions of langchain-core and langgraph. A test that fails only with
us, or a complaint of ours, fails this script. It makes an environment of its own, so it needs a
package index: `python tests/conformance/run.py [--package langgraph] [--environment FOLDER]`.
"""

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[2]
TESTS_NEED = (
    "pytest>=9,<10", "pytest-asyncio", "pytest-mock", "pytest-socket", "pytest-xdist",
    "syrupy>=5,<6", "freezegun", "responses", "blockbuster>=1.5.18,<1.6", "numpy", "grandalf",
    "langchain-tests", "pytest-benchmark", "pytest-codspeed", "pytest-dotenv", "pytest-repeat",
    "redis", "uvloop", "langgraph", "langgraph-checkpoint-sqlite", "langgraph-checkpoint-postgres",
    "psycopg[binary]", "pycryptodome",
)  # fmt: skip
WE_NEED = ("httpx", "pydantic-settings", "genai-prices", "orjson")


@dataclass(frozen=True)
class Suite:
    """Which of a package's tests are run, and how."""

    tests: tuple[str, ...]
    options: tuple[str, ...] = ()
    excused: Mapping[str, str] = field(default_factory=dict)
    """Tests that must fail with one handler more, and why."""


SUITES = {
    "langchain-core": Suite(
        tests=(
            "tests/unit_tests/runnables",
            "tests/unit_tests/language_models",
            "tests/unit_tests/callbacks",
            "tests/unit_tests/tracers",
            "tests/unit_tests/test_tools.py",
            "tests/unit_tests/test_retrievers.py",
        ),
        options=("--disable-socket", "--allow-unix-socket"),
        excused={
            "tests.unit_tests.runnables.test_config::test_merge_config_callbacks": (
                "counts handlers"
            ),
            "tests.unit_tests.language_models.chat_models.test_benchmark::test_benchmark_model": (
                "wants a thousand calls in a second, by the clock"
            ),
        },
    ),
    "langgraph": Suite(
        tests=(
            "tests/test_graph_callbacks.py",
            "tests/test_interruption.py",
            "tests/test_runnable.py",
            "tests/test_parent_command.py",
            "tests/test_parent_command_async.py",
            "tests/test_retry.py",
            "tests/test_stream_events_v3.py",
            "tests/test_stream_messages_transformer.py",
            "tests/test_subgraph_persistence.py",
            "tests/test_tool_stream_handler.py",
            "tests/test_trace_policy.py",
            "tests/test_tracing_interops.py",
        ),
        options=("-k", "not sqlite and not postgres and not redis"),
    ),
}


def main() -> int:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        python = _environment(arguments.environment or work / "environment", arguments)
        source = _source(python, arguments.package, arguments.version, work)
        suite = SUITES[arguments.package]
        without = _failures(python, source, suite, work / "without.xml", {})
        seen = work / "seen"
        seen.mkdir()
        capturing = {
            "RESPAN_CONFORMANCE": str(seen),
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(__file__).parent)]),
        }
        captured = _failures(python, source, suite, work / "with.xml", capturing, "-p", "plugin")
        ours = sorted(captured - without - set(suite.excused))
        if ours:  # some go by the clock: what fails because of us fails again
            again = work / "again.xml"
            ours = sorted(
                _failures(python, source, suite, again, capturing, "-p", "plugin") & set(ours)
            )
        complaints = [line for path in seen.glob("*.jsonl") for line in path.open()]
        for path in seen.glob("stats-*.json"):
            sys.stdout.write(f"{path.read_text()}\n")
    sys.stdout.write(
        f"{arguments.package}: {len(without)} fail without us, {len(captured)} with us\n"
    )
    sys.stdout.writelines(f"  {line.strip()}\n" for line in [*ours, *complaints])
    return 1 if ours or complaints else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", choices=SUITES, default="langchain-core")
    parser.add_argument("--version", help="default: the one that is installed here")
    parser.add_argument("--environment", type=Path, help="kept, and used again, when it is given")
    arguments = parser.parse_args()
    arguments.version = arguments.version or version(arguments.package)
    return arguments


def _environment(place: Path, arguments: argparse.Namespace) -> Path:
    python = place / "bin" / "python"
    if not python.exists():
        venv.create(place, with_pip=True)
    pinned = f"{arguments.package}=={arguments.version}"
    _run(python, "-m", "pip", "install", "--quiet", pinned, *TESTS_NEED, *WE_NEED)
    return python


def _source(python: Path, package: str, release: str, work: Path) -> Path:
    _run(
        python, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:",
        "--dest", work, f"{package}=={release}",
    )  # fmt: skip
    [archive] = work.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(work, filter="data")
    # Left as it is, but for the package itself: what is tested is the one that is installed.
    return work / archive.name.removesuffix(".tar.gz")


def _failures(
    python: Path, source: Path, suite: Suite, report: Path, variables: dict[str, str], *more: str
) -> set[str]:
    """Run the tests; the names of those that did not pass."""
    subprocess.run(
        [python, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", *more, *suite.options,
         "--tb=short", "-o", "faulthandler_timeout=60", f"--junitxml={report}",
         *(test for test in suite.tests if (source / test).exists())],
        cwd=source,
        env={**os.environ, "NO_DOCKER": "true", **variables},
        check=False,
        timeout=900,
    )  # fmt: skip
    failed = set()
    for case in ET.parse(report).iter("testcase"):  # noqa: S314  # our own pytest wrote it
        if case.find("failure") is not None or case.find("error") is not None:
            failed.add(f"{case.get('classname')}::{case.get('name')}")
    return failed


def _run(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True)


if __name__ == "__main__":
    sys.exit(main())
