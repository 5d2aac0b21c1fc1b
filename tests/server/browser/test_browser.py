"""What a person does: watches rows arrive, filters, opens one, corrects it, compares, exports."""

import json

import pytest

pytestmark = pytest.mark.browser

HOSTILE = (
    "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"
    "[click](javascript:window.hacked=1) javascript:window.hacked=1 \u202egpj.exe\u202c"
    "</textarea><svg onload='window.hacked = 1'>"
)


def log(number: int, **more) -> dict:
    return {
        "input": [{"role": "user", "content": f"question {number}"}],
        "output": {"role": "assistant", "content": f"answer {number}"},
        "metadata": {"model": f"model-{number % 2}", "status": "success", "log_type": "chat"},
        "metrics": {"cost": number / 100, "latency": number / 2, "total_tokens": number},
    } | more


@pytest.fixture
def dataset(platform_on_disk) -> str:
    dataset = platform_on_disk.dataset("support-bot")
    platform_on_disk.fill(dataset, [log(number) for number in range(6)])
    return dataset


def seen(page) -> list[str]:
    """The questions in the table, from top to bottom."""
    return [text.split()[-1] for text in page.locator("tr[data-row] .row-link").all_inner_texts()]


def wait_for_rows(page, count: int) -> None:
    page.wait_for_function(
        "count => document.querySelectorAll('tr[data-row]').length === count", arg=count
    )


def test_rows_arrive_while_the_page_is_open(person, platform_on_disk):
    dataset = platform_on_disk.dataset("support-bot")
    person.goto("/")
    person.get_by_role("link", name="support-bot").click()
    person.get_by_text("Waiting for the first row").wait_for()

    platform_on_disk.fill(dataset, [log(1)])
    wait_for_rows(person, 1)
    platform_on_disk.fill(dataset, [log(2)])
    wait_for_rows(person, 2)

    assert seen(person) == ["2", "1"]


def test_the_list_of_datasets_follows(person, platform_on_disk):
    person.goto("/")
    person.get_by_text("No datasets yet").wait_for()

    platform_on_disk.dataset("brand-new")

    person.get_by_role("link", name="brand-new").wait_for()


def test_filters_search_and_sorting_work_together(person, dataset):
    person.goto(f"/datasets/{dataset}/")
    person.get_by_label("Model").select_option("model-1")
    wait_for_rows(person, 3)
    assert seen(person) == ["5", "3", "1"]

    person.get_by_role("link", name="Cost").click()
    person.get_by_role("link", name="Cost").click()
    person.wait_for_url("**sort=cost**")
    assert seen(person) == ["1", "3", "5"]

    person.get_by_text("Filter", exact=True).click()
    person.get_by_label("Field").fill("cost")
    person.locator("select[name=operator]").select_option("gt")
    person.get_by_label("Value").fill("0.02")
    person.get_by_role("button", name="Add filter").click()
    wait_for_rows(person, 2)
    assert seen(person) == ["3", "5"]

    person.get_by_label("Search inputs and outputs").fill("question 5")
    person.keyboard.press("Enter")
    wait_for_rows(person, 1)
    person.get_by_role("link", name="Clear all").click()
    wait_for_rows(person, 6)


def test_the_expected_output_is_corrected_by_keyboard_alone(person, dataset, platform_on_disk):
    person.goto(f"/datasets/{dataset}/")
    person.keyboard.press("j")
    person.keyboard.press("j")
    person.keyboard.press("Enter")
    person.get_by_role("heading", name="Output", exact=True).wait_for()
    person.wait_for_load_state()  # keys are heard once the page's script has run
    person.keyboard.press("e")
    person.keyboard.type("a better answer")
    person.get_by_role("button", name="Save").press("Enter")
    person.get_by_text("Saved").wait_for()

    corrected = platform_on_disk.logs(dataset)[4]
    assert corrected["input"][0]["content"] == "question 4"
    assert corrected["expected_output"] == "a better answer"


def test_an_output_is_copied_and_scored(person, dataset, platform_on_disk):
    unique_id = platform_on_disk.logs(dataset)[2]["unique_id"]
    person.goto(f"/datasets/{dataset}/logs/{unique_id}/")

    person.get_by_role("button", name="Copy from the output").click()
    person.locator("label", has_text="Good").click()
    person.get_by_label("Comment").fill("right")
    person.get_by_role("button", name="Save").click()
    person.get_by_text("Saved").wait_for()

    kept = platform_on_disk.logs(dataset)[2]
    assert kept["expected_output"] == "answer 2"
    assert (kept["scores"]["human"]["score"], kept["scores"]["human"]["comment"]) == (1.0, "right")


def test_neighbours_are_a_key_away(person, dataset, platform_on_disk):
    unique_id = platform_on_disk.logs(dataset)[3]["unique_id"]
    person.goto(f"/datasets/{dataset}/logs/{unique_id}/")

    person.keyboard.press("j")
    person.get_by_text("question 2", exact=True).wait_for()
    person.wait_for_load_state()  # keys are heard once the page's script has run
    person.keyboard.press("k")
    person.get_by_text("question 3", exact=True).wait_for()
    person.wait_for_load_state()
    person.keyboard.press("u")
    wait_for_rows(person, 6)


def test_two_rows_are_marked_and_compared(person, dataset):
    person.goto(f"/datasets/{dataset}/")
    for key in "jxjxc":
        person.keyboard.press(key)

    person.get_by_role("heading", name="Comparison").wait_for()
    assert person.locator("del").all_inner_texts()[-1] == "5"
    assert person.locator("ins").all_inner_texts()[-1] == "4"


def test_marks_survive_rows_that_arrive(person, dataset, platform_on_disk):
    person.goto(f"/datasets/{dataset}/")
    person.keyboard.press("j")
    person.keyboard.press("x")

    platform_on_disk.fill(dataset, [log(9)])
    wait_for_rows(person, 7)

    marked = person.locator("tr:has(input[name=row]:checked) .row-link")
    assert marked.all_inner_texts() == ["question 5"]


def test_what_is_filtered_is_exported(person, dataset, tmp_path):
    person.goto(f"/datasets/{dataset}/?model=model-0")
    person.get_by_text("Export", exact=True).click()
    with person.expect_download() as download:
        person.get_by_role("link", name="JSONL").click()
    download.value.save_as(tmp_path / "export.jsonl")

    lines = (tmp_path / "export.jsonl").read_text().splitlines()
    assert download.value.suggested_filename == "support-bot.jsonl"
    assert [json.loads(line)["input"][0]["content"][-1] for line in lines] == ["0", "2", "4"]


def test_a_hostile_answer_is_shown_harmlessly(person, platform_on_disk):
    dataset = platform_on_disk.dataset(HOSTILE)
    hostile = {"role": "assistant", "content": HOSTILE, "reasoning_content": HOSTILE}
    platform_on_disk.fill(
        dataset,
        [
            log(1, input=[{"role": "user", "content": HOSTILE}], output=hostile,
                expected_output=HOSTILE + str(n), metadata={"model": HOSTILE, HOSTILE: HOSTILE})
            for n in range(2)
        ],
    )  # fmt: skip
    one, other = (row["unique_id"] for row in platform_on_disk.logs(dataset))

    for place in (
        "/",
        f"/datasets/{dataset}/",
        f"/datasets/{dataset}/logs/{one}/",
        f"/datasets/{dataset}/compare?row={one}&row={other}",
    ):
        person.goto(place)
        person.wait_for_load_state("networkidle")
        assert "<script>window.hacked" in person.locator("body").inner_text()
        assert "\u202e" not in person.locator("body").inner_text()
        assert person.evaluate("window.hacked") is None
        assert person.locator("main a[href^='javascript:']").count() == 0


def test_a_row_of_five_megabytes_is_truncated(person, platform_on_disk):
    dataset = platform_on_disk.dataset()
    platform_on_disk.fill(dataset, [log(1, output="word " * 1_000_000 + "the very end")])
    person.goto(f"/datasets/{dataset}/")
    person.locator(".row-link").click()
    person.get_by_role("link", name="Show all 5M characters").first.click()

    person.wait_for_url("**whole=1**")
    assert person.locator(".output .text").inner_text().endswith("the very end")


@pytest.mark.parametrize("width", [320, 390, 768])
def test_no_page_overflows_a_small_screen(person, dataset, platform_on_disk, width):
    platform_on_disk.fill(dataset, [log(7, input="w" * 400, metadata={"span_name": "n" * 200})])
    unique_id = platform_on_disk.logs(dataset)[-1]["unique_id"]
    person.set_viewport_size({"width": width, "height": 800})

    for place in ("/", f"/datasets/{dataset}/", f"/datasets/{dataset}/logs/{unique_id}/"):
        person.goto(place)
        person.wait_for_load_state("networkidle")
        assert person.evaluate("document.documentElement.scrollWidth") <= width


def test_light_and_dark_are_a_choice_that_stays(person, dataset):
    person.goto("/")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = person.evaluate(ground)
    person.keyboard.press("t")
    dark = person.evaluate(ground)
    person.goto(f"/datasets/{dataset}/")

    assert light != dark
    assert person.evaluate(ground) == dark


def test_the_shortcuts_are_explained(person):
    person.goto("/")
    person.keyboard.press("?")

    person.get_by_text("write the expected output").wait_for()
    person.keyboard.press("Escape")
    person.get_by_role("dialog").wait_for(state="hidden")


def test_every_control_has_a_name(person, dataset, platform_on_disk):
    unique_id = platform_on_disk.logs(dataset)[0]["unique_id"]

    for place in ("/", f"/datasets/{dataset}/", f"/datasets/{dataset}/logs/{unique_id}/"):
        person.goto(place)
        nameless = person.evaluate("""() => [...document.querySelectorAll(
            'button, a[href], select, textarea, input:not([type=hidden])')].filter(control =>
            !control.textContent.trim() && !control.labels?.length
            && !control.getAttribute('aria-label')).map(control => control.outerHTML)""")
        assert nameless == []


def test_without_scripts_the_page_still_works(chromium, address, dataset):
    context = chromium.new_context(base_url=address, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"/datasets/{dataset}/")
    page.get_by_label("Model").select_option("model-1")
    page.get_by_role("button", name="Apply").click()
    shown = seen(page)
    page.locator(".row-link").first.click()
    page.get_by_label("Expected output").fill("plain")
    page.get_by_role("button", name="Save").click()
    kept = page.get_by_label("Expected output").input_value()
    context.close()

    assert shown == ["5", "3", "1"]
    assert kept == "plain"
