"""The carrier: a dataset's name costs no more time than a request may take."""

import httpx
import pytest

from respan_langchain.pipeline.transport import RespanTransport
from respan_langchain.settings import read_settings

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
