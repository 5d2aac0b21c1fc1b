"""Operations of several requests, on a fake clock."""

import json

import pytest

from respan_langchain.client.http_result import HttpResult
from respan_langchain.client.request_flow import RequestOptions, Sleep
from respan_langchain.client.workflows import give_feedback
from respan_langchain.errors import AuthenticationError, NotFoundError

LOG = {"unique_id": "u1", "metadata": {"custom_identifier": "run-1"}}


class LaggingPlatform:
    """Carries out the steps of a flow; its list shows the log from a moment on."""

    def __init__(self, *, shows_log_at: float, status: int = 200):
        self.now, self.shows_log_at, self.status = 0.0, shows_log_at, status
        self.changed = None
        self.lookups = 0

    def run(self, flow):
        result = None
        try:
            while True:
                step = flow.send(result)
                result = None
                if isinstance(step, Sleep):
                    self.now += step.seconds
                else:
                    result = HttpResult(self.status, json.dumps(self.answer(step)).encode())
        except StopIteration as done:
            return done.value

    def answer(self, step):
        path = step.request.path
        if path.endswith("logs/list/"):
            self.lookups += 1
            return {"results": [LOG] if self.now >= self.shows_log_at else [], "next": None}
        if path.endswith("d1/"):
            return {"id": "d1"}
        if step.request.method == "PATCH":
            self.changed = json.loads(step.content)
        return LOG

    def give_feedback(self, **options):
        limits = RequestOptions(clock=lambda: self.now)
        return self.run(give_feedback(limits, "d1", "run-1", score=1.0, **options))


def test_feedback_waits_for_a_row_that_the_list_shows_after_30_seconds():
    platform = LaggingPlatform(shows_log_at=30.0)

    platform.give_feedback()
    (score,) = platform.changed["metadata"]["scores"]
    assert score["score"] == 1.0
    assert platform.lookups < 10


def test_feedback_gives_up_at_its_timeout():
    platform = LaggingPlatform(shows_log_at=30.0)

    with pytest.raises(NotFoundError, match="or the list does not show it yet"):
        platform.give_feedback(timeout=20.0)
    assert platform.now <= 20.0


def test_feedback_with_a_wrong_key_fails_at_once():
    platform = LaggingPlatform(shows_log_at=0.0, status=401)

    with pytest.raises(AuthenticationError):
        platform.give_feedback()
    assert platform.now == 0.0
