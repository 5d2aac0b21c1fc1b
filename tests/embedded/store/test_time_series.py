"""Charts: intervals of round lengths without a gap, from rows or from the totals of hours."""

import pytest

from respan_langchain.embedded.store import datasets_table, time_series
from respan_langchain.embedded.store.fields import MATCH_ALL, SqlCondition
from respan_langchain.embedded.store.scores_table import Score, upsert

DAY = 86_400


def log(moment: float, number: int = 0, **metadata) -> dict:
    metrics = {"timestamp": moment, "cost": 0.5, "latency": number, "total_tokens": 7,
               "prompt_tokens": 3, "completion_tokens": 4}  # fmt: skip
    return {"input": "x", "metadata": metadata, "metrics": metrics}


def compute(platform, dataset: str, condition: SqlCondition = MATCH_ALL):
    with platform.store.reading() as connection:
        row = datasets_table.get(connection, dataset)
        return time_series.compute_time_series(connection, row, condition)


def test_without_logs_there_are_no_intervals(platform):
    assert compute(platform, platform.dataset()) is None


@pytest.mark.parametrize(
    ("span", "width"),
    [(0, 1), (59, 1), (60, 2), (3600, 120), (30 * DAY, DAY), (4000 * DAY, 91 * DAY)],
)
def test_intervals_have_a_round_length(platform, span, width):
    dataset = platform.dataset()
    begin = 1_700_000_000
    platform.fill(dataset, [log(begin), log(begin + span)])

    series = compute(platform, dataset)

    assert series.width == width
    assert len(series.buckets) <= time_series.MAX_BUCKETS + 1
    assert sum(bucket.count for bucket in series.buckets) == 2
    begins = [bucket.begin for bucket in series.buckets]
    assert begins == [begins[0] + place * width for place in range(len(begins))]


def test_a_row_whose_root_is_among_the_rows_is_not_summed(platform):
    dataset = platform.dataset()
    trace = {"trace_unique_id": "t"}
    call = log(100, 1, span_unique_id="c", span_parent_id="t", log_type="chat", **trace)
    platform.fill(dataset, [log(100, 9, span_unique_id="t", **trace), call])

    (everything,) = compute(platform, dataset).buckets
    (calls,) = compute(platform, dataset, SqlCondition("logs.log_type = ?", ("chat",))).buckets

    assert (everything.count, everything.runs, everything.cost) == (2, 1, 0.5)
    assert (everything.median_latency, calls.median_latency) == (9.0, 1.0)
    assert (calls.count, calls.runs, calls.cost) == (1, 1, 0.5)


def test_totals_of_hours_agree_with_the_rows(platform):
    dataset = platform.dataset()
    count = time_series.MAX_ROWS + 4
    rows = [log(1_700_000_000 + number * 30, number % 100) for number in range(count)]
    for begin in range(0, count, 500):
        platform.fill(dataset, rows[begin : begin + 500])

    whole = compute(platform, dataset)
    newest = compute(platform, dataset, SqlCondition("logs.cost = ?", (0.5,)))

    assert (whole.is_complete, whole.is_sampled) == (True, True)
    assert (newest.is_complete, newest.is_sampled) == (False, False)
    assert sum(bucket.count for bucket in whole.buckets) == count
    assert sum(bucket.cost for bucket in whole.buckets) == count / 2
    assert sum(bucket.prompt_tokens for bucket in whole.buckets) == 3 * count
    assert sum(bucket.count for bucket in newest.buckets) == time_series.MAX_ROWS
    assert whole.buckets[5].median_latency == pytest.approx(50, abs=15)
    assert 80 <= whole.buckets[5].slow_latency <= 99


def test_scores_of_people_and_of_evaluators_have_their_means(platform):
    dataset = platform.dataset()
    platform.fill(dataset, [log(100), log(100), log(101)])
    with platform.store.writing() as connection:
        seqs = [row["seq"] for row in connection.execute("SELECT seq FROM logs ORDER BY seq")]
        upsert(connection, [Score(seqs[0], "human", 1.0), Score(seqs[1], "human", 0.5)])
        upsert(connection, [Score(seqs[2], "exact_match", 0.0), Score(seqs[2], "contains:x", 1.0)])

    first, second = compute(platform, dataset).buckets

    assert (first.people_score, first.evaluator_score) == (0.75, None)
    assert (second.people_score, second.evaluator_score) == (None, 0.5)
