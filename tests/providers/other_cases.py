"""Those with a protocol of their own: Ollama, which runs at home, and Cohere."""

import json
from typing import Any

from langchain_cohere import ChatCohere
from langchain_ollama import ChatOllama
from providers.cases import HALVES, KEY, TEXT, WORDS, Case, called, tokens, usd, weather
from providers.server import Answer, Reply, Request, json_reply, named_events


def ollama(call: bool = False, reason: str = "stop") -> Answer:
    """Answer in lines of JSON; Ollama's package streams even when it is not asked to."""
    head = {"model": "llama3.1:8b", "created_at": "2026-11-23T03:00:00.000000Z"}
    end = {
        **head, "message": {"role": "assistant", "content": ""}, "done": True,
        "done_reason": reason, "total_duration": 900, "load_duration": 100,
        "prompt_eval_count": 26, "prompt_eval_duration": 200, "eval_count": 298,
        "eval_duration": 600,
    }  # fmt: skip
    tool = {"function": {"name": "weather", "arguments": {"city": "Paris"}}}
    parts: list[dict[str, Any]] = [{"content": word} for word in WORDS]
    if call:
        parts = [{"content": "", "tool_calls": [tool]}]

    def answer(request: Request) -> Reply:
        lines = [
            {**head, "message": {"role": "assistant", **part}, "done": False} for part in parts
        ]
        return Reply(
            [json.dumps(line).encode() + b"\n" for line in [*lines, end]],
            kind="application/x-ndjson",
        )

    return answer


def cohere(call: str | None = None, reason: str = "COMPLETE") -> Answer:
    """Answer as Cohere's second API; what is billed is less than what was read."""
    usage = {
        "billed_units": {"input_tokens": 9.0, "output_tokens": 40.0},
        "tokens": {"input_tokens": 204.0, "output_tokens": 42.0},
    }
    function = {"name": "weather", "arguments": "".join(HALVES)}
    message: dict[str, Any] = {"role": "assistant", "content": [{"type": "text", "text": TEXT}]}
    if call:
        tool = {"id": call, "type": "function", "function": function}
        message = {"role": "assistant", "tool_calls": [tool]}
    reason = "TOOL_CALL" if call else reason

    def answer(request: Request) -> Reply:
        if not request.body.get("stream"):
            return json_reply(
                {"id": "co-7", "finish_reason": reason, "message": message, "usage": usage}
            )
        start = {"message": {"role": "assistant", "content": [], "tool_calls": []}}
        end = {"finish_reason": reason, "usage": usage}
        return named_events(
            [
                {"type": "message-start", "id": "co-7", "delta": start},
                *(calling() if call else speaking()),
                {"type": "message-end", "delta": end},
            ]
        )

    def speaking() -> list[dict[str, Any]]:
        def at(kind: str, **content: Any) -> dict[str, Any]:
            return {"type": kind, "index": 0, "delta": {"message": {"content": content}}}

        return [
            at("content-start", type="text", text=""),
            *(at("content-delta", text=word) for word in WORDS),
            {"type": "content-end", "index": 0},
        ]

    def calling() -> list[dict[str, Any]]:
        def at(kind: str, **calls: Any) -> dict[str, Any]:
            return {"type": kind, "index": 0, "delta": {"message": {"tool_calls": calls}}}

        begun = {"name": "weather", "arguments": ""}
        return [
            at("tool-call-start", id=call, type="function", function=begun),
            *(at("tool-call-delta", function={"arguments": half}) for half in HALVES),
            {"type": "tool-call-end", "index": 0},
        ]

    return answer


def home(url: str) -> Any:
    return ChatOllama(model="llama3.1:8b", base_url=url)


def command(url: str) -> Any:
    return ChatCohere(model="command-a-03-2025", base_url=url, cohere_api_key=KEY)


OLLAMA = {"provider_id": "ollama", "model": "llama3.1:8b", "finish_reason": "stop"}
COHERE = {"provider_id": "cohere", "model": "command-a-03-2025"}
CASES = [
    Case(
        name="ollama",
        model=home,
        answer=ollama(),
        tokens=tokens(26, 298),
        cost=None,
        facts=OLLAMA,
    ),
    Case(
        name="ollama, a tool call",
        model=home,
        answer=ollama(call=True),
        tokens=tokens(26, 298),
        cost=None,
        facts=OLLAMA,
        text=None, calls=called(None), tools=[weather],
    ),
    Case(
        name="cohere",
        model=command,
        answer=cohere(),
        # LangChain's package gives what was read, but what is billed when it streams.
        tokens=tokens(204, 42),
        streamed_tokens=tokens(9, 40),
        # command-a: 2.50 in, 10 out.
        cost=usd((204, "2.5"), (42, "10")),
        streamed_cost=usd((9, "2.5"), (40, "10")),
        facts={**COHERE, "finish_reason": "COMPLETE"},
        source="genai-prices",
    ),
    Case(
        name="cohere, a tool call",
        model=command,
        answer=cohere("weather_1"),
        tokens=tokens(204, 42),
        streamed_tokens=tokens(9, 40),
        cost=usd((204, "2.5"), (42, "10")),
        streamed_cost=usd((9, "2.5"), (40, "10")),
        facts={**COHERE, "finish_reason": "TOOL_CALL"},
        source="genai-prices",
        text=None, calls=called("weather_1"), tools=[weather], stray_calls=True,
    ),
]  # fmt: skip
