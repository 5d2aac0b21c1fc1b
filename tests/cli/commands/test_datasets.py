"""`datasets`: list, create, show, delete."""

from cli.given import row


def test_a_dataset_is_created_shown_and_deleted(run):
    made = run("datasets", "create", "support", "--description", "from the shop", "--json")
    shown = run("datasets", "show", "support", "--json")
    gone = run("datasets", "delete", "support", "--yes", "--json")

    assert made.code == shown.code == gone.code == 0
    assert shown.json["dataset"]["id"] == made.json["id"] == gone.json["deleted"]
    assert shown.json["dataset"]["description"] == "from the shop"
    assert run("datasets", "list", "--json").json == []


def test_a_second_dataset_of_a_name_is_told_from_the_first(run):
    first = run("datasets", "create", "support", "--json")
    second = run("datasets", "create", "support", "--json")

    assert first.code == second.code == 0
    assert not first.err
    assert second.err == "'support' names an older dataset too: this one is found by its id alone\n"
    shown = run("datasets", "show", "support", "--json")
    assert shown.json["dataset"]["id"] == first.json["id"]


def test_a_dataset_is_found_by_its_id_too(run, fill):
    dataset = fill([row(1)])

    assert run("datasets", "show", dataset, "--json").json["dataset"]["name"] == "demo"


def test_totals_count_each_call_once(run, fill):
    root = row(1)
    call = row(2, metadata={"custom_identifier": "run-2", "span_parent_id": "span-1"})
    fill([root, call])

    said = run("datasets", "show", "demo", "--json").json
    assert said["rows"] == 2
    assert said["roots"]["number_of_requests"] == 1
    assert said["roots"]["total_tokens"] == 12


def test_a_dataset_that_is_not_there_is_named_with_those_that_are(run, fill):
    fill([row(1)])
    said = run("datasets", "show", "dmeo")

    assert said.code == 2
    assert "'dmeo'" in said.err
    assert "demo" in said.err


def test_nothing_is_deleted_where_nobody_can_be_asked(run, fill):
    fill([row(1)])
    said = run("datasets", "delete", "demo")

    assert said.code == 2
    assert "--yes" in said.err
    assert len(run("datasets", "list", "--json").json) == 1


def test_people_see_names_and_numbers(run, fill):
    fill([row(1), row(2)])
    listed = run("datasets", "list").out.split()
    shown = run("datasets", "show", "demo").out

    assert {"demo", "2", "ready"} <= set(listed)
    assert "24 (20 in, 4 out)" in shown
    assert "$0.002000" in shown
    assert "2, 2 of them roots" in shown


def test_an_empty_platform_is_said(run):
    run("datasets", "create", "demo")
    run("datasets", "delete", "demo", "--yes")

    assert run("datasets", "list").out == "There is no dataset yet.\n"
