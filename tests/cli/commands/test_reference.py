"""`evaluators list` and `fields list`: what other commands accept."""

import pytest
from cli.cli_support import row

from respan_langchain.embedded.endpoints.evaluators import BUILT_IN


def test_every_built_in_evaluator_is_listed(run):
    listed = run("evaluators", "list", "--json").json

    names = {each["name"].partition(":")[0].partition("[")[0] for each in listed["results"]}
    assert names == {*BUILT_IN, "python"}
    assert listed["count"] == len(names)


def test_every_listed_field_can_be_selected_and_filtered(run, fill):
    fill([row(1)])
    fields = run("fields", "list", "--json").json["results"]
    for each in fields:
        name = each["name"].replace("KEY", "page")
        assert run("logs", "list", "demo", "--fields", name).code == 0
        filtered = run("logs", "list", "demo", "--where", f"{name}=1")
        assert (filtered.code == 0) == each["can_filter"], filtered.err


@pytest.mark.parametrize("command", [["evaluators", "list"], ["fields", "list"]])
@pytest.mark.parametrize("width", [40, 80, 200])
def test_lists_fit_the_terminal(command, width, run):
    listed = run(*command, COLUMNS=str(width)).out

    assert max(map(len, listed.splitlines())) <= width
    assert "…" not in listed
