"""Finding: what a search found is marked, and a click on a value filters by it."""

import pytest

pytestmark = pytest.mark.browser

FOUND = """() => [...(CSS.highlights.get("found") ?? [])].map(range => range.toString())"""


@pytest.fixture
def dataset(platform_on_disk) -> str:
    dataset = platform_on_disk.dataset("support-bot")
    for number in range(3):
        metadata = {"model": f"model-{number % 2}", "customer_identifier": f"customer-{number}"}
        log = {"input": f"Where is my order {number}?", "output": "Sorted", "metadata": metadata}
        platform_on_disk.fill(dataset, [log])
    return dataset


def test_the_words_of_a_search_are_marked_in_the_list_and_on_the_row(person, dataset):
    person.goto(f"/datasets/{dataset}/?q=ORDER+1")
    assert person.evaluate(FOUND) == ["order", "1"]

    person.locator(".row-link").click()
    person.get_by_role("heading", name="Output", exact=True).wait_for()

    person.wait_for_function(f"({FOUND})().length >= 2")


def test_a_click_on_a_value_filters_by_it(person, dataset):
    person.goto(f"/datasets/{dataset}/")
    person.get_by_role("link", name="model-0").first.click()
    person.wait_for_url("**where=model**")
    assert person.locator("tr[data-row]").count() == 2

    person.locator(".row-link").first.click()
    person.get_by_role("link", name="customer-2").first.click()
    person.wait_for_url("**customer_identifier**")
    assert person.locator("tr[data-row]").count() == 1


def test_the_order_is_chosen_in_a_menu(person, dataset):
    person.goto(f"/datasets/{dataset}/")
    person.get_by_label("Order").select_option("Oldest first")
    person.wait_for_url("**sort=created_at**")

    assert person.locator(".row-link").first.inner_text() == "Where is my order 0?"
