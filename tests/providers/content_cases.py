"""Answers whose content is more than text: server tools, sources, speech, hidden thoughts."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_anthropic import ChatAnthropic
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_groq import ChatGroq
from langchain_openai import ChatOpenAI
from providers import bedrock_cases
from providers.cases import KEY
from providers.cases import TEXT as RAIN
from providers.server import Answer, Reply, Request, json_reply, named_events, streamed


@dataclass(frozen=True)
class ContentCase:
    """One answer, and what the rows of the call and of its root say of it."""

    name: str
    model: Any
    answer: Answer
    output: Mapping[str, Any]
    """What the model's row has in its output, at least."""
    steps: Sequence[Mapping[str, Any]] = ()
    """The root's trajectory."""


def anthropic(blocks: list[dict[str, Any]]) -> Answer:
    """Answer with blocks; inputs of tools are streamed in two pieces."""
    head = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
        "stop_sequence": None,
    }  # fmt: skip
    used = {"input_tokens": 9, "output_tokens": 2}

    def events() -> Any:
        start = {**head, "content": [], "stop_reason": None, "usage": used}
        yield {"type": "message_start", "message": start}
        for index, block in enumerate(blocks):
            streams = block["type"] == "server_tool_use"
            first = {**block, "input": {}} if streams else block
            yield {"type": "content_block_start", "index": index, "content_block": first}
            for half in ('{"query": ', '"shannon"}') if streams else ():
                delta = {"type": "input_json_delta", "partial_json": half}
                yield {"type": "content_block_delta", "index": index, "delta": delta}
            yield {"type": "content_block_stop", "index": index}
        end = {"stop_reason": "end_turn", "stop_sequence": None}
        yield {"type": "message_delta", "delta": end, "usage": used}
        yield {"type": "message_stop"}

    def answer(request: Request) -> Reply:
        if request.body.get("stream"):
            return named_events(events())
        return json_reply({**head, "content": blocks, "stop_reason": "end_turn", "usage": used})

    return answer


def responses(output: list[dict[str, Any]]) -> Answer:
    """Answer with these items as OpenAI's responses API does."""
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {
        "reasoning_tokens": 0}}  # fmt: skip
    whole = {
        "id": "resp_1", "object": "response", "created_at": 1, "status": "completed",
        "error": None, "incomplete_details": None, "instructions": None, "model": "gpt-5.4",
        "output": output, "parallel_tool_calls": True, "temperature": 1.0, "tool_choice": "auto",
        "tools": [], "top_p": 1.0, "metadata": {},
        "usage": {"input_tokens": 9, "output_tokens": 2, "total_tokens": 11, **details},
    }  # fmt: skip

    def item_events(index: int, item: dict[str, Any]) -> Any:
        yield {"type": "response.output_item.added", "output_index": index, "item": item}
        for text in item.get("content", ()):
            here = {"item_id": item["id"], "output_index": index, "content_index": 0}
            delta = {"delta": text["text"], "logprobs": []}
            yield {"type": "response.output_text.delta", **here, **delta}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}

    def answer(request: Request) -> Reply:
        if not request.body.get("stream"):
            return json_reply(whole)
        events = [
            {"type": "response.created", "response": {**whole, "output": [], "usage": None}},
            *(event for index, item in enumerate(output) for event in item_events(index, item)),
            {"type": "response.completed", "response": whole},
        ]
        return named_events({**event, "sequence_number": n} for n, event in enumerate(events))

    return answer


def gemini(parts: list[dict[str, Any]], **more: Any) -> Answer:
    """Answer with these parts as Gemini does, streamed in one chunk."""
    content = {"role": "model", "parts": parts}
    body = {
        "candidates": [{"content": content, "index": 0, "finishReason": "STOP", **more}],
        "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 2, "totalTokenCount": 11},
        "modelVersion": "gemini-2.5-flash", "responseId": "r",
    }  # fmt: skip

    def answer(request: Request) -> Reply:
        if "streamGenerateContent" not in request.path:
            return json_reply(body)
        events = [part for part in streamed([body]).body if b"[DONE]" not in part]
        return Reply(events, kind="text/event-stream")

    return answer


def groq(tools: list[dict[str, Any]]) -> Answer:
    """Answer as Groq's compound models do; a tool's output comes after its call."""
    head = {"id": "c", "object": "chat.completion", "created": 1, "model": "groq/compound"}
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}

    def chunk(delta: dict[str, Any], reason: str | None = None, **more: Any) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return {**head, "object": "chat.completion.chunk", "choices": [choice], **more}

    def answer(request: Request) -> Reply:
        if request.body.get("stream"):
            calls = [{k: v for k, v in tool.items() if k != "output"} for tool in tools]
            return streamed([
                chunk({"role": "assistant", "content": "", "executed_tools": calls}),
                chunk({"executed_tools": tools}),
                chunk({"content": "1916."}),
                chunk({}, "stop", x_groq={"usage": usage}),
            ])  # fmt: skip
        message = {"role": "assistant", "content": "1916.", "executed_tools": tools}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return json_reply({**head, "choices": [choice], "usage": usage})

    return answer


def claude(url: str, **arguments: Any) -> Any:
    return ChatAnthropic(model="claude-sonnet-4-5", base_url=url, api_key=KEY, max_retries=0,
                         **arguments)  # fmt: skip


def gpt(url: str) -> Any:
    return ChatOpenAI(model="gpt-5.4", base_url=f"{url}/v1", api_key=KEY, max_retries=0,
                      use_responses_api=True)  # fmt: skip


def flash(url: str) -> Any:
    return ChatGoogleGenerativeAI(
        model="gemini-2.5-flash", base_url=url, google_api_key=KEY, max_retries=1
    )


SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search",
          "input": {"query": "shannon"}}  # fmt: skip
FOUND = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [
    {"type": "web_search_result", "url": "https://e.example", "title": "E",
     "encrypted_content": "Eqo", "page_age": None}]}  # fmt: skip
STEP = {"tool": "web_search", "input": {"query": "shannon"}, "tool_call_id": "srvtoolu_1",
        "server": True}  # fmt: skip
TEXT = {"type": "text", "text": "1916."}
MESSAGE = {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant",
           "content": [{"type": "output_text", "text": "1916.", "annotations": [],
                        "logprobs": []}]}  # fmt: skip
WEB_SEARCH = {"id": "ws_1", "type": "web_search_call", "status": "completed",
              "action": {"type": "search", "query": "shannon"}}  # fmt: skip
TOOL_SEARCH = {"type": "tool_search_call", "id": "ts_1", "call_id": None, "execution": "server",
               "status": "completed", "arguments": {"paths": ["crm"]}}  # fmt: skip
TOOLS_FOUND = {"type": "tool_search_output", "id": "tso_1", "call_id": None,
               "execution": "server", "status": "completed", "tools": []}  # fmt: skip
SPEECH = bytes(range(250)) * 16
GROUNDING = {
    "webSearchQueries": ["shannon"],
    "groundingChunks": [{"web": {"uri": "https://e.example", "title": "E"}}],
    "groundingSupports": [
        {"segment": {"startIndex": 0, "endIndex": 5, "text": "1916."}, "groundingChunkIndices": [0]}
    ],
}
EXECUTED = {"index": 0, "type": "search", "arguments": '{"query": "shannon"}', "output": "found"}

CASES = [
    ContentCase(
        "anthropic, web search", claude, anthropic([SEARCH, FOUND, TEXT]),
        {"content": "1916."}, [STEP],
    ),
    ContentCase(
        "anthropic, web search in standard blocks",
        lambda url: claude(url, output_version="v1"), anthropic([SEARCH, FOUND, TEXT]),
        {"content": "1916."}, [STEP],
    ),
    ContentCase(
        "anthropic, encrypted thoughts", claude,
        anthropic([{"type": "redacted_thinking", "data": "Eqo"}, TEXT]),
        {"content": "1916.", "reasoning_content": "[encrypted]"},
    ),
    ContentCase(
        "openai, web search", gpt, responses([WEB_SEARCH, MESSAGE]), {"content": "1916."},
        [{"tool": "web_search", "input": {"type": "search", "query": "shannon"},
          "tool_call_id": "ws_1", "server": True}],
    ),
    ContentCase(
        "openai, tool search", gpt, responses([TOOL_SEARCH, TOOLS_FOUND, MESSAGE]),
        {"content": "1916."},
        [{"tool": "tool_search", "input": {"paths": ["crm"]}, "tool_call_id": "ts_1",
          "server": True, "output": []}],
    ),
    ContentCase(
        "openai, reasoning that it keeps to itself", gpt,
        responses([{"type": "reasoning", "id": "rs_1", "summary": []}, MESSAGE]),
        {"content": "1916."},
    ),
    ContentCase(
        "gemini, sources", flash, gemini([{"text": "1916."}], groundingMetadata=GROUNDING),
        {"content": "1916.", "annotations": [
            {"type": "citation", "url": "https://e.example", "title": "E", "start_index": 0,
             "end_index": 5, "cited_text": "1916."}]},
    ),
    ContentCase(
        "gemini, speech", flash,
        gemini([{"inlineData": {"mimeType": "audio/L16;codec=pcm;rate=24000",
                                "data": base64.b64encode(SPEECH).decode()}}]),
        {"content": "", "audio": {"type": "audio", "mime_type": "audio/wav",
                                  "bytes": 44 + len(SPEECH)}},
    ),
    ContentCase(
        "bedrock, grounding of Nova", bedrock_cases.model,
        bedrock_cases.converse(
            {"inputTokens": 9, "outputTokens": 2, "totalTokens": 11}, "end_turn",
            search={"query": "rain"},
        ),
        {
            "content": RAIN,
            # When it streams, LangChain's package adds a call without name and id.
            "tool_calls": None,
            "server_tool_calls": [
                {"type": "server_tool_use", "name": "nova_grounding", "input": {"query": "rain"},
                 "id": "tooluse_9"},
                {"type": "tool_result", "tool_use_id": "tooluse_9", "is_error": False,
                 "content": [{"type": "json", "json": {"results": []}}]},
            ],
        },
        [{"tool": "nova_grounding", "input": {"query": "rain"}, "tool_call_id": "tooluse_9",
          "server": True, "output": [{"type": "json", "json": {"results": []}}]}],
    ),
    ContentCase(
        "groq, search",
        lambda url: ChatGroq(model="groq/compound", base_url=url, api_key=KEY, max_retries=0),
        groq([EXECUTED]), {"content": "1916."},
        [{"tool": "search", "input": {"query": "shannon"}, "server": True, "output": "found"}],
    ),
]  # fmt: skip
