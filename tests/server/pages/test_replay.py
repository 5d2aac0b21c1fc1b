"""The report on a replay, on a page under its dataset."""

import sys
from html import unescape

import pytest
from server.pages.test_pages import Browser


@pytest.fixture
def browser(platform) -> Browser:
    return Browser(platform.store)


def recorded(number):
    return {
        "input": f"question {number}",
        "output": "Within 30 days.",
        "metadata": {"custom_identifier": f"row-{number}", "log_type": "workflow"},
        "metrics": {"cost": 0.002},
    }


def replayed(number, answer, **metadata):
    about = {"log_type": "workflow", "source": "replay", "replay_of": f"row-{number}"}
    return {
        "input": f"question {number}",
        "output": answer,
        "metadata": about | metadata,
        "metrics": {"cost": 0.001},
    }


@pytest.fixture
def dataset(platform) -> str:
    dataset = platform.dataset("support-bot")
    platform.fill(dataset, [recorded(number) for number in range(30)])
    return dataset


def page(browser, dataset):
    return unescape(" ".join(browser.get(f"/datasets/{dataset}/replay").text.split()))


def test_a_dataset_without_kept_replays_says_how_to_keep_them(browser, dataset):
    assert "No replay was kept" in page(browser, dataset)
    assert f"/datasets/{dataset}/replay" not in browser.get(f"/datasets/{dataset}/").html


def test_the_report_shows_the_verdict_and_the_rows_that_got_worse(browser, platform, dataset):
    replays = platform.dataset("support-bot@replays")
    platform.fill(replays, [replayed(number, "No idea.") for number in range(30)])
    platform.fill(replays, [replayed(number, "Within 30 days.") for number in range(1, 29)])
    missed = {"status": "error", "error_type": "DivergenceError", "error_message": "search(1)"}
    platform.fill(replays, [replayed(29, "", **missed)])

    shown = page(browser, dataset)

    assert "30 rows, 30 trials: 29 answered, 1 diverged" in shown
    assert "cost improved $0.002000 $0.001000 x0.50" in shown
    assert "question 0 same_answer 1 -> 0 Within No 30 days. idea." in shown
    assert "question 29 DivergenceError: search(1)" in shown
    assert "question 1 " not in shown
    assert "<del>Within</del><ins>No</ins>" in browser.get(f"/datasets/{dataset}/replay").html
    assert f"/datasets/{dataset}/replay" in browser.get(f"/datasets/{dataset}/").html


def test_what_models_wrote_is_escaped(browser, platform, dataset):
    replays = platform.dataset("support-bot@replays")
    platform.fill(replays, [replayed(3, "<script>alert(1)</script>")])

    assert "<script>alert" not in browser.get(f"/datasets/{dataset}/replay").html


def test_without_scipy_the_page_says_what_to_install(browser, platform, dataset, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    platform.fill(platform.dataset("support-bot@replays"), [replayed(3, "Yes.")])

    assert "pip install 'respan-langchain[replay]'" in page(browser, dataset)
