"""Amazon Bedrock's Converse, whose streams are frames of bytes with checksums."""

import json
import struct
from binascii import crc32
from typing import Any

from langchain_aws import ChatBedrockConverse
from providers.cases import HALVES, KEY, TEXT, WORDS, Case, called, tokens, usd, weather
from providers.server import Answer, Reply, Request, json_reply

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
FACTS = {"provider_id": "amazon_bedrock", "model": MODEL, "model_requested": MODEL}


def frame(kind: str, payload: dict[str, Any]) -> bytes:
    """One message of `application/vnd.amazon.eventstream`."""
    headers = b"".join(
        struct.pack("!B", len(name)) + name + b"\x07" + struct.pack("!H", len(value)) + value
        for name, value in (
            (b":event-type", kind.encode()),
            (b":content-type", b"application/json"),
            (b":message-type", b"event"),
        )
    )
    body = json.dumps(payload).encode()
    prelude = struct.pack("!II", 16 + len(headers) + len(body), len(headers))
    prelude += struct.pack("!I", crc32(prelude))
    message = prelude + headers + body
    return message + struct.pack("!I", crc32(message))


def converse(
    usage: dict[str, Any], reason: str, call: str | None = None, search: Any = None, **metadata: Any
) -> Answer:
    """Answer with TEXT, after a search of Nova's, or with a call of the weather tool."""
    use = {"toolUseId": call, "name": "weather"}
    block = {"toolUse": {**use, "input": {"city": "Paris"}}} if call else {"text": TEXT}
    deltas = (
        [{"toolUse": {"input": half}} for half in HALVES]
        if call
        else [{"text": word} for word in WORDS]
    )
    headers = {"x-amzn-requestid": "aws-7"}

    def answer(request: Request) -> Reply:
        metrics = {"latencyMs": 700}
        if request.path.endswith("/converse"):
            message = {"role": "assistant", "content": [*_searched(search), block]}
            return json_reply(
                {
                    "output": {"message": message},
                    "stopReason": reason,
                    "usage": usage,
                    "metrics": metrics,
                    **metadata,
                },
                **headers,
            )
        here = {"contentBlockIndex": 2 if search else 0}
        frames = [
            frame("messageStart", {"role": "assistant"}),
            *(_search_frames(search) if search else []),
            *([frame("contentBlockStart", {**here, "start": {"toolUse": use}})] if call else []),
            *(frame("contentBlockDelta", {**here, "delta": each}) for each in deltas),
            frame("contentBlockStop", here),
            frame("messageStop", {"stopReason": reason}),
            frame("metadata", {"usage": usage, "metrics": metrics, **metadata}),
        ]
        return Reply(frames, kind="application/vnd.amazon.eventstream", headers=headers)

    return answer


SEARCH = {"toolUseId": "tooluse_9", "name": "nova_grounding", "type": "server_tool_use"}
FOUND = {"toolUseId": "tooluse_9", "type": "nova_grounding_result", "status": "success"}


def _searched(query: Any) -> list[dict[str, Any]]:
    if query is None:
        return []
    result = {**FOUND, "content": [{"json": {"results": []}}]}
    return [{"toolUse": {**SEARCH, "input": query}}, {"toolResult": result}]


def _search_frames(query: Any) -> list[bytes]:
    """Events of a tool that Amazon runs itself, after Amazon's description of ConverseStream."""
    text = json.dumps(query)
    call = [{"toolUse": {"input": half}} for half in (text[:4], text[4:])]
    result = [{"toolResult": [{"json": {"results": []}}]}]
    frames = []
    for index, start, deltas in (
        (0, {"toolUse": SEARCH}, call),
        (1, {"toolResult": FOUND}, result),
    ):
        here = {"contentBlockIndex": index}
        frames += [
            frame("contentBlockStart", {**here, "start": start}),
            *(frame("contentBlockDelta", {**here, "delta": delta}) for delta in deltas),
            frame("contentBlockStop", here),
        ]
    return frames


def model(url: str, name: str = MODEL) -> Any:
    return ChatBedrockConverse(
        model=name, endpoint_url=url, region_name="us-east-1", aws_access_key_id="AKIA-NOT-REAL",
        aws_secret_access_key=KEY, temperature=0, max_retries=0,
    )  # fmt: skip


CASES = [
    Case(
        name="bedrock converse, with a cache",
        model=model,
        answer=converse(
            {
                "inputTokens": 10, "outputTokens": 20, "totalTokens": 1_130,
                "cacheReadInputTokens": 1_000, "cacheWriteInputTokens": 100,
                "cacheDetails": [
                    {"ttl": "5m", "inputTokens": 60}, {"ttl": "1h", "inputTokens": 40},
                ],
            },
            "end_turn",
        ),
        tokens=tokens(1_110, 20, prompt_cache_hit_tokens=1_000, prompt_cache_creation_tokens=100),
        # In a region, a tenth dearer: 3.30 in, 0.33 read, 4.125 for 5 minutes, 6.60 for an hour.
        cost=usd((10, "3.3"), (1_000, "0.33"), (60, "4.125"), (40, "6.6"), (20, "16.5")),
        facts={**FACTS, "finish_reason": "end_turn", "request_id": "aws-7", "temperature": 0},
    ),
    Case(
        name="bedrock converse, a tool call",
        model=model,
        answer=converse(
            {"inputTokens": 400, "outputTokens": 60, "totalTokens": 460}, "tool_use", "tooluse_1"
        ),
        tokens=tokens(400, 60, prompt_cache_hit_tokens=0, prompt_cache_creation_tokens=0),
        cost=usd((400, "3.3"), (60, "16.5")),
        facts={**FACTS, "finish_reason": "tool_use"},
        text=None, calls=called("tooluse_1"), tools=[weather],
    ),
]  # fmt: skip
