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


def test_notebook_tables_escape_contents(fill):
    fill([row(1, output="<script>alert(1)</script><img src=x onerror=alert(2)>")], name="<b>demo")
    with Dataset.open("<b>demo", base_url=URL) as rows:
        html = rows._repr_html_()

    assert "<script" not in html
    assert "<img" not in html
    assert "<b>demo" not in html.replace("<b>&lt;b&gt;demo", "")
    assert "&lt;script&gt;alert(1)" in html
    assert "question 1" in html


def test_opening_a_missing_file_does_not_create_it(folder):
    with pytest.raises(ConfigurationError, match=r"typo\.db"):
        Dataset.open("demo", base_url="sqlite:///typo.db")

    assert not list(folder.iterdir())
    Dataset.open("demo", base_url="sqlite:///new.db", create=True).close()
    assert (folder / "new.db").exists()
