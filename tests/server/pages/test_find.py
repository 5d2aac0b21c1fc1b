"""Finding rows: roots with folded calls, filters by score, search in errors and comments."""

import pytest
from server.pages.test_pages import Browser

from respan_langchain.embedded.store.scores_table import Score, upsert


def questions(visited) -> list[str]:
    return [name for name in ("root", "call", "alone", "failed") if f">{name}</a>" in visited.html]


@pytest.fixture
def dataset(platform) -> str:
    trace = {"trace_unique_id": "t"}
    dataset = platform.dataset("support-bot")
    platform.fill(
        dataset,
        [
            {"input": "call", "metadata": {**trace, "span_unique_id": "c", "span_parent_id": "t"}},
            {"input": "root", "metadata": {**trace, "span_unique_id": "t"}, "output": "x"},
            {"input": "alone", "expected_output": "something better"},
            {"input": "failed", "metadata": {"status": "error", "error_message": "it broke"}},
        ],
    )
    with platform.store.writing() as connection:
        (_, _, alone, _) = connection.execute("SELECT seq FROM logs ORDER BY seq").fetchall()
        upsert(connection, [Score(alone["seq"], "human", 0.5, True, "Rather short", "Ann")])
    return dataset


@pytest.fixture
def browser(platform) -> Browser:
    return Browser(platform.store)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["root", "alone", "failed"]),
        ("rows=all", ["root", "call", "alone", "failed"]),
        ("q=call", ["call"]),
        ("q=call&rows=roots", []),
        ("q=it+broke", ["failed"]),
        ("q=something+better", ["alone"]),
        ("q=rather+SHORT", ["alone"]),
        ("where=score__human|gte|0.5", ["alone"]),
        ("where=score__human|lt|0.5", []),
        ("where=score__human|isnull|true&rows=roots", ["root", "failed"]),
        ("where=expected_output|isnull|false", ["alone"]),
        ("where=error_message|contains|broke", ["failed"]),
    ],
)
def test_rows_are_found(browser, dataset, query, found):
    assert questions(browser.get(f"/datasets/{dataset}/?{query}")) == found


def test_a_root_tells_how_many_rows_are_folded_into_it(browser, dataset):
    folded = browser.get(f"/datasets/{dataset}/")
    unfolded = browser.get(f"/datasets/{dataset}/?rows=all")

    assert "1 more row in the trace" in folded.html
    assert "1 to 3 of 3" in folded.text
    assert "in the trace" not in unfolded.html


def test_an_export_of_roots_has_all_rows(browser, dataset):
    exported = browser.get(f"/datasets/{dataset}/export.jsonl")

    assert len(exported.html.splitlines()) == 4
