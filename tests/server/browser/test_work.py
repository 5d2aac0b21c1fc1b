"""Marked rows: kept from page to page, compared, moved; evaluations are started and watched."""

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture
def dataset(platform_on_disk) -> str:
    dataset = platform_on_disk.dataset("support-bot")
    platform_on_disk.fill(
        dataset, [{"input": f"question {n}", "output": f"answer {n}"} for n in range(60)]
    )
    return dataset


def mark(person, *questions: str) -> None:
    for question in questions:
        row = person.locator("tr", has=person.get_by_role("link", name=question, exact=True))
        row.get_by_label("Mark").check()


def test_rows_of_two_pages_are_compared(person, dataset):
    person.goto(f"/datasets/{dataset}/")
    mark(person, "question 59", "question 58")
    person.get_by_role("link", name="Next").click()
    person.wait_for_url("**page=2**")
    person.get_by_text("2 rows marked").wait_for()
    mark(person, "question 3")
    person.get_by_role("button", name="Compare").click()

    person.get_by_role("heading", name="Comparison").wait_for()
    assert person.locator(".comparison thead th").count() == 3


def test_marked_rows_go_to_a_golden_dataset(person, dataset):
    person.goto(f"/datasets/{dataset}/")
    mark(person, "question 59", "question 57")
    person.get_by_text("Add to dataset", exact=True).click()
    person.get_by_label("Dataset, new or not").fill("golden")
    person.get_by_label("Dataset, new or not").press("Enter")
    person.wait_for_load_state("networkidle")
    assert not person.locator(".mark-bar").is_visible()

    person.goto("/")
    person.get_by_role("link", name="golden").click()
    person.locator(".row-link").nth(1).wait_for()
    texts = person.locator(".row-link").all_inner_texts()
    assert texts == ["question 59", "question 57"]


def test_marked_rows_are_tagged_on_a_phone(person, dataset, platform_on_disk):
    person.set_viewport_size({"width": 390, "height": 800})
    person.goto(f"/datasets/{dataset}/")
    mark(person, "question 59")
    person.locator("summary", has_text="Tag").click()
    person.get_by_label("Tag", exact=True).fill("to discuss")
    person.get_by_role("button", name="Add the tag").click()
    person.wait_for_load_state("networkidle")

    (newest,) = platform_on_disk.logs(dataset, query="page_size=1")
    assert newest["metadata"]["tags"] == ["to discuss"]


def test_marked_rows_are_deleted_after_a_second_click(person, dataset):
    person.goto(f"/datasets/{dataset}/")
    mark(person, "question 59")
    person.get_by_text("Delete", exact=True).click()
    person.get_by_role("button", name="Delete the marked rows").click()

    person.get_by_text("1 to 50 of 59").wait_for()


def test_an_evaluation_is_started_and_its_scores_appear(person, dataset):
    person.goto(f"/datasets/{dataset}/")
    person.get_by_role("link", name="Evaluate").click()
    person.get_by_label("Evaluators, one a line").fill("contains:answer\ncontains:5")
    person.get_by_role("button", name="Start").click()
    person.get_by_text("completed").nth(1).wait_for()

    person.get_by_label("Choose to compare").first.check()
    person.get_by_label("Choose to compare").last.check()
    person.get_by_role("button", name="Compare two evaluators").click()
    person.get_by_text("Where the two differ most").wait_for()
    person.get_by_role("link", name="contains:5").first.click()
    person.locator(".score").first.wait_for()
