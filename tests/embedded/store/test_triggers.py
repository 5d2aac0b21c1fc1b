"""Totals: a dataset's cost and tokens count every model call once, in whatever order rows come."""

from itertools import permutations

import pytest


def row(span: str, trace: str | None = "t", parent: str | None = None, cost: float = 1.0) -> dict:
    metadata = {"span_unique_id": span, "trace_unique_id": trace, "span_parent_id": parent}
    known = {name: value for name, value in metadata.items() if value is not None}
    return {
        "input": span,
        "metadata": known,
        "metrics": {"cost": cost, "total_tokens": int(cost * 10)},
    }


def total(platform, dataset) -> float:
    with platform.store.reading() as connection:
        found = connection.execute("SELECT * FROM datasets WHERE id = ?", (dataset,)).fetchone()
    assert found["total_tokens"] == pytest.approx(found["total_cost"] * 10)
    return found["total_cost"]


ROOT = row("t", cost=3)
CALLS = [row("a", parent="t"), row("b", parent="x"), row("c", parent="t")]


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_a_root_has_the_sums_of_its_calls(platform, order):
    dataset = platform.dataset()
    rows = [ROOT, *CALLS]

    for one in [rows[place] for place in order]:
        platform.fill(dataset, [one])

    assert total(platform, dataset) == 3


def test_without_their_root_calls_count_themselves(platform):
    dataset = platform.dataset()
    platform.fill(dataset, CALLS)

    assert total(platform, dataset) == 3


def test_rows_without_a_trace_count_themselves(platform):
    dataset = platform.dataset()
    platform.fill(dataset, [row("a", trace=None, parent="p"), row("b", trace=None)])

    assert total(platform, dataset) == 2


def test_a_root_whose_parent_is_of_another_process_is_a_root(platform):
    dataset = platform.dataset()
    platform.fill(dataset, [*CALLS, row("t", parent="elsewhere", cost=3)])

    assert total(platform, dataset) == 3


def test_when_the_root_goes_its_calls_count_again(platform):
    dataset = platform.dataset()
    platform.fill(dataset, [ROOT, *CALLS[:2]])
    root = platform.logs(dataset)[0]["unique_id"]

    platform.ask("DELETE", f"/datasets/{dataset}/logs/{root}/")

    assert total(platform, dataset) == 2


def test_a_row_that_moves_to_another_trace_is_counted_there(platform):
    dataset = platform.dataset()
    platform.fill(dataset, [ROOT, *CALLS])
    call = platform.logs(dataset)[1]["unique_id"]

    platform.ask("PATCH", f"/datasets/{dataset}/logs/{call}/", {"metadata": {}})
    assert total(platform, dataset) == 4

    platform.ask("PATCH", f"/datasets/{dataset}/logs/{call}/", {"metadata": CALLS[0]["metadata"]})
    assert total(platform, dataset) == 3


def test_traces_of_different_datasets_are_separate(platform):
    one, other = platform.dataset("one"), platform.dataset("other")
    platform.fill(one, [ROOT])
    platform.fill(other, CALLS)

    assert (total(platform, one), total(platform, other)) == (3, 3)


def test_removing_everything_leaves_nothing(platform):
    dataset = platform.dataset()
    platform.fill(dataset, [*CALLS, ROOT] * 3)

    platform.ask("DELETE", f"/datasets/{dataset}/logs/import/", {"is_deleting_all_logs": True})

    assert total(platform, dataset) == 0


def known(platform, dataset) -> tuple[int, int, int]:
    with platform.store.reading() as connection:
        found = connection.execute("SELECT * FROM datasets WHERE id = ?", (dataset,)).fetchone()
    return found["run_count"], found["cost_count"], found["token_count"]


def test_rows_whose_cost_is_known_are_counted_and_zero_is_known(platform):
    dataset = platform.dataset()
    free = {"input": "x", "metrics": {"cost": 0}}

    platform.fill(dataset, [ROOT, *CALLS, free, {"input": "unknown"}])
    assert known(platform, dataset) == (3, 2, 1)

    platform.ask("DELETE", f"/datasets/{dataset}/logs/{platform.logs(dataset)[0]['unique_id']}/")
    assert known(platform, dataset) == (5, 4, 3)


def hours(platform) -> list[tuple]:
    columns = "hour, log_count, error_count, run_count, cost_count, total_cost, total_tokens"
    with platform.store.reading() as connection:
        rows = connection.execute(f"SELECT {columns} FROM hours WHERE log_count > 0")  # noqa: S608
        return [tuple(row) for row in rows]


def test_hours_have_the_totals_of_their_rows(platform):
    dataset = platform.dataset()
    early = {"timestamp": "1970-01-01T01:59:59Z", "cost": 3, "total_tokens": 30}
    late = {"timestamp": "1970-01-01T02:00:00Z", "cost": 1, "total_tokens": 10}
    failed = {"span_unique_id": "f", "status": "error"}
    platform.fill(
        dataset,
        [
            ROOT | {"metrics": early},
            CALLS[0] | {"metrics": late},
            {"input": "f", "metadata": failed, "metrics": late},
        ],
    )
    assert hours(platform) == [(1, 1, 0, 1, 1, 3.0, 30), (2, 2, 1, 1, 1, 1.0, 10)]

    root, call, _ = (log["unique_id"] for log in platform.logs(dataset))
    platform.ask("DELETE", f"/datasets/{dataset}/logs/{root}/")
    assert hours(platform) == [(2, 2, 1, 2, 2, 2.0, 20)]

    moved = {"metadata": {"start_time": "x"}}
    platform.ask("PATCH", f"/datasets/{dataset}/logs/{call}/", moved)
    platform.ask("DELETE", f"/datasets/{dataset}/")
    assert hours(platform) == []
