"""`export` and `import`: rows to files, for other tools, and back."""

import csv
import io
import json
import os
import sqlite3
import sys
from contextlib import closing

import pytest
from cli.cli_support import row, shell

from respan_langchain._connect import open_client
from respan_langchain.datasets.cell_format import from_text, to_csv_cell, to_text
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.datasets.export.rows import COLUMNS, to_row
from respan_langchain.settings.reading import read_settings

HARD = [
    row(1, output='plain, with "quotes",\nlines; and ünïcode \U0001f45f'),
    row(2, output='{"looks": "like JSON"}'),
    row(3, output="[1, 2]", expected_output={"role": "assistant", "content": "yes"}),
    row(4, input={"question": "Can I return shoes?"}, output='"quoted"'),
    row(5, output="=HYPERLINK(1)", expected_output="\t- nothing"),
]  # fmt: skip


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_an_export_can_be_imported_unchanged(ending, run, fill):
    fill(HARD)
    out = run("export", "demo", "-o", f"rows.{ending}")
    back = run("import", f"rows.{ending}", "copy", "--json")

    assert out.code == back.code == 0, back.err
    assert back.json["sent"] == 5
    with Dataset.open("copy", base_url="sqlite:///respan.db") as rows:
        assert [to_row(log) for log in rows] == HARD


def test_importing_twice_adds_nothing(run, fill):
    fill(HARD)
    run("export", "demo", "-o", "rows.jsonl")
    run("import", "rows.jsonl", "copy")

    again = run("import", "rows.jsonl", "copy", "--json")
    assert again.json == {"sent": 0, "already_there": 5, "rejected": {}}
    at_home = run("import", "rows.jsonl", "demo", "--json")
    assert at_home.json == {"sent": 0, "already_there": 5, "rejected": {}}


def test_reimporting_an_export_into_its_own_dataset_adds_nothing(run, fill, folder):
    (folder / "first.jsonl").write_text('{"input": "a"}\n{"input": "b"}\n')
    run("import", "first.jsonl", "demo")
    fill([row(number) for number in range(3)])
    run("export", "demo", "-o", "all.jsonl")

    result = run("import", "all.jsonl", "demo", "--json")
    assert result.json == {"sent": 0, "already_there": 5, "rejected": {}}


def test_deleted_rows_are_imported_again(run, folder):
    (folder / "rows.jsonl").write_text('{"input": "a"}\n{"input": "b"}\n')
    run("import", "rows.jsonl", "demo")
    with open_client(read_settings(base_url="sqlite:///respan.db")) as client:
        client.remove_logs(client.find_or_create_dataset("demo").id, all_logs=True)

    result = run("import", "rows.jsonl", "demo", "--json")
    assert result.json == {"sent": 2, "already_there": 0, "rejected": {}}


def test_a_new_row_with_a_known_identifier_is_imported(run, folder):
    line = '{"input": "%s", "metadata": {"custom_identifier": "ticket-7"}}\n'
    (folder / "rows.jsonl").write_text(line % "a" + line % "b")
    run("import", "rows.jsonl", "demo")
    (folder / "rows.jsonl").write_text(line % "a" + line % "b" + line % "c")

    result = run("import", "rows.jsonl", "demo", "--json")
    assert result.json == {"sent": 1, "already_there": 2, "rejected": {}}


def test_rows_without_an_identifier_are_imported_once_each(run, folder):
    (folder / "rows.jsonl").write_text('{"input": "a"}\n{"input": "a"}\n\n{"input": "b"}\n')

    assert run("import", "rows.jsonl", "demo", "--json").json["sent"] == 3
    (folder / "rows.jsonl").write_text('{"input": "a"}\n{"input": "a"}\n{"input": "c"}\n')
    assert run("import", "rows.jsonl", "demo", "--json").json["sent"] == 1


def test_import_maps_columns_by_name(run, folder):
    (folder / "rows.csv").write_text(
        "question,answer,reference,page,empty\nWhere?,Here.,There.,maps,\n"
    )
    result = run(
        "import", "rows.csv", "demo",
        "--input", "question", "--output", "answer", "--expected", "reference",
    )  # fmt: skip

    assert result.code == 0, result.err
    [log] = run("logs", "list", "demo", "--json").json["results"]
    assert (log["input"], log["output"], log["expected_output"]) == ("Where?", "Here.", "There.")
    assert log["metadata"]["page"] == "maps"
    assert "empty" not in log["metadata"]


def test_a_path_reaches_into_a_column(run, folder):
    (folder / "evals.jsonl").write_text('{"item": {"input": "Where?", "ideal": "Here."}}\n')
    run("import", "evals.jsonl", "demo", "--input", "item.input", "--expected", "item.ideal")

    [log] = run("logs", "list", "demo", "--json").json["results"]
    assert (log["input"], log["expected_output"]) == ("Where?", "Here.")


def test_invalid_lines_are_reported_and_the_rest_is_imported(run, folder):
    lines = [
        '{"input": "a"}',
        "no json",
        "[1]",
        '{"output": "b"}',
        '{"input": 5}',
        '{"input": null}',
    ]
    (folder / "rows.jsonl").write_text("\n".join(lines))
    result = run("import", "rows.jsonl", "demo", "--json")

    assert result.code == 1
    assert result.json["sent"] == 2
    assert [line.partition(":")[0] for line in result.err.splitlines()] == [
        "line 2",
        "line 3",
        "line 4",
        "line 6",
    ]
    assert {log["input"] for log in run("logs", "list", "demo", "--json").json["results"]} == {
        "a",
        "5",
    }


UNREADABLE = {
    "rows.jsonl": '{"input": "déjà"}\n'.encode("latin-1"),
    "rows.parquet": bytes(range(256)),
    "folder": None,
    "nowhere.jsonl": None,
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_file_creates_no_dataset(name, run, folder):
    (folder / "folder").mkdir()
    if UNREADABLE[name] is not None:
        (folder / name).write_bytes(UNREADABLE[name])
    result = run("import", name, "demo")

    assert result.code == 2
    assert name in result.err
    assert not (folder / "respan.db").exists()


@pytest.mark.parametrize(
    ("text", "code", "complaint"),
    [
        ("question,answer\na,b\n", 1, "line 2: no field 'input'; the line has question, answer\n"),
        ("", 0, "rows.csv has no rows.\n"),
    ],
)
def test_a_file_without_rows_creates_no_dataset(text, code, complaint, run, folder):
    (folder / "rows.csv").write_text(text)
    result = run("import", "rows.csv", "demo", "--json")

    assert (result.code, result.err) == (code, complaint)
    assert result.json == {"sent": 0, "already_there": 0, "rejected": {}}
    assert not (folder / "respan.db").exists()


def test_rows_are_imported_from_a_pipe(folder):
    (folder / "rows.jsonl").write_text('{"input": "a"}\n{"input": "b"}\n')
    ended = shell("{} import <(cat rows.jsonl) demo --json")

    assert json.loads(ended.stdout)["sent"] == 2


def test_a_file_that_is_not_a_database_is_reported_with_the_reason(run, folder):
    (folder / "rows.jsonl").write_text('{"input": "a"}')
    (folder / "respan.db").write_text("no database, and long enough to be read as one" * 50)
    result = run("import", "rows.jsonl", "demo")

    assert result.code == 2
    assert result.err.endswith("respan.db is not usable as a local store: file is not a database\n")


def test_a_database_error_is_reported_with_the_reason(run, fill, folder):
    fill([row(1)])
    with closing(sqlite3.connect(folder / "respan.db")) as connection:
        connection.execute("DROP TABLE scores")
    result = run("export", "demo")

    assert result.code == 1
    assert f"{folder / 'respan.db'}: no such table: scores" in result.err


def test_rows_stream_through_a_pipe(run, fill):
    fill(HARD)
    out = run("export", "demo", "--where", "custom_identifier=run-4").out

    assert json.loads(out)["input"] == {"question": "Can I return shoes?"}
    assert run("import", "-", "copy", "--json", stdin=out).json["sent"] == 1


def test_a_csv_has_one_header_and_all_columns(run, fill):
    fill(HARD)
    read = list(csv.DictReader(io.StringIO(run("export", "demo", "--format", "csv").out)))

    assert tuple(read[0]) == COLUMNS
    assert [one["output"] for one in read[:2]] == [HARD[0]["output"], json.dumps(HARD[1]["output"])]
    assert read[0]["prompt_tokens"] == "10"
    assert float(read[0]["cost"]) == 0.001


def test_an_unknown_value_is_an_empty_csv_cell(run, fill):
    bare = {"input": "a", "metrics": {"prompt_tokens": 0}}
    fill([bare])
    [read] = csv.DictReader(io.StringIO(run("export", "demo", "--format", "csv").out))

    assert (read["prompt_tokens"], read["completion_tokens"], read["cost"]) == ("0", "", "")


CELLS = [None, "", "a", " [", '"', "{}", "null", "1", {"a": [1]}, [], "\ud800", "=1+1", "true"]


@pytest.mark.parametrize("value", CELLS, ids=repr)
def test_a_cell_reads_back_as_written(value):
    assert from_text(to_text(value) or "") == value


FORMULAS = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", " =1", "\n=1", "\uff1d1"]


@pytest.mark.parametrize("text", [*FORMULAS, *CELLS], ids=repr)
def test_a_csv_cell_is_never_a_formula_and_reads_back_as_written(text):
    cell = to_csv_cell(to_text(text)) or ""

    assert cell.lstrip()[:1] not in {"=", "+", "-", "@", "\uff1d"}
    assert cell[:1] not in {"\t", "\r"}
    assert from_text(cell) == text


def test_a_csv_contains_no_formulas(run, fill):
    risky = row(1, input="=1+1", output="@x", expected_output="-1")
    risky["metadata"]["custom_identifier"] = "+1"
    risky["metrics"]["cost"] = -0.5
    fill([risky])
    [read] = csv.DictReader(io.StringIO(run("export", "demo", "--format", "csv").out))

    names = ("input", "output", "expected_output", "custom_identifier", "cost")
    assert [read[name] for name in names] == ['"=1+1"', '"@x"', '"-1"', '"+1"', "-0.5"]


def test_an_export_that_fails_leaves_no_file(run, fill, folder):
    fill(HARD)
    (folder / "old.jsonl").write_text("before")
    result = run("export", "demo", "-o", "no/such/folder.jsonl")

    assert result.code == 2
    assert "no/such/folder.jsonl" in result.err
    assert sorted(each.name for each in folder.glob("*.jsonl*")) == ["old.jsonl"]


def test_an_export_follows_symlinks(run, fill, folder):
    fill(HARD)
    (folder / "real.jsonl").write_text("before")
    (folder / "latest.jsonl").symlink_to("real.jsonl")
    result = run("export", "demo", "-o", "latest.jsonl")

    assert result.code == 0
    assert (folder / "latest.jsonl").is_symlink()
    assert len((folder / "real.jsonl").read_text("utf-8").splitlines()) == 5


@pytest.mark.parametrize("name", ["pipe", "link"])
def test_an_export_into_a_named_pipe_keeps_the_pipe(name, run, fill, folder):
    fill(HARD)
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to("pipe")
    with open(os.open(folder / "pipe", os.O_RDONLY | os.O_NONBLOCK), encoding="utf-8") as reader:  # noqa: PTH123
        result = run("export", "demo", "-o", name)
        written = reader.read()

    assert result.code == 0
    assert len(written.splitlines()) == 5
    assert (folder / "pipe").is_fifo()
    assert (folder / "link").is_symlink()


def test_an_export_to_a_folder_is_refused(run, fill, folder):
    fill(HARD)
    (folder / "rows").mkdir()
    result = run("export", "demo", "-o", "rows")

    assert result.code == 2
    assert result.err == "rows cannot be written: Is a directory\n"


def test_a_full_disk_is_reported_in_one_line(fill, folder):
    fill([row(number, output="x" * 1000) for number in range(400)])
    (folder / "rows.csv").write_text("before")
    ended = shell("ulimit -f 100; exec {} export demo -o rows.csv")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "rows.csv cannot be written: File too large\n"
    assert (folder / "rows.csv").read_text() == "before"
    assert not list(folder.glob(".rows*"))


@pytest.mark.parametrize("words", ["export demo", "logs list demo", "logs list demo --json"])
def test_a_full_standard_output_is_reported_in_one_line(words, fill):
    fill(HARD)
    ended = shell(f"{{}} {words} > /dev/full")

    assert ended.returncode == 1
    assert ended.stderr == "The output cannot be written: No space left on device\n"


@pytest.mark.parametrize(
    "words",
    [["--format", "xml"], ["--preset", "nix"], ["--preset", "inspect", "--format", "csv"]],
    ids=" ".join,
)
def test_an_unwritable_export_is_reported(words, run, fill):
    fill(HARD)
    result = run("export", "demo", *words)

    assert result.code == 2
    assert "is not one of" in result.err or "writes" in result.err


def test_with_expected_exports_only_rows_with_an_expected_output(run, fill):
    fill(HARD)
    lines = run("export", "demo", "--with-expected").out.splitlines()

    assert [json.loads(line)["metadata"]["custom_identifier"] for line in lines] == [
        "run-3",
        "run-5",
    ]


CALL = {
    "id": "c1",
    "type": "function",
    "function": {"name": "look", "arguments": '{"city": "Paris"}'},
}
CHAT = row(
    1,
    input=[
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "content": "sunny", "tool_call_id": "c1", "name": "look"},
    ],
    output={"role": "assistant", "content": "Sunny."},
    expected_output="It is sunny.",
)
CHAT["metadata"]["tools"] = [{"type": "function", "function": {"name": "look"}}]
CHAIN = row(2, input={"question": "Weather?"}, output="Sunny.")
CHAIN["metadata"]["retrieved_documents"] = [{"content": "Sun all day.", "metadata": {}}]


def exported(run, preset):
    lines = run("export", "demo", "--preset", preset).out.splitlines()
    return [json.loads(line) for line in lines]


def test_for_openai_evals(run, fill):
    fill([CHAT, CHAIN])
    chat, chain = exported(run, "openai-evals")

    assert chat["item"]["input"] == CHAT["input"]
    assert chat["item"]["ideal"] == "It is sunny."
    assert chat["sample"]["output_text"] == "Sunny."
    assert chain["item"]["input"] == [{"role": "user", "content": "Weather?"}]
    assert "ideal" not in chain["item"]


def test_for_langsmith(run, fill):
    fill([CHAT, CHAIN])
    chat, chain = exported(run, "langsmith")

    assert chat["inputs"] == {"messages": CHAT["input"], "tools": CHAT["metadata"]["tools"]}
    assert chat["outputs"] == {"output": "It is sunny."}
    assert chain["inputs"] == {"question": "Weather?"}
    assert "outputs" not in chain
    assert chain["metadata"]["actual_output"] == "Sunny."


def test_for_promptfoo(run, fill):
    fill([CHAT, CHAIN])
    chat, chain = exported(run, "promptfoo")

    assert chat["vars"] == {"messages": CHAT["input"]}
    assert chat["assert"] == [{"type": "equals", "value": "It is sunny."}]
    assert chain["vars"] == {"question": "Weather?"}
    assert "assert" not in chain


def test_for_deepeval(run, fill):
    fill([CHAT, CHAIN])
    chat, chain = exported(run, "deepeval")

    assert (chat["input"], chat["actual_output"], chat["expected_output"]) == (
        "Weather?", "Sunny.", "It is sunny.",
    )  # fmt: skip
    assert chain["retrieval_context"] == ["Sun all day."]
    assert "expected_output" not in chain


def test_for_inspect(run, fill):
    fill([CHAT, CHAIN])
    chat, chain = exported(run, "inspect")

    assert [message["role"] for message in chat["input"]] == ["system", "user", "assistant", "tool"]
    assert chat["input"][2]["tool_calls"] == [
        {"id": "c1", "type": "function", "function": "look", "arguments": {"city": "Paris"}}
    ]
    assert chat["input"][3]["function"] == "look"
    assert (chat["target"], chain["target"]) == ("It is sunny.", "")
    assert chain["input"] == "Weather?"


def test_a_preset_can_be_exported_as_one_json_array(run, fill):
    fill([CHAT, CHAIN])
    run("export", "demo", "--preset", "deepeval", "-o", "goldens.json")

    with open("goldens.json", encoding="utf-8") as file:  # noqa: PTH123
        assert len(json.load(file)) == 2


@pytest.mark.parametrize(
    ("package", "use"),
    [("pandas", "to_pandas()"), ("pyarrow", "to_parquet('x.parquet')"), ("datasets", "to_hf()")],
)
def test_a_missing_package_is_named(package, use, process, fill):
    import subprocess

    fill(HARD)
    code = (
        f"import sys; sys.modules['{package}'] = None\n"
        "from respan_langchain.datasets.dataset import Dataset\n"
        f"Dataset.open('demo', base_url='sqlite:///respan.db').{use}\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 1
    assert f"MissingExtraError: This needs {package}" in ended.stderr
    assert f"pip install {package}" in ended.stderr


@pytest.mark.parametrize("name", ["rows.xlsx", "rows.txt", "rows.v2"])
def test_an_unknown_ending_is_refused(name, run, fill, folder):
    fill([row(1)])
    refused = run("export", "demo", "-o", name)

    assert refused.code == 2
    assert ".csv" in refused.err
    assert not (folder / name).exists()
    assert run("export", "demo", "-o", name, "--format", "csv").code == 0
