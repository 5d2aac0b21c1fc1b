"""The review queue: one row after the other, with the keyboard alone, and nothing typed is lost."""

import pytest

pytestmark = pytest.mark.browser


def log(number: int, **metadata: str) -> dict:
    return {
        "input": {"question": f"question {number}"},
        "output": f"answer {number}",
        "metadata": {"status": "success", "log_type": "chat", **metadata},
    }


def fill(platform, count: int) -> str:
    dataset = platform.dataset("support-bot")
    platform.fill(dataset, [log(number) for number in range(count)])
    return dataset


def open_queue(person, dataset: str, query: str = "") -> None:
    person.goto(f"/datasets/{dataset}/review{query}")
    person.wait_for_load_state()


def wait_for_row(person, number: int) -> None:
    person.get_by_text(f"answer {number}", exact=True).wait_for()
    person.wait_for_load_state()


@pytest.mark.slow
def test_fifty_rows_are_reviewed_with_the_keyboard_alone(person, platform_on_disk):
    dataset = fill(platform_on_disk, 50)
    person.goto(f"/datasets/{dataset}/")
    person.wait_for_load_state()
    person.keyboard.press("r")

    for number in range(50):
        wait_for_row(person, number)
        person.keyboard.press("123"[number % 3])
        if number % 10 == 0:
            person.keyboard.press("e")
            person.keyboard.type(f"better {number}")
            person.keyboard.press("Control+Enter")
        else:
            person.keyboard.press("Enter")

    person.get_by_text("All 50 rows are reviewed").wait_for()
    logs = platform_on_disk.logs(dataset, query="sort_by=created_at&page_size=100")
    assert [log["scores"]["human"]["score"] for log in logs] == ([1, 0.5, 0] * 17)[:50]
    assert [log["expected_output"] for log in logs if log["expected_output"]] == [
        f"better {number}" for number in range(0, 50, 10)
    ]


def test_what_was_typed_survives_a_reload_until_it_is_saved(person, platform_on_disk):
    dataset = fill(platform_on_disk, 2)
    open_queue(person, dataset)
    person.keyboard.press("e")
    person.keyboard.type("a long thought")
    person.reload()
    person.get_by_text("Unsaved changes were restored").wait_for()
    assert person.get_by_label("Expected output").input_value() == "a long thought"

    person.get_by_label("Comment").fill("and a comment")
    person.get_by_label("Comment").press("Control+Enter")
    wait_for_row(person, 1)

    assert person.get_by_label("Expected output").input_value() == ""
    (reviewed, _) = platform_on_disk.logs(dataset)
    assert reviewed["expected_output"] == "a long thought"
    assert reviewed["scores"]["human"]["comment"] == "and a comment"


def test_a_save_is_undone(person, platform_on_disk):
    dataset = fill(platform_on_disk, 3)
    open_queue(person, dataset)
    wait_for_row(person, 0)
    person.keyboard.press("3")
    person.keyboard.press("Enter")
    wait_for_row(person, 1)
    assert "human" in platform_on_disk.logs(dataset)[0]["scores"]

    person.keyboard.press("z")
    wait_for_row(person, 0)

    assert platform_on_disk.logs(dataset)[0]["scores"] == {}
    person.get_by_text("0 of 3 reviewed").wait_for()


def test_the_queue_says_who_reviewed_and_remembers_the_name(person, platform_on_disk):
    dataset = fill(platform_on_disk, 2)
    open_queue(person, dataset)
    person.get_by_label("Your name").fill("Ann")
    person.get_by_label("Your name").press("Control+Enter")
    wait_for_row(person, 1)

    assert person.get_by_label("Your name").input_value() == "Ann"
    person.keyboard.press("k")
    person.get_by_text("Reviewed by Ann").wait_for()


def test_rows_can_be_skipped_and_come_again(person, platform_on_disk):
    dataset = fill(platform_on_disk, 2)
    open_queue(person, dataset)
    wait_for_row(person, 0)
    person.keyboard.press("j")
    wait_for_row(person, 1)
    person.keyboard.press("Enter")
    wait_for_row(person, 0)


def test_the_queue_works_without_scripts(chromium, address, platform_on_disk):
    dataset = fill(platform_on_disk, 2)
    context = chromium.new_context(java_script_enabled=False, base_url=address)
    person = context.new_page()
    person.goto(f"/datasets/{dataset}/review")
    person.get_by_label("Comment").fill("fine")
    person.get_by_role("button", name="Save and next").click()
    person.get_by_text("answer 1", exact=True).wait_for()
    context.close()

    assert platform_on_disk.logs(dataset)[0]["scores"]["human"]["comment"] == "fine"
