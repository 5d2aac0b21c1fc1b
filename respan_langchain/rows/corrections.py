"""People's decisions about tool calls, as labels of the model's answer that requested the calls."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from respan_langchain.rows.schema import RowDraft
from respan_langchain.serialization.json_value import Json, json_value
from respan_langchain.tracing.interrupt_decisions import Decision
from respan_langchain.tracing.totals import RequestedCall

SCORE_NAME: Final = "human"
"""The name of the entry in `metadata.scores`."""


def add_corrections(draft: RowDraft) -> None:
    """Add what people decided about the calls in a model's answer.

    With an edited call, the expected output is the answer as people left it: edited calls in place
    of the model's, without the rejected ones. A rejected call gives the score 0 with the person's
    words.
    """
    row, trace = draft.row, draft.run.trace
    output: Any = row.get("output")
    calls = output.get("tool_calls") if isinstance(output, dict) else None
    if not trace.decisions or not calls:
        return
    decided = match_decisions(trace.decisions, trace.totals.requested_calls)
    decisions = [decided.get(call["id"], {}) for call in calls]
    types = [decision.get("type") for decision in decisions]
    if "edit" in types:
        row.setdefault("expected_output", {**output, "tool_calls": _corrected(calls, decisions)})
    if "reject" in types:
        words = [str(each["message"]) for each in decisions if _is_explained_rejection(each)]
        entry: dict[str, Json] = {"name": SCORE_NAME, "score": 0.0}
        row["metadata"]["scores"] = [{**entry, "comment": "\n".join(words)} if words else entry]


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
        if call_id is not None:
            matched[call_id] = decision
    return matched


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


def _is_explained_rejection(decision: Decision) -> bool:
    return decision.get("type") == "reject" and bool(decision.get("message"))
