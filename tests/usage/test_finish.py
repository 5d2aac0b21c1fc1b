"""Why a model stopped, and whether it refused, in the words of every API."""

import pytest
from langchain_core.messages import AIMessage

from respan_langchain.usage.finish import is_refused, read_finish_reason


@pytest.mark.parametrize(
    ("reported", "reason"),
    [
        ({"finish_reason": "stop"}, "stop"),
        ({"stop_reason": "end_turn"}, "end_turn"),
        ({"stopReason": "tool_use"}, "tool_use"),
        ({"done_reason": "stop"}, "stop"),
        ({"completionReason": "FINISH"}, "FINISH"),
        ({"finish_reason": "stopstop"}, "stop"),
        ({"status": "completed"}, "completed"),
        ({"status": "queued", "incomplete_details": None}, "queued"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
         "content_filter"),
        ({"status": "incomplete", "incomplete_details": {}}, "incomplete"),
        ({"status": "completed", "finish_reason": "tool_calls"}, "tool_calls"),
        ({"finish_reason": None}, None),
        ({"finish_reason": 3, "status": 200}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_the_finish_reason_of_every_api_is_read(reported, reason):
    assert read_finish_reason(reported) == reason


@pytest.mark.parametrize(
    ("message", "reported", "reason"),
    [
        (AIMessage(""), {}, "refusal"),
        (AIMessage(""), {}, "content_filter"),
        (AIMessage(""), {}, "SAFETY"),
        (AIMessage(""), {}, "PROHIBITED_CONTENT"),
        (AIMessage(""), {}, "guardrail_intervened"),
        (AIMessage(""), {}, "ERROR_TOXIC"),
        (AIMessage([{"type": "refusal", "refusal": "No."}]), {}, "completed"),
        (AIMessage("", additional_kwargs={"refusal": "No."}), {}, "stop"),
        (AIMessage(""), {"prompt_feedback": {"block_reason": "SAFETY"}}, None),
    ],
)
def test_a_refusal_is_recognized_in_every_api(message, reported, reason):
    assert is_refused(message, reported, reason)


@pytest.mark.parametrize(
    ("message", "reported", "reason"),
    [
        (AIMessage("No."), {}, "stop"),
        (AIMessage("", additional_kwargs={"refusal": None}), {}, "length"),
        (AIMessage([{"type": "text", "text": "a"}, "b"]), {}, None),
        (AIMessage(""), {"prompt_feedback": {"block_reason": None}}, "MAX_TOKENS"),
        (None, {"prompt_feedback": []}, None),
    ],
)
def test_an_answer_and_an_answer_that_was_cut_off_are_no_refusals(message, reported, reason):
    assert not is_refused(message, reported, reason)
