"""Conversations in a root's input and output: finds the messages, and those of the current call.

LangGraph accepts a list of messages, or one message: an object, a dict, a pair or a string. An
agent of the functional API takes and returns the list itself.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from respan_langchain.rows.tool_calls import tool_output
from respan_langchain.serialization.json_value import Json
from respan_langchain.serialization.messages import (
    ContentSerializer,
    get_message_fields,
    get_role,
    parse_conversation,
    serialize_messages,
)

MESSAGES: Final = "messages"
STRUCTURED: Final = "structured_response"
"""Where `create_agent` puts the object that was requested with `response_format`."""

MAPPINGS: Final = (dict, Mapping)
"""For `isinstance`: to recognize a dict as a `Mapping` alone costs ten times as much."""
Turn = dict[str, Json]


def messages_of(state: object) -> list[object] | None:
    """Return the messages of a state, or of a list that is a conversation itself; else None."""
    found = state.get(MESSAGES) if isinstance(state, MAPPINGS) else getattr(state, MESSAGES, None)
    if found is not None:
        messages = None if isinstance(found, str) else parse_conversation(found)
        return None if messages is None else list(messages)
    if isinstance(state, list) and state and all(get_role(item) is not None for item in state):
        return list(state)
    return None


def is_single_text(state: object) -> bool:
    """Whether a graph may take this as a conversation of one message: `{"messages": "hi"}`."""
    return isinstance(state, MAPPINGS) and isinstance(state.get(MESSAGES), str)


def until_last_question(turns: Sequence[Turn]) -> list[Turn]:
    """Cut a conversation after the user's latest turn; all of it where there is none."""
    for index in range(len(turns) - 1, -1, -1):
        if turns[index]["role"] == "user" and "source" not in turns[index]:
            return list(turns[: index + 1])
    return list(turns)


def until_turn(turns: Sequence[Turn], last: Turn) -> list[Turn] | None:
    """Cut a conversation after the latest turn that equals `last`; None where there is none."""
    for index in range(len(turns) - 1, -1, -1):
        if turns[index] == last:
            return list(turns[: index + 1])
    return None


def new_messages(final: Sequence[object], start: Sequence[object]) -> list[object]:
    """Return the messages of a final state that were not there when the call started.

    Middleware may have rewritten or removed what was there. An answer may equal a removed one.
    """
    if all(now is then for now, then in zip(final, start, strict=False)):
        return list(final[len(start) :])
    latest_id = message_id(start[-1])
    for index, message in enumerate(final):
        if latest_id is not None and message_id(message) == latest_id:
            return list(final[index + 1 :])
    known_ids = {message_id(message) for message in start} - {None}
    known = Counter(map(_key, start))
    found: list[object] = []
    for message in final:
        key = _key(message)
        if known[key] > 0:
            known[key] -= 1
        elif message_id(message) not in known_ids:
            found.append(message)
    return found


def answer_of(messages: Sequence[object]) -> object | None:
    """Return the last message that was not written by middleware, as summaries are."""
    return next((one for one in reversed(messages) if _source(one) is None), None)


def show_answer(message: object, serializer: ContentSerializer) -> Json:
    """Return an answering message as it is shown: a turn, or what a tool returned."""
    if get_role(message) == "tool":
        return tool_output(message, serializer)
    return serializer.messages([message])[0]


def _key(message: object) -> bytes | str:
    turn = serialize_messages([message])[0]
    try:
        return orjson.dumps(turn, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # a lone surrogate, or an int over 64 bits
        return repr(turn)


def message_id(message: object) -> str | None:
    """Return a message's id, which LangGraph gives to every message in a state."""
    found = get_message_fields(message).get("id")
    return found if isinstance(found, str) else None


def _source(message: object) -> Any:
    fields = get_message_fields(message)
    kwargs = fields.get("additional_kwargs")
    return fields.get("source") or (isinstance(kwargs, dict) and kwargs.get("lc_source")) or None
