"""Gemini: grounding, media that LangChain counts as text, and what it withholds."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from langchain_core.messages import HumanMessage
from langchain_google_genai import ChatGoogleGenerativeAI
from providers.cases import KEY, QUESTION, TEXT, usd
from providers.charges import REFUSED, Charge
from providers.server import Answer, Reply, Request, json_reply, streamed


def gemini(model: str) -> Callable[[str], Any]:
    return lambda url: ChatGoogleGenerativeAI(
        model=model, base_url=url, google_api_key=KEY, max_retries=1
    )


def candidate(
    model: str, *parts: Any, reason: str = "STOP", usage: Any = None, **more: Any
) -> Answer:
    """Answer with one chunk, by default 1,000 tokens in and 200 out."""
    counts = {"promptTokenCount": 1_000, "candidatesTokenCount": 200, "totalTokenCount": 1_200}
    content = {"role": "model", "parts": list(parts or ({"text": TEXT},))}
    body = {
        "modelVersion": model, "responseId": "r-7",
        "candidates": [{"content": content, "index": 0, "finishReason": reason, **more}],
        "usageMetadata": usage or counts,
    }  # fmt: skip
    return gemini_answer(body)


def gemini_answer(body: dict[str, Any]) -> Answer:
    def answer(request: Request) -> Reply:
        if "streamGenerateContent" not in request.path:
            return json_reply(body)
        lines = [line for line in streamed([body]).body if b"[DONE]" not in line]
        return Reply(lines, kind="text/event-stream")

    return answer


def grounded(*queries: str) -> dict[str, Any]:
    source = {"web": {"uri": "https://acme.com", "title": "acme.com"}}
    return {"groundingMetadata": {"webSearchQueries": list(queries), "groundingChunks": [source]}}


FLASH = usd((1_000, "0.3"), (200, "2.5"))
PNG = {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}
HEARD = [
    HumanMessage(
        [
            {"type": "text", "text": QUESTION},
            {"type": "media", "mime_type": "audio/wav", "data": b"RIFF0000WAVE"},
        ]
    )
]
CHARGES = [
    Charge(
        "gemini 2.5, grounded with two queries", gemini("gemini-2.5-flash"),
        candidate("gemini-2.5-flash", **grounded("rain", "paris")),
        # 35 for a thousand prompts.
        FLASH + Decimal("0.035"), facts={"finish_reason": "STOP"},
    ),
    Charge(
        "gemini 3, grounded with two queries", gemini("gemini-3-pro-preview"),
        candidate("gemini-3-pro-preview", **grounded("rain", "paris")),
        # 2 in, 12 out, and 14 for a thousand queries.
        usd((1_000, "2"), (200, "12")) + Decimal("0.028"),
    ),
    Charge(
        "gemini, grounded with a map", gemini("gemini-2.5-flash"),
        candidate(
            "gemini-2.5-flash",
            groundingMetadata={"groundingChunks": [{"maps": {"uri": "https://m.example"}}]},
        ),
        FLASH, "partial",
    ),
    Charge(
        "gemini, code that it ran, whose tokens are in the prompt", gemini("gemini-2.5-flash"),
        candidate(
            "gemini-2.5-flash",
            {"executableCode": {"language": "PYTHON", "code": "print(1)"}},
            {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
            {"text": TEXT},
            usage={
                "promptTokenCount": 1_000, "toolUsePromptTokenCount": 500,
                "candidatesTokenCount": 200, "totalTokenCount": 1_700,
            },
        ),
        # Google charges only the tokens.
        usd((1_500, "0.3"), (200, "2.5")),
    ),
    Charge(
        "gemini, an image that LangChain counts as text", gemini("gemini-2.5-flash-image"),
        candidate("gemini-2.5-flash-image", {"text": TEXT}, PNG), FLASH, "partial",
    ),
    Charge(
        "gemini, heard audio that LangChain counts as text", gemini("gemini-2.5-flash"),
        candidate("gemini-2.5-flash"), FLASH, "partial", prompt=HEARD,
    ),
    Charge(
        "gemini, withheld", gemini("gemini-2.5-flash"),
        candidate("gemini-2.5-flash", reason="SAFETY"), FLASH,
        facts={"finish_reason": "SAFETY", **REFUSED},
    ),
    Charge(
        "gemini, cut off", gemini("gemini-2.5-flash"),
        candidate("gemini-2.5-flash", reason="MAX_TOKENS"), FLASH,
        facts={"finish_reason": "MAX_TOKENS", "refused": None},
    ),
    Charge(
        "gemini, a prompt that it does not answer", gemini("gemini-2.5-flash"),
        gemini_answer(
            {
                "modelVersion": "gemini-2.5-flash", "promptFeedback": {"blockReason": "SAFETY"},
                "usageMetadata": {"promptTokenCount": 1_000, "totalTokenCount": 1_000},
            }
        ),
        # LangChain's package drops the usage of such an answer unless it streams.
        None, "unknown", facts=REFUSED,
        streamed={"cost": usd((1_000, "0.3")), "cost_status": "complete"},
    ),
]  # fmt: skip
