"""The pytest plugin in a project of its own: a test for each locked row, alone and with xdist.

Most runs of pytest are in this process, since a new one imports LangChain for seconds.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import RunnableLambda
from typer.testing import CliRunner

from respan_langchain import RespanDatasetCallbackHandler
from respan_langchain.cli.app import app as cli

ROOT = Path(__file__).parents[2]
CHAIN = """
from langchain_core.runnables import RunnableLambda

chain = RunnableLambda(lambda text: text.upper())
"""
CHANGED_CHAIN = CHAIN.replace("text.upper()", "text.title()")
MODEL_CHAIN = """
from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import RunnableLambda

model = FakeListChatModel(responses=["another answer"])
chain = RunnableLambda(lambda text: model.invoke(text).content)
"""
TESTS = """
import pytest
from chain import chain

@pytest.mark.respan_rows("support-bot")
def test_support(respan_replay):
    respan_replay(chain)
"""
PLUGINS = [
    *("-p", "no:cacheprovider", "-p", "no:faulthandler", "-p", "no:respan_langchain"),
    *("-p", "respan_langchain.experiments.pytest_plugin"),
]


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with rows of two apps in `respan.db`: five of a chain, one of a model."""
    folder = tmp_path_factory.mktemp("captured")
    url = f"sqlite:///{folder}/respan.db"
    with RespanDatasetCallbackHandler("support-bot", base_url=url) as handler:
        for number in range(5):
            RunnableLambda(str.upper).invoke(f"question {number}", {"callbacks": [handler]})
    model = FakeListChatModel(responses=["an answer"])
    asking = RunnableLambda(lambda text: model.invoke(text).content)
    with RespanDatasetCallbackHandler("asked", base_url=url) as handler:
        asking.invoke("question 1", {"callbacks": [handler]})
    lock(folder, "support-bot")
    return folder


def lock(folder: Path, dataset: str) -> None:
    url, path = f"sqlite:///{folder}/respan.db", str(folder / "respan.lock")
    locked = CliRunner().invoke(cli, ["--base-url", url, "lock", dataset, "--lock", path])
    assert locked.exit_code == 0, locked.output


@pytest.fixture
def project(captured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a chain, its tests, the rows, and a lock of five of them."""
    folder = tmp_path / "project"
    shutil.copytree(captured, folder)
    (folder / "chain.py").write_text(CHAIN)
    (folder / "test_chain.py").write_text(TESTS)
    for name in [name for name in os.environ if "PYTEST" in name]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.fixture
def run_pytest(project: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs pytest on the project in this process, and returns what it prints."""

    def run(*arguments: str) -> str:
        for module in ("chain", "test_chain"):
            sys.modules.pop(module, None)
        code = pytest.main(["--capture=no", "--import-mode=importlib", *PLUGINS, *arguments])
        printed = capsys.readouterr()
        return f"{printed.out}{printed.err}exit {code:d}"

    return run


def test_a_changed_chain_fails_and_names_the_row_and_the_difference(project, run_pytest):
    (project / "chain.py").write_text(CHANGED_CHAIN)

    printed = run_pytest()

    assert "5 failed" in printed
    assert "same_answer 0, accepted 1" in printed
    assert "answer  [-QUESTION-]{+Question+} 3" in printed


def test_a_changed_chain_can_be_accepted(project, run_pytest):
    (project / "chain.py").write_text(CHANGED_CHAIN)

    assert "5 passed" in run_pytest("--respan-accept")
    assert "5 passed" in run_pytest()
    assert (project / "respan.lock").read_text().count('same_answer" = 0.0') == 5


@pytest.mark.slow
def test_workers_of_xdist_name_the_rows_of_a_changed_chain_which_can_be_accepted(project):
    (project / "changed.py").write_text(CHANGED_CHAIN)
    changed = project / "test_changed.py"
    changed.write_text(TESTS.replace("from chain", "from changed"))
    [row, *_] = re.findall('\nid = "(.+)"', (project / "respan.lock").read_text())

    printed = pytest_in(project, *PLUGINS, "-n", "4")
    accepted = pytest_in(project, *PLUGINS, "-n", "1", "--respan-accept", changed.name)

    assert "5 failed, 5 passed" in printed
    assert f"row {row}: same_answer 0, accepted 1" in printed
    assert "answer  [-QUESTION-]{+Question+} 3" in printed
    assert "5 passed" in accepted
    assert (project / "respan.lock").read_text().count('same_answer" = 0.0') == 5


def pytest_in(project: Path, *arguments: str) -> str:
    """Run pytest in a process of its own, and return what it prints."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def test_recorded_models_answer_so_that_no_model_runs(project, run_pytest):
    (project / "chain.py").write_text(MODEL_CHAIN)
    (project / "test_chain.py").write_text(TESTS.replace("support-bot", "asked"))
    lock(project, "asked")

    assert "1 passed" in run_pytest("--respan-models", "recorded")
    assert "1 failed" in run_pytest()


def test_scores_stand_in_a_junit_file(project, run_pytest):
    run_pytest("--junit-xml=report.xml")

    assert (project / "report.xml").read_text().count('name="respan_score.same_answer"') == 5


def test_collection_needs_no_platform(project, run_pytest):
    (project / "respan.db").unlink()

    assert "5 tests collected" in run_pytest("--collect-only", "-q")


def test_without_a_url_and_a_key_the_file_in_the_folder_is_used(project):
    assert "5 passed" in pytest_in(project, "-q")


def test_a_lock_of_another_dataset_is_named(project, run_pytest):
    (project / "test_chain.py").write_text(TESTS.replace("support-bot", "sales"))

    assert "the lock file is of 'support-bot'" in run_pytest()


def test_the_plugin_imports_nothing_that_costs():
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
