"""OpenAI's chat completions, as OpenAI, Azure, Groq, Mistral, DeepSeek and xAI speak them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from providers.cases import ARGUMENTS, HALVES, TEXT, WORDS
from providers.server import Reply, Request, json_reply, streamed


@dataclass(frozen=True)
class Completions:
    """Answers with TEXT, or with a call of the weather tool, whole or in chunks."""

    head: Mapping[str, Any]
    """What every body and every chunk carries: id, model, ..."""
    usage: Mapping[str, Any]
    """The usage, of a whole body and of a stream's end."""
    tool: str | None = None
    """The id of the tool call."""
    thought: str | None = None
    """Reasoning, as DeepSeek and xAI give it."""
    last: Mapping[str, Any] = field(default_factory=dict)
    """What a stream's last choice carries besides."""
    usage_with_last_choice: bool = False
    """Whether the usage comes with the last choice, not after it."""
    reason: str | None = None
    """The finish reason, where it is not what the content says."""
    refusal: str | None = None
    """Why the model declines, in place of TEXT."""
    whole_calls: bool = False
    """Whether a stream carries its tool calls in one piece."""

    def __call__(self, request: Request) -> Reply:
        if request.body.get("stream"):
            return streamed(self._chunks())
        choice = {
            "index": 0, "message": self._message(), "logprobs": None, "finish_reason": self._reason,
        }  # fmt: skip
        return json_reply(
            {**self.head, "object": "chat.completion", "choices": [choice], "usage": self.usage}
        )

    @property
    def _reason(self) -> str:
        return self.reason or ("tool_calls" if self.tool else "stop")

    def _message(self) -> dict[str, Any]:
        whole: dict[str, Any] = {"role": "assistant", "content": TEXT, "refusal": None}
        if self.refusal is not None:
            whole |= {"content": None, "refusal": self.refusal}
        if self.thought is not None:
            whole["reasoning_content"] = self.thought
        if self.tool is not None:
            function = {"name": "weather", "arguments": ARGUMENTS}
            call = {"id": self.tool, "type": "function", "function": function}
            whole |= {"content": None, "tool_calls": [call]}
        return whole

    def _chunks(self) -> list[dict[str, Any]]:
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        if self.thought is not None:
            deltas.append({"reasoning_content": self.thought})
        if self.refusal is not None:
            deltas.append({"refusal": self.refusal})
        elif self.tool is not None:
            deltas += self._calling(self.tool)
        else:
            deltas += [{"content": word} for word in WORDS]
        last = {**self._chunk({}, self._reason), **self.last}
        made = [*(self._chunk(delta, None) for delta in deltas), last]
        if self.usage_with_last_choice:
            last["usage"] = self.usage
            return made
        return [*made, {**last, "choices": [], "usage": self.usage}]

    def _calling(self, tool: str) -> list[dict[str, Any]]:
        function = {"name": "weather", "arguments": ARGUMENTS if self.whole_calls else ""}
        start = {"index": 0, "id": tool, "type": "function", "function": function}
        parts = [] if self.whole_calls else HALVES
        return [
            {"tool_calls": [start]},
            *({"tool_calls": [{"index": 0, "function": {"arguments": part}}]} for part in parts),
        ]

    def _chunk(self, delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**self.head, "object": "chat.completion.chunk", "choices": [choice]}


def count(put_in: int, put_out: int, **details: Any) -> dict[str, Any]:
    """A usage in OpenAI's words."""
    return {
        "prompt_tokens": put_in,
        "completion_tokens": put_out,
        "total_tokens": put_in + put_out,
        **details,
    }


def completion(model: str, usage: Mapping[str, Any], **how: Any) -> Completions:
    head = {"id": "chatcmpl-1", "created": 1, "model": model, "system_fingerprint": "fp_1"}
    tier = {"service_tier": how.pop("service_tier")} if "service_tier" in how else {}
    return Completions({**head, **tier}, usage, **how)
