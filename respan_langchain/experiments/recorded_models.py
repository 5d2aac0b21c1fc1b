"""Recorded models: inside a replay, model calls are answered from the row by LangChain's own cache.

The cache is global, so it looks at a context variable first: calls outside of the replay reach the
app's own cache. LangChain asks no cache for a bare `stream`, nor for a model that has `cache=False`
or a cache of its own; such calls run for real, and are counted.
"""

import threading
from collections.abc import Sequence
from typing import Any, Final

import orjson
from langchain_core.caches import BaseCache
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.globals import get_llm_cache, set_llm_cache
from langchain_core.messages import convert_to_messages, messages_from_dict
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, Generation

from respan_langchain.experiments.calls import Call, Recording, canonical
from respan_langchain.experiments.recorded_rows import RecordedRow
from respan_langchain.experiments.recorded_tools import (
    DivergenceError,
    Replacement,
    recorded_error,
)
from respan_langchain.experiments.report import word_diff
from respan_langchain.serialization.messages import serialize_messages

SHOWN: Final = 200
"""Characters of each prompt that a divergence shows, from shortly before the first difference."""
LEAD: Final = 40
"""Characters that it shows before the first difference."""
_MODEL: Final = "model"


class ModelSession(BaseCallbackHandler):
    """Answers the model calls of one replayed row; as a callback handler it counts them."""

    run_inline = True

    def __init__(self, calls: Sequence[RecordedRow]) -> None:
        self._recording = Recording(
            Call(_MODEL, row.input, output=row.output, error=row.error if row.failed else None)
            for row in calls
        )
        self._lock = threading.Lock()
        self._unanswered = 0
        self.divergences: list[str] = []
        """Prompts that were not recorded."""

    def answer(self, prompt: str) -> list[Generation]:
        """Return the recorded answer to a prompt, as LangChain's cache is given it.

        Raises:
            DivergenceError: The prompt was not recorded.
        """
        asked = _read_prompt(prompt)
        is_chat = isinstance(asked, list)
        with self._lock:
            # LangChain reports the start of a chat before the lookup, and of a completion after it.
            self._unanswered -= is_chat
            call = self._recording.take(_MODEL, asked)
            if call is None:
                self.divergences.append(_describe_miss(asked, self._recording.unused))
                raise DivergenceError(self.divergences[-1])
        if call.error is not None:
            raise recorded_error(call.error)
        return [_generation(call.output, is_chat=is_chat)]

    def on_chat_model_start(self, *_: Any, **__: Any) -> None:
        """Count a call."""
        with self._lock:
            self._unanswered += 1

    # LangChain reports those completions only that the cache did not answer.
    on_llm_start = on_chat_model_start

    def close(self) -> None:
        """Add the calls that ran for real to the divergences."""
        if self._unanswered > 0:
            self.divergences.append(
                f"model calls that ran for real: {self._unanswered}; LangChain asks no cache for a"
                " bare `stream`, nor for a model with `cache=False` or a cache of its own"
            )

    @property
    def unused(self) -> list[str]:
        """Recorded calls that were not made again, by the last message of their prompts."""
        return [f"model {_cut(_turns(call.arguments)[-1], 0)}" for call in self._recording.unused]


class RecordedModelCache(BaseCache):
    """Answers from the session of the context; without one, from the app's own cache."""

    def __init__(self, outside: BaseCache | None) -> None:
        self.outside = outside

    def lookup(self, prompt: str, llm_string: str) -> Sequence[Generation] | None:
        """Return the recorded answer."""
        session = models_replaced.session.get()
        if session is not None:
            return session.answer(prompt)
        return self.outside.lookup(prompt, llm_string) if self.outside else None

    async def alookup(self, prompt: str, llm_string: str) -> Sequence[Generation] | None:
        """Return the recorded answer."""
        session = models_replaced.session.get()
        if session is not None:
            return session.answer(prompt)
        return await self.outside.alookup(prompt, llm_string) if self.outside else None

    def update(self, prompt: str, llm_string: str, return_val: Sequence[Generation]) -> None:
        """Store an answer in the app's own cache."""
        if self.outside:
            self.outside.update(prompt, llm_string, return_val)

    async def aupdate(self, prompt: str, llm_string: str, return_val: Sequence[Generation]) -> None:
        """Store an answer in the app's own cache."""
        if self.outside:
            await self.outside.aupdate(prompt, llm_string, return_val)

    def clear(self, **options: Any) -> None:
        """Clear the app's own cache."""
        if self.outside:
            self.outside.clear(**options)


def _replace_cache() -> None:
    set_llm_cache(RecordedModelCache(get_llm_cache()))


def _restore_cache() -> None:
    installed = get_llm_cache()
    # The app may have set another cache meanwhile, which stays.
    if isinstance(installed, RecordedModelCache):
        set_llm_cache(installed.outside)


models_replaced = Replacement[ModelSession]("respan_models", _replace_cache, _restore_cache)
"""Replaces LangChain's global cache."""


def _read_prompt(prompt: str) -> Any:
    """Return a prompt as rows show it: a chat's messages, or a completion's text."""
    try:
        values = orjson.loads(prompt)
        kwargs = [value["kwargs"] for value in values]
        return serialize_messages(
            messages_from_dict([{"type": each["type"], "data": each} for each in kwargs])
        )
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return prompt


def _generation(output: Any, *, is_chat: bool) -> Generation:
    if not is_chat:
        return Generation(text=output if isinstance(output, str) else canonical(output))
    [message] = convert_to_messages([output])
    # LangChain adds `total_cost` to the usage of a cached answer; alone it would be invalid.
    usage = UsageMetadata(input_tokens=0, output_tokens=0, total_tokens=0)
    return ChatGeneration(message=message.model_copy(update={"usage_metadata": usage}))


def _describe_miss(asked: Any, unused: Sequence[Call]) -> str:
    """Describe the first message that differs from the recorded call that begins most alike."""
    turns = _turns(asked)
    nearest = max(unused, key=lambda call: _common(_turns(call.arguments), turns), default=None)
    if nearest is None:
        return f"a model call more than was recorded: {_cut(turns[-1], 0)}"
    recorded = _turns(nearest.arguments)
    number = _common(recorded, turns)
    before, after = ("".join(each[number : number + 1]) for each in (recorded, turns))
    begin = max(0, _common(before, after) - LEAD)
    difference = word_diff(_cut(before, begin), _cut(after, begin))
    return f"the prompt differs from the recorded one in message {number + 1}: {difference}"


def _turns(prompt: Any) -> list[str]:
    """Return the messages of a prompt as texts."""
    turns = prompt if isinstance(prompt, list) and prompt else [prompt]
    return [_turn(turn) for turn in turns]


def _turn(turn: Any) -> str:
    if not isinstance(turn, dict):
        return turn if isinstance(turn, str) else canonical(turn)
    others = {key: value for key, value in turn.items() if key not in ("role", "content")}
    content = turn.get("content")
    text = content if isinstance(content, str) else canonical(content)
    return f"{turn.get('role')}: {text}{f' {canonical(others)}' if others else ''}"


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    """Return how many items, or characters, two sequences have in common at their start."""
    pairs = enumerate(zip(first, second, strict=False))
    shorter = min(len(first), len(second))
    return next((number for number, (one, other) in pairs if one != other), shorter)


def _cut(text: str, begin: int) -> str:
    end = begin + SHOWN
    return f"{'…' if begin else ''}{text[begin:end]}{'…' if len(text) > end else ''}"
