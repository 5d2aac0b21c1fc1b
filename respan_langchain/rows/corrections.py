"""People's decisions about tool calls, as labels of the model's answer that requested the calls."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from respan_langchain.rows.schema import Row
from respan_langchain.serialization.json_value import Json, json_value
from respan_langchain.tracing.interrupt_decisions import Decision
from respan_langchain.tracing.totals import RequestedCall

SCORE_NAME: Final = "human"
"""The name of the entry in `metadata.scores`."""


_MODEL_LOGS: Final = ("chat", "completion")


def add_labels(row: Row, decided: Mapping[str, Decision]) -> None:
    """Add the labels to a row, if it is a model call that requested such calls.

    With an edited call, the expected output is the answer as people left it, without rejected
    calls. A rejected call is a score of 0, with the words of who rejected it.
    """
    answer = row.get("output")
    is_model = row["metadata"].get("log_type") in _MODEL_LOGS
    if not decided or not is_model or not isinstance(answer, dict):
        return
    calls: Any = answer.get("tool_calls") or []
    decisions = [decided.get(_call_id(call), {}) for call in calls]
    types = [decision.get("type") for decision in decisions]
    if "edit" in types:
        expected = {**answer, "tool_calls": _corrected(calls, decisions)}
        row.setdefault("expected_output", expected)
    if "reject" in types:
        row["metadata"]["scores"] = [_rejection(decisions)]


def _call_id(call: object) -> str:
    """Return the id of a call; none for what a stored row has in place of one."""
    found = call.get("id") if isinstance(call, Mapping) else None
    return found if isinstance(found, str) else ""


def match_decisions(
    decisions: Sequence[Decision], requested: Mapping[str, RequestedCall]
) -> dict[str, Decision]:
    """Return the decisions by the ids of the calls that they are about.

    An interrupt names the id, or only the call's name and arguments; of equal calls, the one that
    was requested first is decided first.
    """
    matched: dict[str, Decision] = {}
    for decision in decisions:
        call_id = _find_call(decision.get("proposed"), requested, matched)
        if call_id is not None and not _is_unchanged(requested.get(call_id), decision):
            matched[call_id] = decision
    return matched


def _is_unchanged(call: RequestedCall | None, decision: Decision) -> bool:
    """Whether an edit leaves a call as the model requested it."""
    edited = decision.get("edited_action")
    if call is None or not isinstance(edited, Mapping):
        return False
    wanted = json_value([edited.get("name"), edited.get("args")])
    return json_value([call.name, call.args]) == wanted


def _find_call(
    proposed: Any, requested: Mapping[str, RequestedCall], matched: Mapping[str, Decision]
) -> str | None:
    if not isinstance(proposed, Mapping):
        return None
    if proposed.get("tool_call_id") is not None:
        return str(proposed["tool_call_id"])
    wanted = json_value([proposed.get("name"), proposed.get("args")])
    for call_id, call in requested.items():
        if call_id not in matched and json_value([call.name, call.args]) == wanted:
            return call_id
    return None


def _corrected(calls: Sequence[Any], decisions: Sequence[Decision]) -> list[Json]:
    return [
        _edited(call, decision.get("edited_action")) if decision.get("type") == "edit" else call
        for call, decision in zip(calls, decisions, strict=True)
        if decision.get("type") != "reject"
    ]


def _edited(call: Mapping[str, Any], action: Any) -> Json:
    """Return a call with the name and the arguments that a person gave it."""
    action = action if isinstance(action, Mapping) else {}
    arguments = orjson.dumps(json_value(action.get("args") or {})).decode()
    function = {"name": json_value(action.get("name")), "arguments": arguments}
    return {**call, "function": function}


def _rejection(decisions: Sequence[Decision]) -> dict[str, Json]:
    rejected = [each.get("message") for each in decisions if each.get("type") == "reject"]
    words = "\n".join(str(message) for message in rejected if message)
    entry: dict[str, Json] = {"name": SCORE_NAME, "score": 0.0}
    return {**entry, "comment": words} if words else entry
