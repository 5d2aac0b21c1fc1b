"""What all commands have in common: where the options stand, how they end, what they never say."""

import subprocess
import sys

import pytest
from cli.cli_support import ROOT, row, shell
from typer.main import get_command

from respan_langchain.cli.app import app


def test_shared_options_work_before_and_after_the_command(run, fill):
    fill([row(1)])

    before = run("--json", "--base-url", "sqlite:///respan.db", "datasets", "list")
    after = run("datasets", "list", "--base-url", "sqlite:///respan.db", "--json")

    assert before.code == after.code == 0
    assert before.json == after.json
    assert [each["name"] for each in before.json["results"]] == ["demo"]


def test_an_unknown_option_exits_with_2(run):
    assert run("logs", "list", "--colour").code == 2


def test_a_missing_key_is_reported_in_one_line_with_the_alternatives(run):
    result = run("datasets", "list", RESPAN_BASE_URL=None)

    assert result.code == 2
    assert result.err.count("\n") == 1
    assert "RESPAN_API_KEY" in result.err
    assert "sqlite:///" in result.err
    assert not result.out


def test_an_unreachable_platform_is_reported_in_one_line_without_the_key(run):
    result = run(
        "datasets", "list", RESPAN_BASE_URL="http://127.0.0.1:9", RESPAN_API_KEY="rk-secret"
    )

    assert result.code == 1
    assert result.err.count("\n") == 1
    assert "/api/" not in result.err
    assert result.err.startswith("http://127.0.0.1:9: ")
    assert "rk-secret" not in result.err + result.out


def test_reading_does_not_create_a_file(run, folder):
    result = run("datasets", "list", "--base-url", "sqlite:///typo.db")

    assert result.code == 2
    assert "typo.db" in result.err
    assert not list(folder.iterdir())


def test_no_color_turns_colours_off(process, fill):
    fill([row(1)])
    loud = process("logs", "list", "demo", RESPAN_BASE_URL="sqlite:///respan.db", FORCE_COLOR="1")
    quiet = process(
        "logs", "list", "demo", RESPAN_BASE_URL="sqlite:///respan.db", FORCE_COLOR="1", NO_COLOR="1"
    )

    assert "\x1b[32m" in loud.out
    assert "\x1b[3" not in quiet.out


def test_a_closed_pipe_is_not_an_error(fill):
    fill([row(number) for number in range(400)])
    ended = shell("{} logs list demo -n 400 --json | head -n 1")

    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_home_that_is_a_file_is_reported_in_one_line(run, folder):
    (folder / "rows.jsonl").write_text('{"input": "a"}')
    result = run("import", "rows.jsonl", "demo", HOME=str(folder / "rows.jsonl"))

    assert result.code == 1
    assert result.err.startswith(f"{folder / 'rows.jsonl' / '.respan'}")
    assert result.err.endswith(" cannot be used: Not a directory\n")


def test_without_the_extra_the_error_says_what_to_install():
    code = (
        "import sys, importlib.util as util\n"
        "found = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'typer' else found(name, *rest)\n"
        "from respan_langchain.cli.main import main\n"
        "main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT)},
    )

    assert ended.returncode == 2
    assert (
        ended.stderr.strip()
        == "The command line needs typer: pip install 'respan-langchain[local]'"
    )


def test_importing_the_package_does_not_import_the_command_line():
    code = "import respan_langchain, sys; print(sorted({'typer', 'rich'} & set(sys.modules)))"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT)},
    )

    assert ended.stdout.strip() == "[]"


def names(command, before=()):
    """Name all commands below one."""
    for name, each in getattr(command, "commands", {}).items():
        yield from names(each, (*before, name))
    if before and not hasattr(command, "commands"):
        yield " ".join(before)


COMMANDS = sorted(names(get_command(app)))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_the_shared_options(command, run):
    result = run(*command.split(), "--help")

    assert result.code == 0
    for option in ("--json", "--base-url", "--api-key"):
        assert option in result.out
