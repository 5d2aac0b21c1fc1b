"""Rows of JSON lines and CSV files; invalid lines are skipped with their reason."""

import json

import pytest

from respan_langchain.datasets.transfer.import_file import (
    ImportColumns,
    ImportFile,
    detect_format,
)
from respan_langchain.errors import ConfigurationError


@pytest.fixture
def write(tmp_path):
    """Write lines to a file and open it: `write("a.jsonl", *lines)`."""

    def write_file(name, *lines, **options):
        path = tmp_path / name
        path.write_text("\n".join(lines))
        return ImportFile(str(path), detect_format(name, None), **options)

    return write_file


def test_a_json_line_becomes_a_row(write):
    line = {"input": "a", "output": 3, "metadata": {"x": 1}, "metrics": {"cost": 2}, "team": "t"}

    [row] = write("a.jsonl", json.dumps(line), "").rows()

    assert row.content["input"] == "a"
    assert (row.content["output"], row.content["metrics"]) == ("3", {"cost": 2})
    assert row.content["metadata"] == {
        "x": 1,
        "team": "t",
        "custom_identifier": row.source_id,
        "source": "import",
    }


def test_an_imported_row_keeps_the_source_that_it_has(write):
    [row] = write("a.jsonl", '{"input": "a", "metadata": {"source": "replay"}}').rows()

    assert row.content["metadata"]["source"] == "replay"


def test_an_exported_row_of_production_is_one_of_production_when_it_is_imported(write):
    [row] = write("a.jsonl", '{"input": "a", "metadata": {"custom_identifier": "run 1"}}').rows()

    assert row.content["metadata"] == {"custom_identifier": "run 1"}


def test_a_csv_line_becomes_a_row(write):
    [row] = write("a.csv", "input,output,team", 'hello,"{""a"": 1}",t').rows()

    assert (row.content["input"], row.content["output"]) == ("hello", {"a": 1})
    assert row.content["metadata"]["team"] == "t"


def test_contents_may_have_other_columns_and_paths(write):
    columns = ImportColumns("item.question", "answer", "item.expected")
    line = {"item": {"question": "q", "expected": "e"}, "answer": "a"}

    [row] = write("a.jsonl", json.dumps(line), columns=columns).rows()

    assert [row.content[name] for name in ("input", "output", "expected_output")] == ["q", "a", "e"]
    assert "item" not in row.content["metadata"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not a JSON object"),
        ('{"question": 1}', "no field 'input'; the line has question"),
        ("{}", "no field 'input'; the line has no fields"),
        ('{"input": 1, "metadata": "x"}', "metadata is not an object"),
        ('{"input": 1, "metrics": []}', "metrics is not an object"),
    ],
    ids=lambda text: text[:30],
)
def test_an_invalid_line_is_skipped_with_its_reason(write, line, reason):
    file = write("a.jsonl", line, '{"input": "valid"}')

    assert [row.content["input"] for row in file.rows()] == ["valid"]
    assert file.problems == [f"line 1: {reason}"]


def test_a_csv_line_with_too_many_cells_is_skipped(write):
    file = write("a.csv", "input", "a,b", "c")

    assert [row.content["input"] for row in file.rows()] == ["c"]
    assert file.problems == ["line 2: more cells than the header"]


def test_equal_rows_have_different_ids_which_are_the_same_in_each_run(write):
    lines = ['{"input": "a"}'] * 2

    ids = [[row.source_id for row in write("a.jsonl", *lines).rows()] for _ in range(2)]

    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 2


def test_only_rows_that_were_read_exist(write):
    file = write("a.jsonl", '{"input": "a"}')
    [row] = file.rows()

    assert file.existing_ids({row.source_id, "other"}) == {row.source_id}


def test_a_file_that_cannot_be_read_raises(tmp_path):
    with pytest.raises(ConfigurationError, match="jsonl cannot be read: No such file or directory"):
        list(ImportFile(str(tmp_path / "none.jsonl"), "jsonl").rows())


@pytest.mark.parametrize(
    ("path", "given", "expected"),
    [
        ("a.csv", None, "csv"),
        ("a.CSV", None, "csv"),
        ("a.jsonl", None, "jsonl"),
        ("-", None, "jsonl"),
        ("a.txt", "csv", "csv"),
        ("a.csv", "jsonl", "jsonl"),
    ],
)
def test_the_format_is_given_or_read_from_the_ending(path, given, expected):
    assert detect_format(path, given) == expected


def test_an_unknown_format_raises():
    with pytest.raises(ConfigurationError, match="use jsonl or csv"):
        detect_format("a.csv", "xml")
