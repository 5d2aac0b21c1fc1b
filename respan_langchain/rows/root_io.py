"""What an evaluator should see of a root run: the question and the answer, not the machinery.

A state that carries messages becomes the conversation so far and the message that answered it;
`input_key` and `output_key` take a part of any other input or output.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

from langchain_core.outputs import LLMResult

from respan_langchain.rows.tool_calls import tool_output
from respan_langchain.serialization.json_value import Json, json_value
from respan_langchain.serialization.messages import (
    get_role,
    parse_conversation,
    serialize_generations,
    serialize_messages,
)
from respan_langchain.tracing.run import Run

MESSAGES: Final = "messages"
STRUCTURED: Final = "structured_response"
"""Where `create_agent` leaves the object that was asked for with `response_format`."""


class RootIO(NamedTuple):
    """What stands in a row's `input` and `output`; None where there is nothing."""

    input: Json
    output: Json


def root_io(
    run: Run,
    *,
    input_key: str | None,
    output_key: str | None,
    conversation: Literal["auto", "off"],
    keep_media: bool,
) -> RootIO:
    """Choose what a root's row shows of its input and output."""
    asked, given = run.inputs, run.outputs
    if given is None and run.status in ("abandoned", "incomplete"):
        given = _latest(run.trace.last_output, keep_media=keep_media)
    is_state = conversation == "auto" and _messages_of(asked) is not None
    if input_key is not None:
        shown_input = _part(asked, input_key, keep_media=keep_media)
    elif is_state:
        shown_input = _so_far(asked, given, keep_media=keep_media)
    else:
        shown_input = json_value(asked, keep_media=keep_media)
    if output_key is not None:
        shown_output = _part(given, output_key, keep_media=keep_media)
    elif is_state and _messages_of(given):
        shown_output = _answer(given, keep_media=keep_media)
    elif run.kind == "tool":
        shown_output = tool_output(given, keep_media=keep_media)
    else:
        shown_output = json_value(given, keep_media=keep_media)
    return RootIO(shown_input, shown_output)


def _latest(given: object, *, keep_media: bool) -> object:
    """What a model or a node gave last, as its root might have given it."""
    if isinstance(given, LLMResult):
        return serialize_generations(given, keep_media=keep_media).output
    # A node may give commands in place of a part of the state.
    last = given[-1] if isinstance(given, list) and given else None
    update = last.get("update") if isinstance(last, Mapping) else getattr(last, "update", None)
    state = update if isinstance(update, Mapping) else given
    said = _messages_of(state)
    # A node that asks anew has not answered.
    return None if said and get_role(said[-1]) in ("user", "system", "developer") else state


def _part(value: object, path: str, *, keep_media: bool) -> Json:
    """Follow a key or a dotted path.

    The whole value where it does not lead anywhere, so that no row is emptied.
    """
    found = value
    steps = [path] if isinstance(value, Mapping) and path in value else path.split(".")
    for step in steps:
        found = _inside(found, step, keep_media=keep_media)
        if found is _NOWHERE:
            found = value
            break
    return json_value(found, keep_media=keep_media)


def _inside(value: object, step: str, *, keep_media: bool) -> object:
    if isinstance(value, Mapping) and step in value:
        return value[step]
    if isinstance(value, Sequence) and not isinstance(value, str) and step.lstrip("-").isdigit():
        index = int(step)
        return value[index] if -len(value) <= index < len(value) else _NOWHERE
    if hasattr(type(value), "model_fields"):
        # As it is shown, since that is all there is of it where content is frozen at once.
        shown = json_value(value, keep_media=keep_media)
        if isinstance(shown, Mapping) and step in shown:
            return shown[step]
        return getattr(value, step, _NOWHERE)
    return _NOWHERE


_NOWHERE: Final = object()


def _messages_of(state: object) -> Sequence[object] | None:
    found = state.get(MESSAGES) if isinstance(state, Mapping) else getattr(state, MESSAGES, None)
    return parse_conversation(found)


def _so_far(asked: object, given: object, *, keep_media: bool) -> Json:
    """The conversation up to the latest question, with the turns a checkpointer remembered."""
    question = serialize_messages(_messages_of(asked) or (), keep_media=keep_media)
    is_all = isinstance(asked, Mapping) and not set(asked) - {MESSAGES}
    whole = None if is_all else json_value(asked, keep_media=keep_media)
    if isinstance(whole, dict) and whole.keys() - {MESSAGES}:
        return whole
    final = _messages_of(given)
    if not final or not question:
        return list(question)
    history = serialize_messages(final, keep_media=keep_media)
    for index in range(len(history) - 1, -1, -1):
        if history[index] == question[-1]:
            return list(history[: index + 1])
    return list(question)


def _answer(state: object, *, keep_media: bool) -> Json:
    """The structured response, the last answer of a model or a tool, else the whole state."""
    structured = state.get(STRUCTURED) if isinstance(state, Mapping) else None
    if structured is not None:
        return json_value(structured, keep_media=keep_media)
    final = _messages_of(state) or ()
    last = final[-1] if final else None
    role = get_role(last)
    if role == "assistant":
        return serialize_messages([last], keep_media=keep_media)[0]
    if role == "tool":
        return tool_output(last, keep_media=keep_media)
    return json_value(state, keep_media=keep_media)
