"""A fake chat model: streams scripted answers and reports usage as providers do."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    ToolMessage,
)
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call, tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True)
class ToolUse:
    """A tool call of the model."""

    tool: str
    arguments: Mapping[str, Any]


Turn = str | ToolUse | Exception
"""What the model does in one call: answer, call a tool, or fail."""


class ShopModel(BaseChatModel):
    """Looks up the last question in a script, and plays the turn that is next."""

    script: Mapping[str, Sequence[Any]]
    model: str
    """The name of the model that was requested; it has prices."""
    served: str
    """The name of the model that answers."""
    pause: float = 0.0
    """Seconds before each word."""

    @property
    def _llm_type(self) -> str:
        return "scripted-chat"

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> Any:
        params = super()._get_ls_params(stop=stop, **kwargs)
        return {**params, "ls_provider": "openai", "ls_model_name": self.model}

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Any:
        """Send the tools with each request."""
        from langchain_core.utils.function_calling import convert_to_openai_tool

        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        whole = self._answer(messages)
        time.sleep(self.pause * len(str(whole.content).split()))
        return ChatResult(generations=[ChatGeneration(message=whole)])

    def _stream(
        self, messages: list[BaseMessage], *_: Any, **__: Any
    ) -> Iterator[ChatGenerationChunk]:
        whole = self._answer(messages)
        for number, word in enumerate(str(whole.content).split(" ")):
            time.sleep(self.pause)
            yield ChatGenerationChunk(
                message=AIMessageChunk(content=word if number == 0 else f" {word}")
            )
        facts: dict[str, Any] = {
            "usage_metadata": whole.usage_metadata,
            "response_metadata": whole.response_metadata,
            "tool_call_chunks": [
                tool_call_chunk(
                    name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=0
                )
                for call in whole.tool_calls
            ],
        }
        yield ChatGenerationChunk(message=AIMessageChunk(content="", **facts))

    def _answer(self, messages: list[BaseMessage]) -> AIMessage:
        turn = self._turn(messages)
        if isinstance(turn, Exception):
            time.sleep(self.pause)
            raise turn
        text = turn if isinstance(turn, str) else ""
        calls = []
        if isinstance(turn, ToolUse):
            call_id = f"call_{len(messages)}"
            calls = [tool_call(name=turn.tool, args=dict(turn.arguments), id=call_id)]
        input_tokens = sum(_tokens(str(message.content)) + 4 for message in messages)
        output_tokens = _tokens(text + "".join(str(call) for call in calls))
        return AIMessage(
            text,
            tool_calls=calls,
            usage_metadata=UsageMetadata(
                input_tokens=input_tokens,
                output_tokens=output_tokens,
                total_tokens=input_tokens + output_tokens,
            ),
            response_metadata={
                "model_name": self.served,
                "finish_reason": "tool_calls" if calls else "stop",
            },
        )

    def _turn(self, messages: list[BaseMessage]) -> Turn:
        question = next(
            str(each.content) for each in reversed(messages) if isinstance(each, HumanMessage)
        )
        done = sum(isinstance(message, ToolMessage) for message in messages)
        turns: Sequence[Turn] = self.script[question]
        return turns[done]


def _tokens(text: str) -> int:
    return len(text) // CHARACTERS_PER_TOKEN + 1
