"""Work with many rows: evaluations, comparison, and what is done with marked rows."""

from urllib.parse import urlencode

import pytest
from server.pages.test_pages import Browser, ids
from support.evaluations import wait_for_evaluations


@pytest.fixture
def browser(platform) -> Browser:
    return Browser(platform.store)


@pytest.fixture
def dataset(platform) -> str:
    dataset = platform.dataset("support-bot")
    steps = [{"tool": "search", "input": {"q": "shoes"}, "output": "three pairs"}]
    platform.fill(
        dataset,
        [
            {"input": f"question {n}", "output": f"answer {n}", "expected_output": "answer 1",
             "metadata": {"trajectory": steps, "tags": ["old"]} if n == 1 else {}}
            for n in range(4)
        ],
    )  # fmt: skip
    return dataset


def evaluate(browser, platform, dataset, *names: str):
    body = urlencode({"evaluators": "\r\n".join(names)})
    started = browser.post(f"/datasets/{dataset}/evaluations", body)
    wait_for_evaluations()
    return started


def test_an_evaluation_is_started_and_listed_with_its_mean(browser, platform, dataset):
    assert "No evaluation yet" in browser.get(f"/datasets/{dataset}/evaluations").text

    started = evaluate(browser, platform, dataset, "exact_match", "contains:answer")

    assert started.status == 303
    page = " ".join(browser.get(f"/datasets/{dataset}/evaluations").text.split())
    assert "exact_match completed" in page
    assert "4 0.25" in page


def test_only_the_latest_run_of_an_evaluator_can_be_compared(browser, platform, dataset):
    for _ in range(2):
        evaluate(browser, platform, dataset, "exact_match", "contains:answer")

    page = browser.get(f"/datasets/{dataset}/evaluations")

    assert page.html.count('name="evaluator"') == 2
    assert page.text.count("A later run replaced its scores on the rows.") == 2


def test_an_unknown_evaluator_starts_nothing(browser, platform, dataset):
    started = evaluate(browser, platform, dataset, "exact_match", "python:os:getcwd")
    unknown = evaluate(browser, platform, dataset, "nonsense")

    assert (started.status, unknown.status) == (400, 400)
    assert "no evaluator" in unknown.text
    assert "No evaluation yet" in browser.get(f"/datasets/{dataset}/evaluations").text


def test_two_evaluators_are_compared_by_the_rows_on_which_they_differ(browser, platform, dataset):
    evaluate(browser, platform, dataset, "exact_match", "contains:answer")

    query = urlencode([("evaluator", "exact_match"), ("evaluator", "contains:answer")])
    page = " ".join(browser.get(f"/datasets/{dataset}/evaluations?{query}").text.split())

    assert "Same score 25%" in page
    assert "question 3 0 1 question 2 0 1 question 0 0 1" in page


def test_several_rows_are_compared_with_their_scores_and_tools(browser, platform, dataset):
    evaluate(browser, platform, dataset, "exact_match")
    rows = "&".join(f"row={one}" for one in ids(platform, dataset)[:3])

    page = browser.get(f"/datasets/{dataset}/compare?{rows}")

    assert page.html.count("<ins>") >= 2
    text = " ".join(page.text.split())
    assert "Score: exact_match 0 1 0" in text
    assert "Expected output the same in all" in text
    assert "three pairs" in text
    assert text.count("No tools.") == 2


def act(browser, dataset, action: str, rows: list[str], **fields: str):
    body = urlencode([("action", action), *(("row", one) for one in rows), *fields.items()])
    return browser.post(f"/datasets/{dataset}/bulk", body)


def test_marked_rows_are_added_to_another_dataset_once(browser, platform, dataset):
    marked = ids(platform, dataset)[:2]

    for _ in range(2):
        assert act(browser, dataset, "add", marked, target="golden").status == 303

    listed = platform.ask("POST", "/datasets/list/").body["results"]
    (golden,) = [one for one in listed if one["name"] == "golden"]
    logs = platform.logs(golden["id"])
    assert [log["input"] for log in logs] == ["question 0", "question 1"]
    assert {log["expected_output"] for log in logs} == {"answer 1"}


def test_marked_rows_are_tagged(browser, platform, dataset):
    marked = ids(platform, dataset)[:2]

    for _ in range(2):
        act(browser, dataset, "tag", marked, tag="to discuss")

    tags = [log["metadata"].get("tags") for log in platform.logs(dataset)]
    assert tags == [["to discuss"], ["old", "to discuss"], None, None]
    found = browser.get(f"/datasets/{dataset}/?where=metadata__tags|contains|to+discuss")
    assert "1 to 2 of 2" in found.text


def test_marked_rows_are_scored_and_keep_their_comments(browser, platform, dataset):
    marked = ids(platform, dataset)[:2]
    browser.post(f"/datasets/{dataset}/logs/{marked[0]}/review", "score=0&comment=why")

    act(browser, dataset, "score", marked, score="1", author="Ann")

    scores = [log["scores"].get("human") for log in platform.logs(dataset)]
    assert [(one["score"], one["comment"]) for one in scores[:2]] == [(1.0, "why"), (1.0, "")]
    assert scores[2:] == [None, None]


def test_marked_rows_are_deleted(browser, platform, dataset):
    other = platform.dataset("other")
    platform.fill(other, [{"input": "kept"}])
    marked = [*ids(platform, dataset)[1:3], *ids(platform, other)]

    act(browser, dataset, "delete", marked)

    assert [log["input"] for log in platform.logs(dataset)] == ["question 0", "question 3"]
    assert len(platform.logs(other)) == 1


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("add", {"target": ""}),
        ("add", {"target": "support-bot"}),
        ("tag", {"tag": " "}),
        ("tag", {"tag": "x" * 101}),
        ("score", {"score": "2"}),
        ("explode", {}),
    ],
)
def test_an_invalid_action_changes_nothing(browser, platform, dataset, action, fields):
    before = platform.logs(dataset)

    assert act(browser, dataset, action, ids(platform, dataset)[:1], **fields).status == 400
    assert act(browser, dataset, action, [], **fields).status == 400

    assert platform.logs(dataset) == before
