"""A row that is copied: messages, a test that runs, a command that creates the row again."""

import json
import shlex

import pytest
from server.pages.test_pages import Browser, ids

HOSTILE = 'it\'s "quoted" $(touch /tmp/x) `y` \n\'\'\' """ \\'


@pytest.fixture
def copied(platform):
    def copy(name: str, **log) -> str:
        dataset = platform.dataset()
        platform.fill(dataset, [log])
        address = f"/datasets/{dataset}/logs/{ids(platform, dataset)[0]}/copy/{name}"
        return Browser(platform.store).get(address).html

    return copy


def test_messages_end_with_the_answer(copied):
    question = {"role": "user", "content": "Where is it?"}

    assert json.loads(copied("messages.json", input=[question], output="Here.")) == [
        question,
        {"role": "assistant", "content": "Here."},
    ]


@pytest.mark.parametrize("expected", [HOSTILE, {"a": [1, None, True]}, None])
def test_a_pytest_case_runs(copied, expected):
    more = {"expected_output": expected} if expected is not None else {}
    source = copied("test_case.py", input={"question": f"Why? {HOSTILE}"}, output="x", **more)
    given: list[object] = []

    class Chain:
        def invoke(self, value):
            given.append(value)
            return expected or "x"

    namespace: dict = {}
    exec(source, namespace)  # noqa: S102  # it is what a person pastes into a test
    (test,) = [value for name, value in namespace.items() if name.startswith("test_why")]
    test(Chain())

    assert given == [{"question": f"Why? {HOSTILE}"}]
    if expected is None:
        assert "no expected output yet" in source


def test_a_curl_command_creates_the_row_again(copied, platform):
    command = shlex.split(copied("request.sh", input=HOSTILE, metadata={"team": HOSTILE}))

    address, body = command[command.index("POST") + 1], json.loads(command[-1])
    path = address[address.index("/datasets/") :]
    assert platform.ask("POST", path, body).status == 201
    dataset = path.split("/")[2]
    first, second = platform.logs(dataset)
    assert (second["input"], second["metadata"]) == (first["input"], first["metadata"])
