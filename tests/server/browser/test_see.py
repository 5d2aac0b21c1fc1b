"""Seeing: Markdown, charts that follow new rows, and a click on a bar."""

import pytest

pytestmark = pytest.mark.browser


def log(number: int) -> dict:
    moment = f"2026-11-2{number}T09:00:00Z"
    return {"input": f"question {number}", "output": "**bold** and\n- a list",
            "metrics": {"timestamp": moment, "cost": 0.5}}  # fmt: skip


@pytest.fixture
def dataset(platform_on_disk) -> str:
    dataset = platform_on_disk.dataset("support-bot")
    platform_on_disk.fill(dataset, [log(1), log(2), log(2)])
    return dataset


def test_markdown_is_formatted_and_shown_as_written_on_demand(person, dataset):
    person.goto(f"/datasets/{dataset}/")
    person.locator(".row-link").first.click()
    assert person.locator(".output strong").inner_text() == "bold"

    person.get_by_role("link", name="As written").click()
    person.locator(".output").get_by_text("**bold** and").wait_for()
    person.get_by_role("link", name="Formatted").click()

    person.locator(".output strong").wait_for()


def test_a_bar_says_what_it_counts_and_leads_to_its_rows(person, dataset):
    person.goto(f"/datasets/{dataset}/")
    bar = person.locator(".chart").first.locator("svg a").last
    bar.hover(force=True)
    person.get_by_text("2 rows, 0 errors").first.wait_for()
    bar.click(force=True)

    person.wait_for_url("**where=timestamp**")
    assert person.locator("tr[data-row]").count() == 2


def test_charts_follow_new_rows(person, dataset, platform_on_disk):
    person.goto(f"/datasets/{dataset}/")
    count = person.locator(".chart strong").first
    count.wait_for()
    assert count.inner_text() == "3"

    platform_on_disk.fill(dataset, [log(3)])

    person.wait_for_function("() => document.querySelector('.chart strong').textContent === '4'")
