"""Messages and model answers in OpenAI's schema.

The door to this room for what is known to be a conversation.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from respan_langchain.records.content import chat, objects
from respan_langchain.records.content.kinds import shape_of
from respan_langchain.records.content.values import Json
from respan_langchain.records.content.walk import Walk

if TYPE_CHECKING:  # importing LangChain's models takes milliseconds, and nothing here needs them
    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import LLMResult


class Generated(NamedTuple):
    """What a model answered to one prompt."""

    output: Json
    """The first candidate: a chat model's message, a completion's text; None without any."""
    candidates: list[Json]
    """All candidates where there are several, else empty."""


def message(
    value: "BaseMessage", *, keep_media: bool = False, keep_artifacts: bool = False
) -> dict[str, Json]:
    """One message in OpenAI's schema; see `chat` for its keys."""
    shaped = _walk(keep_media=keep_media, keep_artifacts=keep_artifacts).value(value)
    return shaped if isinstance(shaped, dict) else {"role": "none", "content": shaped}


def messages(
    values: Sequence[object], *, keep_media: bool = False, keep_artifacts: bool = False
) -> list[dict[str, Json]]:
    """A conversation: messages, dicts, `("user", "hi")` and bare strings, each as one message."""
    walk = _walk(keep_media=keep_media, keep_artifacts=keep_artifacts)
    return [_turn(value, walk) for value in values]


def generations(
    response: "LLMResult", *, keep_media: bool = False, keep_artifacts: bool = False
) -> Generated:
    """What a model answered, all candidates kept; after an error partial, or nothing."""
    walk = _walk(keep_media=keep_media, keep_artifacts=keep_artifacts)
    answers = next((row for row in response.generations if row), [])
    candidates = [_candidate(answer, walk) for answer in answers]
    return Generated(
        output=candidates[0] if candidates else None,
        candidates=candidates if len(candidates) > 1 else [],
    )


def _turn(value: object, walk: Walk) -> dict[str, Json]:
    if (plain := _plain(value, walk)) is not None:
        return plain
    shaped = walk.value(objects.Conversation((value,)))
    turn = shaped[0] if isinstance(shaped, list) else shaped
    if not isinstance(turn, dict) or "role" not in turn:
        return {"role": "none", "content": turn}
    if turn["role"] in chat.ROLES.values():
        return turn
    return {**turn, "role": "none", "original_role": turn["role"]}


def _walk(*, keep_media: bool, keep_artifacts: bool) -> Walk:
    return Walk(shape_of, keep_media=keep_media, keep_artifacts=keep_artifacts)


def _candidate(answer: Any, walk: Walk) -> Json:
    fields: Mapping[str, Any] = answer.__dict__
    if "message" not in fields:
        return walk.value(fields.get("text"))
    given = fields["message"]
    return _plain(given, walk) or walk.value(given)


def _plain(value: object, walk: Walk) -> dict[str, Json] | None:
    return chat.plain(value, walk) if shape_of(type(value)) is chat.message else None
