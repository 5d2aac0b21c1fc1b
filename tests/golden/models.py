"""Models that answer what they are told to, as real providers' packages report it."""

from collections.abc import Iterator
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from support.models import SERVED, FakeChat, usage


class Scripted(FakeChat):
    """Gives all of `answers` as candidates of one call."""

    answers: list[AIMessage]

    def _generate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=each) for each in self.answers])


CALLS = [
    {"name": "stock", "args": {"shoe": "Runner", "sizes": [42, 43]}, "id": "call_a"},
    {"name": "price", "args": {"shoe": "Rünner"}, "id": "call_b"},
]


class Researcher(FakeChat):
    """Calls two tools, at once or one after the other; then answers."""

    at_once: bool = True

    def _message(self, messages: list[BaseMessage]) -> AIMessage:
        done = sum(message.type == "tool" for message in messages)
        if done == len(CALLS):
            return super()._message(messages)
        return AIMessage(
            "Let me look.",
            tool_calls=CALLS if self.at_once else [CALLS[done]],
            usage_metadata=usage(self.asked, self.answered),
            response_metadata={"model_name": SERVED, "finish_reason": "tool_calls"},
        )


def reasoned() -> AIMessage:
    """An answer of the Responses API, with the summary of its reasoning."""
    return AIMessage(
        [
            {
                "type": "reasoning",
                "id": "rs_1",
                "summary": [
                    {"type": "summary_text", "text": "30 days are the rule."},
                    {"type": "summary_text", "text": "Day 29 is within."},
                ],
            },
            {"type": "text", "text": "Yes, until tomorrow.", "annotations": [], "id": "msg_1"},
        ],
        id="resp_1",
        usage_metadata={
            **usage(31, 140),
            "input_token_details": {"cache_read": 0},
            "output_token_details": {"reasoning": 128},
        },
        response_metadata={
            "model_name": "o4-mini-2025-04-16",
            "model_provider": "openai",
            "id": "resp_1",
            "object": "response",
            "status": "completed",
            "service_tier": "default",
        },
    )


def candidates(*texts: str) -> Iterator[AIMessage]:
    """Several answers to one question; the usage of the call stands on each."""
    for text in texts:
        yield AIMessage(
            text,
            usage_metadata=usage(12, 11),
            response_metadata={"model_name": SERVED, "finish_reason": "stop"},
        )
