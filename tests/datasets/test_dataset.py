"""`Dataset`: a dataset in Python, to read, to count and to show."""

import pytest
from cli.cli_support import row

from respan_langchain.client.filters import field
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.errors import ConfigurationError

URL = "sqlite:///respan.db"


def test_rows_iterate_oldest_first_and_are_counted(fill):
    fill([row(number) for number in range(130)])
    with Dataset.open("demo", base_url=URL) as rows:
        assert len(rows) == 130
        assert [log.custom_identifier for log in rows] == [f"run-{number}" for number in range(130)]
        assert [log.custom_identifier for log in rows.latest(2)] == ["run-129", "run-128"]


def test_where_selects_rows(fill):
    fill([row(number) for number in range(5)])
    with Dataset.open("demo", base_url=URL) as rows:
        some = rows.where(field("custom_identifier").isin(["run-1", "run-3"]))

        assert len(some) == len(list(some)) == 2
        assert some.summary().number_of_requests == 2


def test_an_empty_dataset_is_truthy(folder):
    with Dataset.open("new", base_url=URL, create=True) as rows:
        assert rows
        assert list(rows) == []
        assert len(rows) == 0


def test_the_environment_names_the_dataset(fill, monkeypatch):
    fill([row(1)])
    monkeypatch.setenv("RESPAN_BASE_URL", URL)
    monkeypatch.setenv("RESPAN_DATASET", "demo")
    with Dataset.open() as rows:
        assert rows.name == "demo"


def test_an_unknown_dataset_error_names_the_existing_ones(fill):
    fill([row(1)])
    with pytest.raises(ConfigurationError, match=r"No dataset 'dmeo'.*datasets there: demo"):
        Dataset.open("dmeo", base_url=URL)


def test_opening_without_a_name_names_the_variable(fill):
    fill([row(1)])
    with pytest.raises(ConfigurationError, match="RESPAN_DATASET"):
        Dataset.open(base_url=URL)


def test_rows_are_exported_as_they_were_sent(fill, folder):
    fill([row(1)])
    with Dataset.open("demo", base_url=URL) as rows:
        assert rows.to_jsonl(folder / "rows.jsonl") == 1
        assert rows.to_csv(folder / "rows.csv") == 1

    import json

    assert json.loads((folder / "rows.jsonl").read_text()) == row(1)


def identifiers(logs):
    return [log.custom_identifier for log in logs]


def test_logs_are_read_by_position(fill):
    fill([row(number) for number in range(250)])
    with Dataset.open("demo", base_url=URL) as rows:
        assert rows[0].custom_identifier == "run-0"
        assert rows[101].custom_identifier == "run-101"
        assert rows[-1].custom_identifier == "run-249"
        assert rows[-250].custom_identifier == "run-0"
        assert identifiers(rows[98:102]) == ["run-98", "run-99", "run-100", "run-101"]
        assert identifiers(rows[-2:]) == ["run-248", "run-249"]
        assert identifiers(rows[4:0:-2]) == ["run-4", "run-2"]
        assert rows[300:] == []
        assert identifiers(rows.head(2)) == ["run-0", "run-1"]
        assert identifiers(rows.where(custom_identifier="run-7")[:]) == ["run-7"]


@pytest.mark.parametrize("index", [2, -3])
def test_a_position_that_does_not_exist_is_an_index_error(index, fill):
    fill([row(1), row(2)])
    with Dataset.open("demo", base_url=URL) as rows, pytest.raises(IndexError, match=str(index)):
        rows[index]


def test_where_takes_values_of_fields_and_combines_with_earlier_filters(fill):
    failed = row(2)
    failed["metadata"]["status"] = "error"
    dear = row(3)
    dear["metadata"]["status"] = "error"
    dear["metrics"]["cost"] = 0.5
    fill([row(1), failed, dear])
    with Dataset.open("demo", base_url=URL) as rows:
        errors = rows.where(status="error")

        assert identifiers(errors) == ["run-2", "run-3"]
        assert identifiers(errors.where(field("cost") > 0.01)) == ["run-3"]
        assert identifiers(errors.where(field("cost") > 0.01, model="gpt-4o-mini")) == ["run-3"]
        assert len(errors.unfiltered()) == 3
        with pytest.raises(ConfigurationError, match="status"):
            errors.where(status="success")
        with pytest.raises(ConfigurationError, match="colour"):
            rows.where(colour="red")


def test_a_log_has_a_short_repr_with_units(fill):
    long = "word " * 10_000
    fill([row(1, output=long)])
    with Dataset.open("demo", base_url=URL) as rows:
        [log] = rows.head()

    assert len(repr(log)) < 400
    for part in ("log_type='chat'", "input='question 1'", "cost=$0.0010", "latency=500 ms"):
        assert part in repr(log)
    assert str(log) == repr(log)


def test_totals_have_a_short_repr_with_units_and_unknown_is_not_zero(fill):
    unknown = row(2)
    del unknown["metrics"]["cost"]
    fill([row(1), unknown])
    with Dataset.open("demo", base_url=URL) as rows:
        summary = rows.summary()
        of_none = rows.where(field("custom_identifier") == "run-2").summary()

    assert "logs=2" in repr(summary)
    assert "cost=$0.00100, of 1 of 2 logs" in repr(summary)
    assert "cost=\u2013" in repr(of_none)
    assert str(summary) == repr(summary)
    assert "$0.00100, of 1 of 2 logs" in summary._repr_html_()


def test_a_selection_shows_its_filters(fill):
    fill([row(1)])
    with Dataset.open("demo", base_url=URL) as rows:
        selected = rows.where(field("cost") > 0.01, span_name="<b>")

        assert "where" not in repr(rows)
        assert repr(selected).endswith(", where cost gt 0.01, span_name = '<b>')")
        assert "where cost gt 0.01, span_name = &#x27;&lt;b&gt;" in selected._repr_html_()


def test_notebook_tables_escape_contents(fill):
    fill([row(1, output="<script>alert(1)</script><img src=x onerror=alert(2)>")], name="<b>demo")
    with Dataset.open("<b>demo", base_url=URL) as rows:
        tables = [rows._repr_html_(), rows[0]._repr_html_(), rows.head()._repr_html_()]

    for html in tables:
        assert "<script" not in html
        assert "<img" not in html
        assert "<b>demo" not in html.replace("<b>&lt;b&gt;demo", "")
        assert "&lt;script&gt;alert(1)" in html
        assert "question 1" in html
        assert "$0.0010" in html


def test_a_missing_file_error_in_python_does_not_advise_the_command_line(folder):
    with pytest.raises(ConfigurationError) as raised:
        Dataset.open("demo", base_url="sqlite:///typo.db")

    assert "respan-langchain" not in str(raised.value)


def test_opening_a_missing_file_does_not_create_it(folder):
    with pytest.raises(ConfigurationError, match=r"typo\.db"):
        Dataset.open("demo", base_url="sqlite:///typo.db")

    assert not list(folder.iterdir())
    Dataset.open("demo", base_url="sqlite:///new.db", create=True).close()
    assert (folder / "new.db").exists()
