"""What people decided at a graph's interrupts, from the interrupts and the value that resumed it.

LangChain's human-in-the-loop middleware asks about tool calls, several at once (`action_requests`)
or one by one (`tool_approval`), and is answered with one decision each; any other
`interrupt(value)` is answered with any value.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from respan_langchain._untyped_values import read_part

Decision = dict[str, object]
TOOL_APPROVAL: Final = "tool_approval"


def get_decisions(interrupts: Sequence[object], command: object) -> list[Decision]:
    """Pair each interrupt with its answer; those that were not answered are left out.

    >>> get_decisions([{"value": "ok?", "id": "1"}], {"resume": "yes"})
    [{'request': 'ok?', 'response': 'yes'}]
    """
    answer = read_part(command, "resume")
    if answer is None:
        return []
    if not interrupts:
        return _pair(None, answer)
    found: list[Decision] = []
    for request, response in _answered(interrupts, answer):
        found += _pair(request, response)
    return found


def _answered(interrupts: Sequence[Any], answer: object) -> Iterable[tuple[object, object]]:
    """Interrupts with their answers: by id, or a single answer to the first one."""
    by_id = {read_part(interrupt, "id"): read_part(interrupt, "value") for interrupt in interrupts}
    if isinstance(answer, Mapping) and answer and answer.keys() <= by_id.keys():
        return [(by_id[key], response) for key, response in answer.items()]
    return [(read_part(interrupts[0], "value"), answer)]


def _pair(request: object, response: object) -> list[Decision]:
    if read_part(request, "type") == TOOL_APPROVAL and isinstance(response, Mapping):
        return [{"proposed": _call(request), **response}]
    decisions = read_part(response, "decisions")
    if not isinstance(decisions, list | tuple) or not all(
        isinstance(one, Mapping) for one in decisions
    ):
        return [
            {"response": response}
            if request is None
            else {"request": request, "response": response}
        ]
    proposed = read_part(request, "action_requests")
    calls = list(proposed) if isinstance(proposed, list | tuple) else []
    calls += [None] * (len(decisions) - len(calls))
    return [
        dict(decision) if call is None else {"proposed": _call(call), **decision}
        for call, decision in zip(calls, decisions, strict=False)
    ]


def _call(request: object) -> dict[str, object]:
    """Return the tool call that a person is asked about; only `tool_approval` names its id."""
    call = {key: read_part(request, key) for key in ("name", "args", "tool_call_id")}
    return {key: value for key, value in call.items() if value is not None}
