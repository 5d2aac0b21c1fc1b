"""Models that answer without a network, and report what real ones report."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.language_models.llms import LLM
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult, GenerationChunk
from langchain_core.utils.function_calling import convert_to_openai_tool

MODEL = "gpt-4o-mini"
SERVED = "gpt-4o-mini-2024-07-18"


def usage(asked: int, answered: int) -> dict[str, Any]:
    return {"input_tokens": asked, "output_tokens": answered, "total_tokens": asked + answered}


class FakeChat(BaseChatModel):
    """Says `reply`, word by word when streamed.

    With `fails` it raises, with `turns` it calls tools first.
    """

    reply: str = "Within 30 days, unworn."
    asked: int = 12
    answered: int = 5
    fails: bool = False
    stops_after: int | None = None
    turns: int = 0
    calls: str = "lookup"
    tools: Sequence[Any] = ()
    n: int = 1

    @property
    def _llm_type(self) -> str:
        return "openai-chat"

    def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
        return {
            **super()._get_ls_params(stop=stop, **kwargs),
            "ls_provider": "openai",
            "ls_model_name": MODEL,
        }

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(
            tools=[convert_to_openai_tool(tool) for tool in tools],
            **kwargs,
        )

    def _message(self, messages: list[BaseMessage]) -> AIMessage:
        if self.fails:
            raise ValueError("the model is out")
        facts: dict[str, Any] = {
            "usage_metadata": usage(self.asked, self.answered),
            "response_metadata": {"model_name": SERVED, "finish_reason": "stop"},
        }
        done = sum(isinstance(message, ToolMessage) for message in messages)
        if done < self.turns:
            call = {
                "name": self.calls,
                "args": {"city": "Paris", "number": done},
                "id": f"call_{done}",
            }
            return AIMessage("", tool_calls=[call], **facts)
        return AIMessage(self.reply, **facts)

    def _generate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        return ChatResult(
            generations=[ChatGeneration(message=self._message(messages)) for _ in range(self.n)]
        )

    async def _agenerate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        await asyncio.sleep(0)
        return self._generate(messages)

    def _chunks(self, messages: list[BaseMessage]) -> Iterator[ChatGenerationChunk]:
        whole = self._message(messages)
        if whole.tool_calls:
            call = whole.tool_calls[0]
            part = {
                "name": call["name"],
                "args": str(call["args"]).replace("'", '"'),
                "id": call["id"],
                "index": 0,
            }
            yield ChatGenerationChunk(message=AIMessageChunk("", tool_call_chunks=[part]))
        words = str(whole.content).split(" ")
        for number, word in enumerate(words):
            if number == self.stops_after:
                raise ConnectionError("the stream broke")
            said = word if number == 0 else f" {word}"
            if said:
                yield ChatGenerationChunk(message=AIMessageChunk(said))
        yield ChatGenerationChunk(
            message=AIMessageChunk(
                "", usage_metadata=whole.usage_metadata, response_metadata=whole.response_metadata
            )
        )

    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[Any]:
        yield from self._chunks(messages)

    async def _astream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[Any]:
        for chunk in self._chunks(messages):
            await asyncio.sleep(0)
            yield chunk


class FakeText(LLM):
    """A text model that says `reply`."""

    reply: str = "four"

    @property
    def _llm_type(self) -> str:
        return "fake-text"

    def _call(self, prompt: str, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> str:
        return self.reply

    def _stream(
        self, prompt: str, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[GenerationChunk]:
        for letter in self.reply:
            chunk = GenerationChunk(text=letter)
            if run_manager:
                run_manager.on_llm_new_token(letter, chunk=chunk)
            yield chunk
