"""The documents are true: their code runs, their row is the row sent, their tables are complete."""

import dataclasses
import json
import logging
import os
import pkgutil
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import pytest
import typer
import yaml
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from support.models import FakeChat
from typer.testing import CliRunner

from respan_langchain import RespanDatasetCallbackHandler
from respan_langchain.callbacks.config import HandlerConfig, HandlerOptions
from respan_langchain.cli.app import app as cli
from respan_langchain.settings.settings import Settings

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def table(page: Path, heading: str) -> list[list[str]]:
    section = page.read_text(encoding="utf-8").split(heading, 1)[1].split("\n## ", 1)[0]
    found = re.findall(r"^\|(.+)\|$", section, re.MULTILINE)
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)] for row in found[2:]]


@pytest.fixture
def app(platform, monkeypatch, tmp_path):
    """What a reader has: a chain, and the variables set."""
    monkeypatch.setenv("RESPAN_BASE_URL", platform)
    monkeypatch.setenv("RESPAN_DATASET", "support-bot")
    monkeypatch.chdir(tmp_path)
    prompt = ChatPromptTemplate.from_messages([("human", "{question}")])
    logger = logging.getLogger("respan_langchain")
    level = logger.level
    yield {"chain": prompt | FakeChat() | StrOutputParser()}
    logger.setLevel(level)  # a page shows how to set it


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_python_blocks_of_a_page_run_in_their_order(page, app):
    for block in blocks(page, "python"):
        exec(block, app)  # noqa: S102  # the document's own words

    for value in app.values():
        if isinstance(value, RespanDatasetCallbackHandler):
            value.shutdown()


def test_the_first_example_prints_what_it_captured(app, capsys):
    exec(blocks(README, "python")[0], app)  # noqa: S102  # the document's own words

    counts, *logs = capsys.readouterr().out.strip().splitlines()
    assert counts.startswith("captured=2 delivered=2 ")
    assert "{'question': 'Can I return shoes?'} Within 30 days, unworn." in logs
    assert len(logs) == 2
    app["handler"].shutdown()


def test_the_row_shown_is_the_row_sent(handler, rows_of, app):
    [shown] = [json.loads(block) for block in blocks(README, "json")]
    app["chain"].invoke({"question": "Can I return shoes?"}, {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    sent = {key: root[key] for key in ("input", "output", "metadata", "metrics")}
    assert sent["input"] == shown["input"]
    assert sent["output"] == shown["output"]
    assert set(shown["metrics"]) == set(sent["metrics"])
    assert set(shown["metadata"]) - set(sent["metadata"]) <= {"git_commit"}
    assert set(sent["metadata"]) - set(shown["metadata"]) <= set()
    for name in ("prompt_tokens", "completion_tokens", "total_tokens", "cost", "llm_calls"):
        assert shown["metrics"][name] == pytest.approx(sent["metrics"][name])


def test_the_readmes_settings_exist_and_have_these_defaults():
    shown = {row[0].strip("`"): row[1] for row in table(README, "## Settings")}

    real = {name: as_shown(field.default) for name, field in Settings.model_fields.items()}
    real["spool_dir"] = "`~/.respan/spool`"
    assert len(shown) > 5
    assert shown == {name: real.get(name) for name in shown}


def test_the_table_of_arguments_is_complete_and_true():
    named = [row for row in table(ROOT / "docs" / "settings.md", "# Settings") if row[0][0] == "`"]
    shown = {cells[0].strip("`"): cells[1:3] for cells in named}

    defaults = {field.name: field.default for field in dataclasses.fields(HandlerConfig)}
    defaults |= {name: field.default for name, field in Settings.model_fields.items()}
    del defaults["settings"]
    assert set(defaults) == {"dataset", *get_type_hints(HandlerOptions)}
    assert shown == {
        name: [
            f"`RESPAN_{name.upper()}`" if name in Settings.model_fields else "",
            as_shown(default),
        ]
        for name, default in defaults.items()
    }


def as_shown(default: object) -> str:
    """How a default is written in a table."""
    if isinstance(default, tuple):
        return ", ".join(map(as_shown, default))
    return "" if default is None or default == "" else f"`{default}`"


def test_the_architecture_names_every_package_and_no_other():
    package = ROOT / "respan_langchain"
    rows = table(ROOT / "docs" / "architecture.md", "# Architecture")
    named = {name for row in rows for name in re.findall(r"^`(\w+/)`", row[0])}

    assert named == {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}


def test_every_module_that_the_architecture_names_exists():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:\w+/)+\w+\.py)`", text)

    assert len(named) > 15
    assert not [path for path in named if not (ROOT / "respan_langchain" / path).exists()]


def test_the_reference_names_what_exists():
    reference = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    named = re.findall(r"^::: (\S+)$", reference, re.MULTILINE)

    assert len(named) > 15
    for name in named:
        assert pkgutil.resolve_name(name)


def test_the_start_page_and_the_navigation_list_every_page():
    pages = {page.name for page in PAGES} - {"README.md", "index.md"}
    start = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").split("nav:", 1)[1]

    assert {*re.findall(r"\((\S+\.md)\)", start)} == pages
    assert {*re.findall(r"(\S+\.md)", navigation)} == pages | {"index.md"}


def test_the_command_line_page_lists_every_command_and_no_other():
    commands = typer.main.get_command(cli).commands
    known = {
        f"{name} {one}".strip()
        for name, command in commands.items()
        for one in getattr(command, "commands", [""])
    }

    listed = set()
    for names, _ in table(ROOT / "docs" / "cli.md", "## Commands"):
        group = ""
        for name in re.findall(r"`([^`]+)`", names):
            group = name.partition(" ")[0] if " " in name else group
            listed.add(name if " " in name else f"{group} {name}".strip())

    assert listed == known


def test_links_between_documents_lead_somewhere():
    broken = [
        (page.name, target)
        for page in [*PAGES, ROOT / "CHANGELOG.md"]
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]

    assert not broken


def shown_lines(text: str) -> list[str]:
    """What a terminal shows, without what differs from run to run: numbers, ids and spaces."""
    lines = [re.sub(r"[0-9a-f]*[0-9][0-9a-f-]*", "0", line).split() for line in text.splitlines()]
    return [" ".join(line) for line in lines if line]


def test_the_terminal_session_is_what_a_terminal_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    session = blocks(README, "console")[0]
    variables = {"COLUMNS": "100", "NO_COLOR": "1"}
    assert CliRunner().invoke(cli, ["demo"], env=variables).exit_code == 0
    for typed, *shown in (part.splitlines() for part in session.split("$ respan-langchain ")[1:]):
        result = CliRunner().invoke(cli, shlex.split(typed), env=variables)

        assert result.exit_code == 0
        assert shown_lines(result.stdout) == shown_lines("\n".join(shown))


def test_the_messages_that_the_troubleshooting_page_explains_exist():
    modules = (ROOT / "respan_langchain").rglob("*.py")
    source = "".join(module.read_text(encoding="utf-8") for module in modules)
    source = re.sub(r'"\s*f?"', "", source)  # strings that continue on the next line
    rows = table(ROOT / "docs" / "troubleshooting.md", "## Messages")
    messages = [message for row in rows for message in re.findall(r"`([^`]+)`", row[0])]

    parts = [part.strip() for message in messages for part in re.split(r"\.\.\.", message)]
    missing = [part for part in parts if re.sub(r"\bN\b", "%d", part) not in source]
    assert len(parts) > 12
    assert not missing


@pytest.mark.slow
def test_the_pytest_page_leads_from_a_call_to_a_test_of_its_reviewed_row(tmp_path):
    page = ROOT / "docs" / "pytest.md"
    chain, capture, test_of_rows = blocks(page, "python")
    variables, _, set_expected, lock = blocks(page, "sh")[0].splitlines()
    set_variables = dict(each.split("=", 1) for each in shlex.split(variables)[1:])
    (tmp_path / "capture.py").write_text(chain + capture)
    (tmp_path / "test_page.py").write_text(chain + test_of_rows)

    def python(*arguments):
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), **set_variables},
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def respan(line):
        return python("-m", "respan_langchain", *shlex.split(line)[1:])

    python("capture.py")
    [log] = json.loads(respan("respan-langchain logs list -w log_type=workflow --json"))["results"]
    respan(set_expected.replace("9f31c2aa", log["unique_id"]))
    respan(lock)
    assert "2 passed" in python("-m", "pytest", "-q")


def test_the_commands_of_the_workflow_and_the_container_exist():
    from typer.testing import CliRunner

    from respan_langchain.cli.app import app as cli

    examples = ROOT / "examples"
    workflow = yaml.safe_load((examples / "github-actions" / "evaluate.yml").read_text())
    steps = workflow["jobs"]["evaluate"]["steps"]
    scripts = [step["run"] for step in steps if "run" in step]
    dockerfile = (examples / "docker" / "Dockerfile").read_text()
    [started] = re.findall(r"^CMD (\[.*\])", dockerfile, re.MULTILINE)
    commands = [shlex.split(script) for script in scripts] + [json.loads(started)]

    ours = [words for words in commands if words[0] == "respan-langchain"]
    assert [words[1] for words in ours] == ["replay", "evaluate", "serve"]
    for _, *words in ours:
        end = next((words.index(each) for each in ("|", "||") if each in words), None)
        assert CliRunner().invoke(cli, [*words[:end], "-h"]).exit_code == 0, words
    assert len(dockerfile.splitlines()) <= 20
