"""The list of datasets: found, created, renamed, deleted, and drawn over time."""

import re
import time
from urllib.parse import urlencode

import pytest
from server.pages.test_pages import Browser


@pytest.fixture
def browser(platform) -> Browser:
    return Browser(platform.store)


def names(visited) -> list[str]:
    return re.findall(r'<a href="/datasets/[^"]*" dir="auto">([^<]*)</a>', visited.html)


def test_datasets_are_found_by_name_and_description(browser, platform):
    golden = platform.dataset("golden")
    platform.dataset("support-bot")
    platform.ask("PATCH", f"/datasets/{golden}/", {"description": "Checked by people"})

    assert names(browser.get("/?q=SUPPORT")) == ["support-bot"]
    assert names(browser.get("/live?q=checked")) == ["golden"]
    assert "No dataset of this name" in browser.get("/?q=nowhere").text


def test_a_dataset_is_created_and_shown_with_the_lines_that_fill_it(browser):
    created = browser.post("/", "name=golden")

    assert created.status == 303
    assert "dataset=&#x27;golden&#x27;" in browser.get(created.headers["location"]).html
    assert browser.post("/", "name=+").status == 400


def change(browser, dataset: str, **fields: str):
    return browser.post(f"/datasets/{dataset}/settings", urlencode(fields))


def test_a_dataset_is_renamed(browser, platform):
    dataset = platform.dataset("old")

    assert change(browser, dataset, action="rename", name="new", description="why").status == 303

    page = browser.get(f"/datasets/{dataset}/")
    assert "<h1" in page.html
    assert "new" in page.text
    assert "why" in page.text
    assert change(browser, dataset, action="rename", name="").status == 400
    assert change(browser, dataset, action="explode").status == 400


def test_a_dataset_is_deleted_with_its_rows(browser, platform):
    dataset = platform.dataset("old")
    platform.fill(dataset, [{"input": "x"}])

    assert change(browser, dataset, action="delete").headers["location"] == "/"

    assert browser.get(f"/datasets/{dataset}/").status == 404
    assert names(browser.get("/")) == []


def test_a_dataset_shows_its_rows_of_the_last_thirty_days(browser, platform):
    dataset = platform.dataset()
    ages = [0, 0, 3, 200]
    platform.fill(
        dataset,
        [{"input": "x", "metrics": {"timestamp": time.time() - days * 86_400}} for days in ages],
    )

    page = browser.get("/")

    assert "3 rows in the last 30 days" in page.html
    assert page.html.count('class="bar-strong"') == 2


def test_the_served_file_is_named(platform_at, tmp_path):
    platform = platform_at(tmp_path / "respan.db")

    text = Browser(platform.store).get("/").text

    assert str(tmp_path / "respan.db") in text
    assert "kB" in text
