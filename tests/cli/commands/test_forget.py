"""`forget`: deletes a customer's rows after a question, and says where they were."""

import pytest


@pytest.fixture
def dataset_id(fill):
    return fill(
        [
            {"input": str(number), "metadata": {"customer_identifier": customer}, "metrics": {}}
            for number, customer in enumerate(("ann", "ann", "bob"))
        ]
    )


def inputs(run):
    return sorted(row["input"] for row in run("logs", "list", "demo", "--json").json["results"])


def test_a_customers_rows_are_deleted(run, dataset_id):
    result = run("forget", "--customer", "ann", "--yes", "--json")

    assert (result.code, result.json["platform"]) == (0, {dataset_id: 2})
    assert inputs(run) == ["2"]


@pytest.mark.usefixtures("dataset_id")
def test_nothing_is_deleted_without_a_confirmation(run):
    result = run("forget", "--customer", "ann")

    assert result.code == 2
    assert "--yes" in result.err
    assert inputs(run) == ["0", "1", "2"]


@pytest.mark.usefixtures("dataset_id")
def test_what_was_deleted_is_said_in_words(run):
    assert "Deleted 2 rows from sqlite:///respan.db and 0 from the spool." in (
        run("forget", "--customer", "ann", "--yes").out
    )


@pytest.mark.usefixtures("dataset_id")
def test_options_are_required(run):
    result = run("forget", "--yes")

    assert result.code != 0
    assert "give a customer, a thread or a run" in result.err
