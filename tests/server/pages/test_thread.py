"""A thread: what each row adds to the conversation, once."""

import pytest
from server.pages.test_pages import Browser


def turn(history: list[tuple[str, str]], question: str, answer: str) -> dict:
    messages = [{"role": "system", "content": "Be brief."}]
    for asked, answered in history:
        messages += [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
    messages += [{"role": "user", "content": question}]
    return {
        "input": messages,
        "output": {"role": "assistant", "content": answer},
        "metadata": {"thread_identifier": "chat 7"},
    }


@pytest.fixture
def browser(platform) -> Browser:
    return Browser(platform.store)


def test_a_thread_is_one_conversation(browser, platform):
    dataset = platform.dataset()
    first, second = ("Can I return shoes?", "Within 30 days."), ("Without the box?", "No.")
    platform.fill(dataset, [turn([], *first), turn([first], *second)])
    platform.fill(dataset, [{"input": "unrelated"}])

    text = browser.get(f"/datasets/{dataset}/thread?id=chat+7").text

    places = [text.index(said) for said in (*first, *second)]
    assert places == sorted(places)
    assert [text.count(said) for said in (*first, *second)] == [1, 1, 1, 1]
    assert "Be brief." not in text
    assert "unrelated" not in text


def test_a_row_leads_to_its_thread(browser, platform):
    dataset = platform.dataset()
    platform.fill(dataset, [turn([], "a", "b")])
    (log,) = platform.logs(dataset)

    row = browser.get(f"/datasets/{dataset}/logs/{log['unique_id']}/")

    assert f'href="/datasets/{dataset}/thread?id=chat+7"' in row.html


def test_an_unknown_thread_is_not_found(browser, platform):
    assert browser.get(f"/datasets/{platform.dataset()}/thread?id=x").status == 404
