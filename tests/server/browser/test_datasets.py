"""Datasets are created, renamed and deleted by a person."""

import pytest

pytestmark = pytest.mark.browser


def test_a_dataset_is_created_renamed_and_deleted(person, platform_on_disk):
    platform_on_disk.dataset("other")
    person.goto("/")
    person.get_by_text("New dataset").click()
    person.get_by_label("Name").fill("golden")
    person.get_by_role("button", name="Create").click()
    person.get_by_role("heading", name="golden").wait_for()

    person.get_by_text("Settings", exact=True).click()
    person.get_by_label("Name").fill("gold")
    person.get_by_role("button", name="Save").click()
    person.get_by_role("heading", name="gold", exact=True).wait_for()

    person.goto("/?q=gol")
    assert person.locator("tr[data-row]").count() == 1
    person.get_by_role("link", name="gold").click()
    person.get_by_text("Settings", exact=True).click()
    person.get_by_text("Delete the dataset").click()
    person.get_by_role("button", name="Delete it and its 0 rows").click()

    person.get_by_role("heading", name="Datasets").wait_for()
    assert person.locator("tr[data-row]").all_inner_texts()[0].startswith("other")
