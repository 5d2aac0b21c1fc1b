"""The pytest plugin in a project of its own: a test for each locked row, alone and with xdist."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from respan_langchain import RespanDatasetCallbackHandler
from respan_langchain.cli.app import app as cli

ROOT = Path(__file__).parents[2]
CHAIN = """
from langchain_core.runnables import RunnableLambda

chain = RunnableLambda(lambda text: text.upper())
"""
MODEL_CHAIN = """
from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import RunnableLambda

model = FakeListChatModel(responses=["an answer"])
chain = RunnableLambda(lambda text: model.invoke(text).content)
"""
TESTS = """
import pytest
from chain import chain

@pytest.mark.respan_rows("support-bot")
def test_support(respan_replay):
    respan_replay(chain)
"""


@pytest.fixture
def project(tmp_path, platform, make_handler):
    """A project with a chain, its tests, and a lock of five rows."""
    (tmp_path / "chain.py").write_text(CHAIN)
    (tmp_path / "test_chain.py").write_text(TESTS)
    handler: RespanDatasetCallbackHandler = make_handler()
    from langchain_core.runnables import RunnableLambda

    for number in range(5):
        RunnableLambda(str.upper).invoke(f"question {number}", {"callbacks": [handler]})
    assert handler.flush(timeout=20)
    lock(tmp_path, platform, "support-bot")
    return tmp_path


def lock(project: Path, platform: str, dataset: str) -> None:
    path = str(project / "respan.lock")
    locked = CliRunner().invoke(cli, ["--base-url", platform, "lock", dataset, "--lock", path])
    assert locked.exit_code == 0, locked.output


def pytest_in(project: Path, platform: str, *arguments: str) -> str:
    clean = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-p", "no:cacheprovider",
            "-p", "no:respan_langchain", "-p", "respan_langchain.experiments.pytest_plugin",
            *arguments,
        ],
        cwd=project,
        env={**clean, "PYTHONPATH": str(ROOT), "RESPAN_BASE_URL": platform},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


@pytest.mark.slow
def test_the_accepted_baseline_passes_under_xdist(project, platform):
    assert "5 passed" in pytest_in(project, platform, "-n", "4")


def test_a_changed_chain_fails_and_names_the_row_and_the_difference(project, platform):
    (project / "chain.py").write_text(CHAIN.replace("text.upper()", "text.title()"))

    said = pytest_in(project, platform)

    assert "5 failed" in said
    assert "same_answer 0, accepted 1" in said
    assert "answer  [-QUESTION-]{+Question+} 3" in said


@pytest.mark.parametrize(
    "workers", [[], pytest.param(["-n", "4"], marks=pytest.mark.slow)], ids=["alone", "xdist"]
)
def test_a_changed_chain_can_be_accepted(workers, project, platform):
    (project / "chain.py").write_text(CHAIN.replace("text.upper()", "text.title()"))

    assert "5 passed" in pytest_in(project, platform, "--respan-accept", *workers)
    assert "5 passed" in pytest_in(project, platform)
    assert (project / "respan.lock").read_text().count('same_answer" = 0.0') == 5


def test_recorded_models_answer_so_that_no_model_runs(project, platform, make_handler):
    handler = make_handler(dataset="asked")
    namespace = {}
    exec(MODEL_CHAIN, namespace)  # noqa: S102  # the module of the project
    namespace["chain"].invoke("question 1", {"callbacks": [handler]})
    assert handler.flush(timeout=20)
    (project / "chain.py").write_text(MODEL_CHAIN.replace("an answer", "another answer"))
    (project / "test_chain.py").write_text(TESTS.replace("support-bot", "asked"))
    lock(project, platform, "asked")

    assert "1 passed" in pytest_in(project, platform, "--respan-models", "recorded")
    assert "1 failed" in pytest_in(project, platform)


def test_scores_stand_in_a_junit_file(project, platform):
    pytest_in(project, platform, "--junit-xml=report.xml")

    assert (project / "report.xml").read_text().count('name="respan_score.same_answer"') == 5


def test_collection_needs_no_platform(project):
    assert "5 tests collected" in pytest_in(project, "sqlite:///nowhere.db", "--collect-only", "-q")


def test_without_a_url_and_a_key_the_file_in_the_folder_is_used(project, platform):
    (project / "respan.db").symlink_to(platform.removeprefix("sqlite:///"))
    clean = {name: value for name, value in os.environ.items() if "RESPAN" not in name}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"], cwd=project, capture_output=True, text=True,
        env={**clean, "PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip

    assert "5 passed" in done.stdout


def test_a_lock_of_another_dataset_is_named(project, platform):
    (project / "test_chain.py").write_text(TESTS.replace("support-bot", "sales"))

    assert "the lock file is of 'support-bot'" in pytest_in(project, platform)


def test_the_plugin_imports_nothing_that_costs(project):
    program = (
        "import sys; import pytest; before = set(sys.modules);"
        "import respan_langchain.experiments.pytest_plugin;"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip

    assert not {"langchain_core", "httpx", "pydantic", "orjson"} & set(done.stdout.split())
