"""Chooses a root row's `input` and `output`: the question and the answer without other state.

`_show_input` and `_show_output` list the cases; docs/capture.md describes them for users.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from respan_langchain.rows.conversation import (
    MESSAGES,
    STRUCTURED,
    answer_of,
    is_single_text,
    messages_of,
    new_messages,
    show_answer,
    until_last_question,
    until_turn,
)
from respan_langchain.rows.schema import RowOptions
from respan_langchain.rows.tool_calls import tool_output
from respan_langchain.rows.value_parts import (
    find_part,
    get_documents_keys,
    get_fields,
    partial_output,
)
from respan_langchain.serialization.json_value import Json
from respan_langchain.serialization.messages import ContentSerializer
from respan_langchain.tracing.graph_commands import is_command
from respan_langchain.tracing.graph_state import GraphState
from respan_langchain.tracing.run import Run

BOOKKEEPING: Final = frozenset({"remaining_steps", "is_last_step", "active_agent", "jump_to"})
"""State keys of LangChain's prebuilt graphs that are not part of an answer."""


class RootIO(NamedTuple):
    """The `input` and `output` of a row; None where there is none."""

    input: Json
    output: Json


class RootCall(NamedTuple):
    """One call of a root: its input, its state, and its output."""

    given: object
    """The caller's input; None for a call that continues an earlier one."""
    continues: bool
    """Whether it was called to continue: with None, or with a command."""
    returned: object
    is_partial_answer: bool
    """Whether it did not return, and `returned` is what a model had answered until then."""
    state: GraphState
    is_tool: bool
    is_agent: bool
    conversation: bool
    """Whether messages are shown as a conversation and its answer."""
    serializer: ContentSerializer

    @property
    def begins_with(self) -> object:
        """The caller's input, or the state in which it continues."""
        if not self.continues:
            return self.given
        # A node that `Send` started reads its own argument. Only the final state has the messages.
        reads_state = messages_of(self.state.start) or not messages_of(self.returned)
        return self.state.start if reads_state else self.returned

    def show(self, value: object) -> Json:
        """Show a value as it is."""
        return self.serializer.value(value)

    def show_turns(self, messages: Sequence[object]) -> list[dict[str, Json]]:
        """Show messages as turns of a conversation."""
        return self.serializer.messages(messages)


def root_io(run: Run, options: RowOptions, serializer: ContentSerializer) -> RootIO:
    """Choose what a root's row shows of its input and output."""
    call = _read_call(run, options, serializer)
    return RootIO(_show_input(call, options.input_key), _show_output(call, options.output_key))


def root_input(run: Run, options: RowOptions, serializer: ContentSerializer) -> Json:
    """Choose what a root's row shows of its input."""
    return _show_input(_read_call(run, options, serializer), options.input_key)


def _read_call(run: Run, options: RowOptions, serializer: ContentSerializer) -> RootCall:
    trace = run.trace
    is_resume = trace.resumed_from is not None and not trace.resumed_run_ids
    gives_nothing = run.inputs is None or is_command(run.inputs) or is_resume
    returned, is_partial_answer = run.outputs, False
    if returned is None and (run.status in ("abandoned", "incomplete") or _failed_midway(run)):
        returned = partial_output(trace, serializer)
        is_partial_answer = trace.last_output_run is not None and trace.last_output_run.is_model
    return RootCall(
        given=None if gives_nothing else run.inputs,
        continues=gives_nothing
        and (run.inputs is not None or trace.graph_state.has_nodes or is_resume),
        returned=returned,
        is_partial_answer=is_partial_answer,
        state=trace.graph_state,
        is_tool=run.kind == "tool",
        is_agent=_is_agent(run),
        conversation=options.messages == "auto",
        serializer=serializer,
    )


def _failed_midway(run: Run) -> bool:
    return run.status == "error" and run.trace.last_output_is_partial


def _is_agent(run: Run) -> bool:
    return "lc_agent_name" in run.metadata or "agent" in str(run.metadata.get("ls_integration"))


def _show_input(call: RootCall, path: str | None) -> Json:
    if path is not None:
        return find_part(call.begins_with, path, call.serializer)
    return _conversation_so_far(call) if _has_messages(call) else call.show(call.begins_with)


def _show_output(call: RootCall, path: str | None) -> Json:
    if path is not None:
        return find_part(call.returned, path, call.serializer)
    if call.is_partial_answer:
        return call.show(call.returned)
    if call.is_tool:
        return tool_output(call.returned, call.serializer)
    if type(call.returned) is str:
        return call.show(call.returned)
    if _has_messages(call) and messages_of(call.returned) is not None:
        return _answer(call)
    if get_documents_keys(get_fields(call.returned)):
        return _answer_without_documents(call)
    if isinstance(call.returned, Mapping) and (call.state.has_nodes or call.continues):
        return _state_of_this_call(call)
    return call.show(call.returned)


def _has_messages(call: RootCall) -> bool:
    """Whether its input is a conversation."""
    if not call.conversation:
        return False
    if is_single_text(call.begins_with):
        return messages_of(call.state.start) is not None
    return messages_of(call.begins_with) is not None


def _conversation_so_far(call: RootCall) -> Json:
    """Return the turns that a checkpointer restored, then the caller's messages."""
    if call.continues:
        turns = call.show_turns(messages_of(call.begins_with) or [])
        return list(until_last_question(turns))
    start = messages_of(call.state.start)
    given = _given_messages(call)
    turns = call.show_turns(given)
    if turns:
        # A functional agent takes a list; only its output has the earlier turns.
        is_state = start is not None and not isinstance(call.given, list)
        seen = start if is_state else messages_of(call.returned)
        turns = until_turn(call.show_turns(seen or []), turns[-1]) or turns
    others = {key: value for key, value in get_fields(call.given).items() if key != MESSAGES}
    if not others:
        return list(turns)
    return {MESSAGES: list(turns), **{key: call.show(value) for key, value in others.items()}}


def _given_messages(call: RootCall) -> list[object]:
    if isinstance(call.given, Mapping) and is_single_text(call.given):
        return [call.given[MESSAGES]]
    return messages_of(call.given) or []


def _answer(call: RootCall) -> Json:
    """Return the message that answers, and the other state keys that this call wrote."""
    others = _written_besides_messages(call)
    if others.get(STRUCTURED) is not None:
        return call.show(others[STRUCTURED])
    message = answer_of(_messages_of_this_call(call))
    shown = None if message is None else show_answer(message, call.serializer)
    if others and not call.is_agent:
        turns = [] if message is None else call.show_turns([message])
        written = {key: call.show(value) for key, value in others.items() if key != STRUCTURED}
        return {**({MESSAGES: list(turns)} if turns else {}), **written}
    return shown


def _messages_of_this_call(call: RootCall) -> list[object]:
    final, start = messages_of(call.returned) or [], messages_of(call.state.start)
    if start is not None:
        return new_messages(final, start)
    question = call.show_turns(_given_messages(call))
    if not question:
        return final
    before = until_turn(call.show_turns(final), question[-1])
    return final if before is None else final[len(before) :]


def _written_besides_messages(call: RootCall) -> dict[str, object]:
    fields = get_fields(call.returned)
    hidden = {MESSAGES, *BOOKKEEPING, *get_documents_keys(fields)}
    return {
        key: value
        for key, value in fields.items()
        if key not in hidden and value is not None and _is_of_this_call(call, key, value)
    }


def _is_of_this_call(call: RootCall, key: str, value: object) -> bool:
    """Whether a key of the returned state was written by this call, not by an earlier one."""
    if call.state.has_nodes:
        return call.state.may_have_written(key)
    given = get_fields(call.given)
    return not call.continues and (key not in given or call.show(given[key]) != call.show(value))


def _answer_without_documents(call: RootCall) -> Json:
    """The answer of a retrieval chain, without the input and the documents that it also returns."""
    fields = get_fields(call.returned)
    documents = get_documents_keys(fields)
    rest = {
        key: call.show(value)
        for key, value in fields.items()
        if key not in documents
        and _is_of_this_call(call, key, value)
        and call.show(value) != call.show(call.given)
    }
    if not rest:
        return call.show(call.returned)
    return next(iter(rest.values())) if len(rest) == 1 else rest


def _state_of_this_call(call: RootCall) -> Json:
    """Return the state without the keys that only earlier calls of the thread wrote."""
    given = get_fields(call.given)
    return {
        key: call.show(value)
        for key, value in get_fields(call.returned).items()
        if key in given or not value or _is_of_this_call(call, key, value)
    } or None
