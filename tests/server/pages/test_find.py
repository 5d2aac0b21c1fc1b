"""Finding rows: roots with folded calls, filters by score, search in errors and comments."""

import html
import re

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


def test_rows_are_sorted_by_the_scores_of_an_evaluator(browser, platform):
    dataset = platform.dataset()
    platform.fill(dataset, [{"input": f"question {n}"} for n in range(4)])
    with platform.store.writing() as connection:
        seqs = [row["seq"] for row in connection.execute("SELECT seq FROM logs ORDER BY seq")]
        scores = zip(seqs[:3], [0.5, 0.1, 0.9], strict=True)
        upsert(connection, [Score(seq, "exact_match", value) for seq, value in scores])

    lowest = browser.get(f"/datasets/{dataset}/?sort=score__exact_match")
    highest = browser.get(f"/datasets/{dataset}/?sort=-score__exact_match&rows=roots")

    assert re.findall(r"question (\d)", lowest.text) == ["1", "0", "2"]
    assert re.findall(r"question (\d)", highest.text) == ["2", "0", "1"]
    assert "1 to 3 of 3" in lowest.text
    assert 'value="-score__exact_match">Highest score: exact_match' in lowest.html


def test_a_match_far_into_a_text_or_in_a_comment_is_shown(browser, platform, dataset):
    platform.fill(dataset, [{"input": "filler " * 200 + "needle at the end", "output": "x"}])

    far = browser.get(f"/datasets/{dataset}/?q=needle").text
    comment = browser.get(f"/datasets/{dataset}/?q=rather").text

    assert "\u2026" in far
    assert "needle at the end" in far
    assert "Comment: Rather short" in " ".join(comment.split())


def test_a_value_leads_to_the_rows_that_have_it_too(browser, platform):
    dataset = platform.dataset()
    metadata = {"model": "gpt 4&o", "team": "shop", "log_type": "chat"}
    platform.fill(dataset, [{"input": "a", "metadata": metadata}, {"input": "b"}])
    (log, _) = platform.logs(dataset)

    table = browser.get(f"/datasets/{dataset}/?q=a").html
    row = browser.get(f"/datasets/{dataset}/logs/{log['unique_id']}/").html

    assert f'href="/datasets/{dataset}/?q=a&amp;where=model%7Ceq%7Cgpt+4%26o"' in table
    assert f'href="/datasets/{dataset}/?where=metadata__team%7Ceq%7Cshop"' in row
    for address in re.findall(r'href="[^"]*\?(where[^"]*)"', row):
        found = browser.get(f"/datasets/{dataset}/?{html.unescape(address)}")
        assert "1 to 1 of 1" in found.text
