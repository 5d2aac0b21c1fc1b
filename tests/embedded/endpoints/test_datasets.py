"""Datasets: made, found, changed, listed."""

import pytest


def test_an_empty_dataset_is_ready_at_once(platform):
    response = platform.ask("POST", "/datasets/", {"name": "support-bot", "is_empty": True})

    assert response.status == 201
    assert response.body["name"] == "support-bot"
    assert response.body["status"] == "ready"
    assert response.body["created_at"].endswith("Z")


def test_a_dataset_is_found_by_its_name(platform):
    wanted = platform.dataset("support-bot")
    platform.dataset("other")

    response = platform.ask(
        "POST",
        "/datasets/list/",
        {"filters": {"name": {"operator": "", "value": "support-bot"}}},
    )

    assert response.status == 200
    assert [one["id"] for one in response.body["results"]] == [wanted]
    assert (response.body["count"], response.body["next"], response.body["previous"]) == (
        1,
        None,
        None,
    )


def test_the_saved_logs_are_there_and_not_in_the_list(platform):
    assert platform.ask("GET", "/datasets/_saved_logs/").status == 200
    assert platform.ask("POST", "/datasets/list/").body["count"] == 0


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": 3}, {"name": "x" * 256}, {"name": "x", "initial_log_filters": []}],
    ids=["nothing", "empty", "number", "long", "filters"],
)
def test_a_dataset_with_an_invalid_name_is_rejected(platform, body):
    response = platform.ask("POST", "/datasets/", {"is_empty": True, **body})

    assert response.status == 400
    assert response.body["errors"]


def test_only_the_given_fields_of_a_dataset_change(platform):
    dataset = platform.dataset("before")

    response = platform.ask(
        "PATCH", f"/datasets/{dataset}/", {"description": "new", "starred": True}
    )

    assert response.status == 200
    assert (response.body["name"], response.body["description"]) == ("before", "new")
    assert response.body["starred"] is True


def test_an_unknown_dataset_is_not_found(platform):
    for method, rest in [("GET", ""), ("PATCH", ""), ("GET", "logs/x/"), ("POST", "logs/list/")]:
        assert platform.ask(method, f"/datasets/nowhere/{rest}", {}).status == 404


def test_pages_link_to_each_other(platform):
    for number in range(5):
        platform.dataset(f"d{number}")

    middle = platform.ask("POST", "/datasets/list/?page=2&page_size=2&sort_by=name").body

    assert [one["name"] for one in middle["results"]] == ["d2", "d3"]
    assert middle["count"] == 5
    assert middle["next"].endswith("/api/datasets/list/?page=3&page_size=2&sort_by=name")
    assert "page=1" in middle["previous"]
