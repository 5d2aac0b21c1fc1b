"""Ctrl-C: exit code 130, and one line that says how far a command came and what to do next."""

import os
import signal
import subprocess
import sys

import pytest
from cli.cli_support import ROOT, row
from support.processes import read_line

from respan_langchain.embedded.access import AccessPolicy
from respan_langchain.embedded.store.store import open_store
from respan_langchain.server.asgi import serving

INTERRUPTING = """
import signal

def upper(text):
    if text == "q5":
        signal.raise_signal(signal.SIGINT)
    return text.upper()

def evaluate(row):
    signal.raise_signal(signal.SIGINT)
    return 1.0
"""


@pytest.fixture
def module(folder, monkeypatch):
    """A module whose functions press Ctrl-C."""
    (folder / "interrupting.py").write_text(INTERRUPTING)
    monkeypatch.syspath_prepend(folder)
    yield "interrupting"
    sys.modules.pop("interrupting", None)


def interrupt(folder, *words: str) -> tuple[int, str]:
    """Press Ctrl-C after a command's first line of output; return its exit code and last line."""
    clean = {name: value for name, value in os.environ.items() if "RESPAN" not in name}
    with subprocess.Popen(
        [sys.executable, "-m", "respan_langchain", *words],
        cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**clean, "PYTHONPATH": str(ROOT)},
    ) as process:  # fmt: skip
        read_line(process)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    return process.returncode, errors.splitlines()[-1]


def test_an_export_counts_its_rows(folder, fill):
    fill([row(number, input="x" * 5_000) for number in range(100)])
    code, last_line = interrupt(folder, "export", "demo")

    assert code == 130
    assert last_line.startswith("Interrupted after ")
    assert last_line.endswith(" rows. The output is incomplete; run the same command again.")


def test_a_server_says_how_to_serve_the_file_again(folder, fill):
    fill([row(1)])

    assert interrupt(folder, "serve", "--port", "0", "--json") == (
        130,
        "Stopped. The same command serves respan.db again.",
    )


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ([], "With --journal PATH the same command would resume."),
        (["--journal", "done.jsonl"], "Run the same command again to resume."),
    ],
    ids=["nothing is kept", "a journal is kept"],
)
def test_a_replay_counts_its_trials(options, advice, module, run, fill):
    fill([row(n, input=f"q{n}", output=f"Q{n}") for n in range(20)])
    result = run("replay", "demo", f"{module}:upper", "--concurrency", "1", *options)

    assert (result.code, result.out) == (130, "")
    assert result.err == f"Interrupted after 5 of 20 trials. {advice}\n"


def test_an_evaluation_counts_its_finished_evaluators(module, run, fill):
    fill([row(1, expected_output="yes")])
    policy = AccessPolicy(allow_python_evaluators=True)
    with serving(open_store("sqlite:///respan.db"), policy=policy) as address:
        names = ["-e", f"python:{module}:evaluate"]
        result = run("evaluate", "demo", *names, "--base-url", address, "--api-key", "any")

    assert (result.code, result.out) == (130, "")
    assert result.err == "Interrupted after 0 of 1 evaluators. The platform finishes the others.\n"
