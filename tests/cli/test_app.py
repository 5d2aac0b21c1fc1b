"""What all commands have in common: where the options stand, how they end, what they never say."""

import re
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from cli.cli_support import ROOT, row, shell
from typer.main import get_command

from respan_langchain._constants import __version__
from respan_langchain.cli.app import app
from respan_langchain.embedded.store.store import open_store
from respan_langchain.server.asgi import serving
from respan_langchain.server.bind import BindConfig


def test_shared_options_work_before_and_after_the_command(run, fill):
    fill([row(1)])

    before = run("--json", "--base-url", "sqlite:///respan.db", "datasets", "list")
    after = run("datasets", "list", "--base-url", "sqlite:///respan.db", "--json")

    assert before.code == after.code == 0
    assert before.json == after.json
    assert [each["name"] for each in before.json["results"]] == ["demo"]


def test_shared_options_work_between_group_and_command(run, fill):
    fill([row(1)])

    result = run("datasets", "--json", "--base-url", "sqlite:///respan.db", "list")

    assert result.json["count"] == 1


def test_the_version_is_printed(run):
    assert run("--version").out == run("-V").out == f"respan-langchain {__version__}\n"


def test_h_is_short_for_help(run):
    assert run("-h").out == run("--help").out
    assert run("logs", "list", "-h").out == run("logs", "list", "--help").out


def test_the_shell_completes_commands(process):
    words = {"COMP_WORDS": "respan-langchain da", "COMP_CWORD": "1"}

    completed = process(_RESPAN_LANGCHAIN_COMPLETE="complete_bash", **words)

    assert completed.out.split() == ["datasets"]


LOCAL_COMMANDS = [
    "datasets list", "logs list demo", "logs tail demo", "export demo", "dedupe demo",
    "evaluate demo -e latency_limit:9", "doctor demo",
]  # fmt: skip


@pytest.mark.parametrize("command", LOCAL_COMMANDS)
def test_without_url_and_key_the_file_in_the_folder_is_used(command, run, fill):
    fill([row(1)])

    result = run(*command.split(), RESPAN_BASE_URL=None)

    assert result.code == 0, result.err
    assert result.err == "No URL or API key is set: using respan.db in this folder.\n"


@pytest.mark.parametrize(
    "variables",
    [{"RESPAN_API_KEY": "rk-1"}, {"RESPAN_BASE_URL": "sqlite:///other.db"}],
    ids=lambda variables: next(iter(variables)),
)
def test_a_url_or_key_wins_over_the_file_in_the_folder(variables, run, fill):
    fill([row(1)])

    shown = run("config", "--json", **{"RESPAN_BASE_URL": None, **variables})

    urls = [each["value"] for each in shown.json["results"] if each["name"] == "base_url"]
    assert urls == [variables.get("RESPAN_BASE_URL", "https://api.respan.ai")]


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
    for option in ("--json", "--base-url", "--api-key", "Examples:"):
        assert option in result.out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_texts_name_no_types(command, run):
    options = run(*command.split(), "--help").out.partition("Examples:")[0]

    assert not re.search(r"<\w+|\b(INTEGER|FLOAT|BOOLEAN)\b|\[x|<=x", options)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("logs list demo --limit many", "'many' is not a whole number of at least 1."),
        ("logs list demo --limit 0", "'0' is not a whole number of at least 1."),
        ("serve --port 99999", "'99999' is not a whole number from 0 to 65535."),
        ("evaluate demo --timeout nan", "'nan' is not a number of at least 0.0."),
        ("logs list demo --format xml", "'xml' is not one of table, json, jsonl, csv."),
        ("export demo --preset nix", "'nix' is not one of openai-evals, langsmith, "),
    ],
)
def test_an_invalid_option_error_says_what_is_accepted(words, reason, run):
    result = run(*words.split())

    assert result.code == 2
    assert reason in result.err


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_help_texts_fit_the_terminal(width, process):
    options = process("logs", "list", "-h", COLUMNS=str(width)).out.partition("Examples:")[0]

    assert max(map(len, options.splitlines())) <= width


def list_examples(command, parent=None):
    context = command.make_context(command.name, [], parent=parent, resilient_parsing=True)
    yield from re.findall("^    respan-langchain (.*)$", command.get_help(context), re.MULTILINE)
    for each in getattr(command, "commands", {}).values():
        yield from list_examples(each, context)


EXAMPLES = sorted(set(list_examples(get_command(app))))


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_in_help_texts_can_be_parsed(example):
    command, words, parent = get_command(app), shlex.split(example), None
    while hasattr(command, "commands"):
        parent = command.make_context(command.name, words, parent=parent)
        name, command, words = command.resolve_command(
            parent, [*parent._protected_args, *parent.args]
        )
    command.make_context(name, words, parent=parent)


SCRIPT = "from respan_langchain.cli.main import main\nmain()\n"


@pytest.mark.parametrize(
    ("command", "path", "hint"),
    [
        ("{python} bin/respan-langchain", "/usr/bin", "bin/respan-langchain"),
        ("respan-langchain", "{folder}/bin:/usr/bin", "respan-langchain"),
        ("{python} -m respan_langchain", "/usr/bin", "{python} -m respan_langchain"),
    ],
)
def test_hints_print_the_program_as_it_was_called(command, path, hint, folder):
    script = folder / "bin" / "respan-langchain"
    script.parent.mkdir()
    script.write_text(f"#!{sys.executable}\n{SCRIPT}")
    script.chmod(0o700)
    values = {"python": sys.executable, "folder": folder}

    shown = subprocess.run(
        [*command.format(**values).split(), "evaluate", "demo"],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": path.format(**values), "COLUMNS": "200"},
    ).stderr

    assert f"`{hint.format(**values)} evaluators list`" in shown


def test_an_error_of_a_file_does_not_name_respan(run, fill, folder):
    fill([row(1)])
    with closing(sqlite3.connect(folder / "respan.db")) as connection:
        connection.execute("DROP TABLE scores")

    result = run("export", "demo")

    assert result.code == 1
    assert "respan.db: no such table: scores" in result.err
    assert "Respan" not in result.err
    assert "/api/" not in result.err


def test_an_error_passes_on_the_message_of_the_server(run, fill, folder):
    config = BindConfig(port=0, api_key="rk-1")
    with serving(open_store("sqlite:///respan.db"), config) as address:
        result = run("datasets", "list", "--base-url", address, "--api-key", "rk-2")

    assert result.code == 1
    assert "401" in result.err
    assert re.search(r"\(.*key.*\)", result.err)
    assert "/api/" not in result.err


def test_the_command_line_starts_without_langchain():
    program = (
        "import sys, respan_langchain.cli.app;"
        "print([name for name in ('langchain_core', 'numpy', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
