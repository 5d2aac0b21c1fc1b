"""The carrier: a dataset's name costs no more time than a request may take."""

import json

import httpx
import pytest

from respan_langchain.pipeline.transport import RespanTransport
from respan_langchain.settings.reading import read_settings

EMPTY = {"count": 0, "next": None, "previous": None, "results": []}
MADE = {"id": "d1", "name": "support-bot"}
STORED = {"success_count": 1, "error_count": 0, "errors": []}


class Platform:
    """Answers by path, and remembers how long each request could have taken."""

    def __init__(self):
        self.allowed = []
        self.gone = set()

    def __call__(self, request):
        self.allowed.append(request.extensions["timeout"]["read"])
        if request.url.path.endswith("/bulk/"):
            if request.url.path.split("/")[3] in self.gone:
                return httpx.Response(404, json={"detail": "Not found."})
            return httpx.Response(201, json=STORED)
        if request.url.path.endswith("/list/"):
            return httpx.Response(200, json=EMPTY)
        return httpx.Response(201, json={**MADE, "id": f"d{len(self.gone) + 1}"})


@pytest.fixture
def platform():
    return Platform()


@pytest.fixture
def carrier(platform):
    with httpx.Client(transport=httpx.MockTransport(platform)) as client:
        yield RespanTransport(read_settings(api_key="k"), client)


def test_finding_the_dataset_is_part_of_the_time_of_a_request(carrier, platform):
    answer = carrier.send_bulk("name:support-bot", [], 5.0)

    assert answer.status == 201
    assert len(platform.allowed) == 4  # look, create, look again, send
    assert platform.allowed[0] <= 5.0
    assert sorted(platform.allowed, reverse=True) == platform.allowed


def test_a_lookup_by_name_has_the_same_timeout(carrier, platform):
    assert carrier.look_up(
        "name:support-bot", [b'{"metadata": {"custom_identifier": "a"}}'], 0.0, 5.0
    ) == [0]

    assert len(platform.allowed) == 4
    assert platform.allowed[0] <= 5.0
    assert sorted(platform.allowed, reverse=True) == platform.allowed


def test_nothing_is_sent_when_no_time_is_left(carrier, platform):
    answer = carrier.send_bulk("name:support-bot", [], 0.0)

    assert (answer.status, answer.maybe_sent, platform.allowed) == (None, False, [])


@pytest.mark.parametrize(("gone", "status"), [({"d1"}, 201), ({"d1", "d3"}, 404)])
def test_a_dataset_that_was_deleted_is_looked_up_again_by_its_name(gone, status, carrier, platform):
    first = carrier.send_bulk("name:support-bot", [], 5.0)
    platform.gone |= gone
    second = carrier.send_bulk("name:support-bot", [], 5.0)

    assert (first.status, second.status) == (201, status)


def given(identifier):
    entry = {"name": "feedback", "given_at": "2026", "score": 1.0}
    scores = {"custom_identifier": identifier, "scores": [entry]}
    return json.dumps({"metadata": scores}).encode()


class RatedPlatform:
    """Has the rows `a` to `d`, and answers a change of one with its status in `changes`."""

    def __init__(self, **changes):
        self.changes = changes

    def __call__(self, request):
        if request.url.path.endswith("/logs/list/"):
            logs = [{"unique_id": x, "metadata": {"custom_identifier": x}} for x in "abcd"]
            return httpx.Response(200, json={**EMPTY, "results": logs})
        log = request.url.path.split("/")[-2]
        status = self.changes.get(log, 200) if request.method == "PATCH" else 200
        return httpx.Response(status, json={"unique_id": log})


@pytest.mark.parametrize(
    ("changes", "states"),
    [
        ({}, ["applied", "no_row", "applied"]),
        ({"a": 422}, ["refused", "no_row", "applied"]),
        ({"a": 404}, ["no_row", "no_row", "applied"]),
        ({"a": 429}, ["failed", "failed", "failed"]),
        ({"b": 500}, ["applied", "no_row", "failed"]),
    ],
    ids=["applied", "refused", "deleted", "throttled", "fails"],
)
def test_each_feedback_of_a_request_has_its_own_state(changes, states):
    with httpx.Client(transport=httpx.MockTransport(RatedPlatform(**changes))) as client:
        transport = RespanTransport(read_settings(api_key="k"), client)
        bodies = [given("a"), given("missing"), given("b")]

        assert transport.apply_feedback("feedback:id:d1", bodies, 5.0) == states


def test_feedback_waits_while_the_list_cannot_be_read():
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(401))) as client:
        transport = RespanTransport(read_settings(api_key="k"), client)

        assert transport.apply_feedback("feedback:id:d1", [given("a")], 5.0) is None
        assert transport.apply_feedback("feedback:name:d", [given("a")], 5.0) is None
