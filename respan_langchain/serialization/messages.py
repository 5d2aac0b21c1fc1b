"""Entry point: the content of rows, with messages and model answers in OpenAI's schema."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from respan_langchain._foreign_code import safe_call
from respan_langchain.serialization import message_forms, objects, openai_message
from respan_langchain.serialization.json_value import Json, json_value
from respan_langchain.serialization.serializer import Serializer
from respan_langchain.serialization.server_tools import is_server_tool, trajectory_steps
from respan_langchain.serialization.type_registry import find_serializer, serialize_plain_message

if TYPE_CHECKING:  # importing LangChain's models takes milliseconds, and nothing here needs them
    from langchain_core.outputs import LLMResult


class ContentSerializer:
    """Serializes the content of rows that are built in one pass.

    A message that is more than a role and a text is serialized once: an agent passes the same
    messages to each of its model calls. For one pass only, since the app may change a message
    later. A result may stand in several rows, so it must not be changed.
    """

    def __init__(self, *, keep_media: bool = False) -> None:
        """With `keep_media`, base64 is kept as it is, and bytes as base64."""
        self._keep_media = keep_media
        # Each message is kept with its form, so that no other object gets its `id`.
        self._turns: dict[int, tuple[object, dict[str, Json]]] = {}

    def value(self, value: object) -> Json:
        """Serialize any value."""
        return json_value(value, keep_media=self._keep_media)

    def messages(self, values: Sequence[object]) -> list[dict[str, Json]]:
        """Serialize messages, dicts, pairs such as `("user", "hi")` and strings, one by one."""
        serializer: Serializer | None = None
        turns: list[dict[str, Json]] = []
        for value in values:
            turn = serialize_plain_message(value, self._keep_media)
            if turn is None:
                serializer = serializer or Serializer(find_serializer, keep_media=self._keep_media)
                turn = self._serialize_once(value, serializer)
            turns.append(turn)
        return turns

    def _serialize_once(self, value: object, serializer: Serializer) -> dict[str, Json]:
        known = self._turns.get(id(value))
        if known is None:
            known = self._turns[id(value)] = value, _serialize_turn(value, serializer)
        return known[1]

    def candidates(self, response: "LLMResult") -> list[Json]:
        """Serialize the candidates of an answer: a chat model's messages, a completion's texts.

        After an error there may be none, or a part of one.
        """
        answers = next(filter(None, response.generations), [])
        if len(answers) == 1 and (
            plain := serialize_plain_message(_get_answer(answers[0]), self._keep_media)
        ):
            return [plain]
        return [self.value(_get_answer(answer)) for answer in answers]


def serialize_messages(values: Sequence[object]) -> list[dict[str, Json]]:
    """Serialize messages once; see `ContentSerializer`."""
    return ContentSerializer().messages(values)


def server_tool_steps(message: object) -> list[dict[str, Json]]:
    """Return the calls of the provider's own tools in an answer as steps of a trajectory."""
    if safe_call(_has_server_tools, message) is not True:
        return []
    shaped = Serializer(find_serializer).serialize(message)
    calls = shaped.get("server_tool_calls") if isinstance(shaped, dict) else None
    return trajectory_steps(calls) if isinstance(calls, list) else []


def _has_server_tools(message: Any) -> bool:
    if not message.additional_kwargs.keys().isdisjoint(openai_message.SERVER_TOOL_KWARGS):
        return True
    content = message.content
    return isinstance(content, list) and any(
        isinstance(block, dict) and is_server_tool(block) for block in content
    )


def parse_conversation(value: object) -> Sequence[object] | None:
    """Return the messages in a state's `messages`; None if it holds none.

    LangGraph accepts one message in place of the list: a string, a message, a dict or a tuple.
    """
    if isinstance(value, str) or (not isinstance(value, list) and get_role(value) is not None):
        return [value]
    return value if isinstance(value, Sequence) and not isinstance(value, bytes) else None


def get_message_fields(value: object) -> Mapping[Any, Any]:
    """Return the fields of a message, or of a dict or pair that stands for one; else none."""
    found = safe_call(_read_fields, value)
    return found if isinstance(found, dict) else {}


def get_role(value: object) -> str | None:
    """Return a message's role in the platform's words; None for a value that is no message."""
    return read_role(get_message_fields(value))


def read_role(fields: Mapping[Any, Any]) -> str | None:
    """Return the role in the fields of a message; None without fields."""
    for name in ("role", "type"):
        word = fields.get(name)
        if type(word) is str and word:
            return message_forms.ROLES.get(word, "none")
    return "none" if fields else None


def _read_fields(value: Any) -> Mapping[Any, Any] | None:
    if find_serializer(type(value)) is openai_message.serialize_message:
        fields: dict[str, Any] = value.__dict__
        return fields
    if type(value) is dict:
        return message_forms.parse_message_dict(value)
    turn = message_forms.parse_message_pair(value)
    return None if turn is None else {"role": turn[0]}


def _serialize_turn(value: object, serializer: Serializer) -> dict[str, Json]:
    shaped = serializer.serialize(objects.Conversation((value,)))
    turn = shaped[0] if isinstance(shaped, list) else shaped
    if not isinstance(turn, dict) or "role" not in turn:
        return {"role": "none", "content": turn}
    if turn["role"] in message_forms.ROLES.values():
        return turn
    return {**turn, "role": "none", "original_role": turn["role"]}


def _get_answer(answer: Any) -> object:
    fields: Mapping[str, Any] = answer.__dict__
    return fields["message"] if "message" in fields else fields.get("text")
