"""Plans: lists, filters and sorting find their rows in an index, however many there are.

SQLite is asked how it would carry out the very statements that a request makes it carry out.
"""

import pytest

from respan_langchain._constants import LOG_FIELDS

VALUES = {"cost": 0.5, "latency": 1, "status_code": 200}


@pytest.fixture
def plan_of(platform):
    dataset = platform.dataset()
    platform.fill(dataset, [{"input": "x", "metadata": {"model": "m"}}])

    def found(query: str, filters: dict) -> str:
        response: list[str] = []
        with platform.store.reading() as connection:
            connection.set_trace_callback(response.append)
        platform.logs(dataset, filters, query)
        with platform.store.reading() as connection:
            connection.set_trace_callback(None)
            statements = [
                one for one in response if one.startswith("SELECT") and "FROM logs" in one
            ]
            steps = [
                row["detail"]
                for statement in statements
                for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")
            ]
        assert steps
        return "\n".join(steps)

    return found


@pytest.mark.parametrize("name", sorted(LOG_FIELDS))
def test_a_filter_uses_the_index_of_its_field(plan_of, name):
    plan = plan_of("", {name: {"operator": "eq", "value": VALUES.get(name, "7")}})

    index = "sqlite_autoindex_logs_1" if name == "unique_id" else f"logs_{name} "
    assert index in plan
    assert "SCAN logs" not in plan


@pytest.mark.parametrize("name", ["model", "custom_identifier", "status"])
def test_the_newest_of_many_that_match_are_not_sorted(plan_of, name):
    plan = plan_of("", {name: {"operator": "eq", "value": "x"}})

    # Once, for the rows of the one page.
    assert plan.count("USE TEMP B-TREE FOR") == 1


@pytest.mark.parametrize("name", ["cost", "latency", "total_tokens", "timestamp"])
def test_a_range_uses_the_index_of_its_field(plan_of, name):
    plan = plan_of("", {name: {"operator": "gt", "value": 5}})

    assert f"logs_{name} ".replace("timestamp", "happened_at") in plan


def test_a_prefix_uses_the_index_of_its_field(plan_of):
    plan = plan_of("", {"thread_identifier": {"operator": "startswith", "value": "t-1"}})

    assert (
        "logs_thread_identifier (dataset=? AND thread_identifier>? AND thread_identifier<?)" in plan
    )


@pytest.mark.parametrize("name", sorted(LOG_FIELDS - {"unique_id"}))
@pytest.mark.parametrize("direction", ["", "-"])
def test_sorting_passes_through_an_index(plan_of, name, direction):
    plan = plan_of(f"sort_by={direction}{name}&page=1", {})

    assert f"logs_{name} " in plan


def test_few_that_match_are_found_before_they_are_sorted(plan_of):
    plan = plan_of("sort_by=-cost", {"custom_identifier": {"operator": "eq", "value": "x"}})

    assert plan.count("logs_custom_identifier ") == 2
    assert "logs_cost " not in plan
