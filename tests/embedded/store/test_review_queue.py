"""Review queues: which rows are in them, what comes next, and how far the review has come."""

import pytest

from respan_langchain.embedded.store import datasets_table
from respan_langchain.embedded.store.fields import MATCH_ALL
from respan_langchain.embedded.store.review_queue import ReviewQueue
from respan_langchain.embedded.store.scores_table import HUMAN_EVALUATOR, Score, upsert


def root(name: str, status: str = "success") -> dict:
    return {
        "input": name,
        "metadata": {"trace_unique_id": name, "span_unique_id": name, "status": status},
    }


def call(trace: str) -> dict:
    metadata = {"trace_unique_id": trace, "span_unique_id": "call", "span_parent_id": trace}
    return {"input": f"call of {trace}", "metadata": metadata}


@pytest.fixture
def dataset(platform) -> str:
    dataset = platform.dataset()
    platform.fill(dataset, [call("a"), root("a"), root("b", "error"), root("c"), {"input": "d"}])
    return dataset


def score(platform, dataset: str, number: int, evaluator: str, value: float) -> None:
    with platform.store.writing() as connection:
        rows = connection.execute("SELECT seq FROM logs ORDER BY seq").fetchall()
        seq = rows[number]["seq"]
        upsert(connection, [Score(seq, evaluator, value, value >= 0.5)])


def names(platform, dataset: str, queue: str) -> list[str]:
    """The inputs of a queue's rows, in the order in which they are to be reviewed."""
    inputs = {log["unique_id"]: log["input"] for log in platform.logs(dataset)}
    found: list[str] = []
    with platform.store.reading() as connection:
        review = ReviewQueue(datasets_table.get_seq(connection, dataset), queue, MATCH_ALL)
        seq = 0
        while True:
            unique_id = review.find_next(connection, after=seq)
            if unique_id is None or inputs[unique_id] in found:
                return found
            found.append(inputs[unique_id])
            (seq,) = connection.execute(
                "SELECT seq FROM logs WHERE unique_id = ?", (unique_id,)
            ).fetchone()


def counts(platform, dataset: str, queue: str) -> tuple[int, int]:
    with platform.store.reading() as connection:
        review = ReviewQueue(datasets_table.get_seq(connection, dataset), queue, MATCH_ALL)
        return review.count_reviewed(connection), review.count(connection)


def test_roots_and_rows_without_a_trace_are_reviewed_in_the_order_of_arrival(platform, dataset):
    assert names(platform, dataset, "all") == ["a", "b", "c", "d"]


def test_a_reviewed_row_is_counted_and_leaves_the_queue(platform, dataset):
    score(platform, dataset, 1, HUMAN_EVALUATOR, 1.0)

    assert names(platform, dataset, "all") == ["b", "c", "d"]
    assert counts(platform, dataset, "all") == (1, 4)


def test_each_queue_has_its_rows(platform, dataset):
    score(platform, dataset, 3, "exact_match", 0.0)
    score(platform, dataset, 4, "similarity", 0.4)
    score(platform, dataset, 1, HUMAN_EVALUATOR, 0.0)

    assert names(platform, dataset, "errors") == ["b"]
    assert names(platform, dataset, "failed") == ["c", "d"]
    assert names(platform, dataset, "low") == ["c", "d"]
    assert counts(platform, dataset, "errors") == (0, 1)
