"""The README is true: its code runs, its row is the row, its settings are the settings."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from pydantic import SecretStr
from support.models import FakeChat

from respan_langchain import RespanDatasetCallbackHandler
from respan_langchain.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def table(heading: str) -> list[list[str]]:
    rows = README.split(heading, 1)[1].split("\n\n## ", 1)[0]
    found = re.findall(r"^\|(.+)\|$", rows, re.MULTILINE)
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)] for row in found[2:]]


@pytest.fixture
def app(platform, monkeypatch, tmp_path):
    """What a reader has: a chain, and the variables set."""
    monkeypatch.setenv("RESPAN_BASE_URL", platform)
    monkeypatch.setenv("RESPAN_DATASET", "support-bot")
    monkeypatch.chdir(tmp_path)
    prompt = ChatPromptTemplate.from_messages([("human", "{question}")])
    return {"chain": prompt | FakeChat() | StrOutputParser()}


def test_every_python_block_runs(app, capsys):
    for block in blocks("python"):
        exec(block, app)  # noqa: S102  # the README's own words

    said = capsys.readouterr().out.strip().splitlines()
    assert said[0].startswith("captured=2 delivered=2 queued=0")
    assert "'total_tokens': 17" in said[1]
    assert len(said[2:]) == 2
    for handler in app.values():
        if isinstance(handler, RespanDatasetCallbackHandler):
            handler.shutdown()


def test_the_row_shown_is_the_row_sent(handler, rows_of, app):
    [shown] = [json.loads(block) for block in blocks("json")]
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


def test_the_settings_table_names_every_setting_with_its_default():
    shown = {row[0].strip("`"): row[1].strip("`") for row in table("## Settings")}

    def told(default: object) -> str:
        return "" if default is None or isinstance(default, SecretStr) else str(default)

    real = {name: told(field.default) for name, field in Settings.model_fields.items()}
    shown["spool_dir"] = ""
    assert shown == real


def test_every_folder_in_the_architecture_exists_and_none_is_forgotten():
    package = ROOT / "respan_langchain"
    named = {
        name for row in table("### Architecture") for name in re.findall(r"`([\w./]+)`", row[0])
    }

    assert all((package / name).exists() for name in named)
    folders = {f"{path.name}/" for path in package.iterdir() if (path / "__init__.py").exists()}
    assert folders <= named


def spoken(text: str) -> list[str]:
    """What a terminal shows, without what differs from run to run: numbers, ids and spaces."""
    lines = [re.sub(r"[0-9a-f]*[0-9][0-9a-f-]*", "0", line).split() for line in text.splitlines()]
    return [" ".join(line) for line in lines if line]


def test_the_terminal_session_is_what_a_terminal_shows(tmp_path):
    session = blocks("console")[0]
    terminal = {
        "cwd": tmp_path,
        "env": {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "NO_COLOR": "1"},
    }
    ours = [sys.executable, "-m", "respan_langchain"]
    subprocess.run([*ours, "demo"], **terminal, check=True, capture_output=True)
    for typed, *shown in (part.splitlines() for part in session.split("$ respan-langchain ")[1:]):
        command = [*ours, *typed.split()]
        done = subprocess.run(command, **terminal, check=True, capture_output=True, text=True)

        assert spoken(done.stdout) == spoken("\n".join(shown))
