"""Who speaks OpenAI's chat completions with words of their own: Mistral, Groq, DeepSeek, xAI."""

from langchain_deepseek import ChatDeepSeek
from langchain_groq import ChatGroq
from langchain_mistralai import ChatMistralAI
from langchain_xai import ChatXAI
from providers.cases import KEY, Case, called, tokens, usd, weather
from providers.openai_like import Completions, count

HEAD = {"id": "cmpl-7", "created": 1_763_880_000}
MISTRAL = {**HEAD, "model": "mistral-small-latest"}
GROQ = {**HEAD, "model": "llama-3.3-70b-versatile", "system_fingerprint": "fp_g"}
OSS = {**HEAD, "model": "openai/gpt-oss-120b", "system_fingerprint": "fp_g"}
DEEPSEEK = {**HEAD, "model": "deepseek-chat", "system_fingerprint": "fp_d"}
XAI = {**HEAD, "model": "grok-3-mini", "system_fingerprint": "fp_x"}


def mistral(url):
    return ChatMistralAI(
        model="mistral-small-latest", endpoint=f"{url}/v1", api_key=KEY, max_retries=0
    )


def groq(model):
    return lambda url: ChatGroq(model=model, base_url=url, api_key=KEY, max_retries=0)


def deepseek(url):
    return ChatDeepSeek(
        model="deepseek-chat", api_base=url, api_key=KEY, max_retries=0, stream_usage=True
    )


def xai(url, **arguments):
    return ChatXAI(model="grok-3-mini", xai_api_base=url, api_key=KEY, max_retries=0, **arguments)


OSS_USAGE = count(
    200, 90, completion_tokens_details={"reasoning_tokens": 60}, queue_time=0.01, total_time=0.2
)
DEEPSEEK_USAGE = count(
    1_000, 50, prompt_cache_hit_tokens=640, prompt_cache_miss_tokens=360,
    prompt_tokens_details={"cached_tokens": 640},
)  # fmt: skip
# xAI counts reasoning beside the completion, and in the total.
XAI_USAGE = {
    **count(120, 30), "total_tokens": 450,
    "prompt_tokens_details": {"cached_tokens": 20, "text_tokens": 120, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 300, "audio_tokens": 0},
}  # fmt: skip
# DeepSeek's prices depend on the hour, so the test brings its own.
DEEPSEEK_PRICES = {"deepseek-chat": {"input": 0.28, "cache_read": 0.028, "output": 0.42}}

CASES = [
    Case(
        name="mistral",
        model=mistral,
        answer=Completions(MISTRAL, count(100, 40), usage_with_last_choice=True),
        tokens=tokens(100, 40),
        # mistral-small: 0.15 in, 0.60 out.
        cost=usd((100, "0.15"), (40, "0.6")),
        facts={
            "provider_id": "mistral", "model": "mistral-small-latest", "finish_reason": "stop",
            "model_requested": "mistral-small-latest",
        },
    ),
    Case(
        name="mistral, a tool call",
        model=mistral,
        answer=Completions(
            MISTRAL, count(100, 40), tool="D681PevKs", usage_with_last_choice=True,
            whole_calls=True,
        ),
        tokens=tokens(100, 40),
        cost=usd((100, "0.15"), (40, "0.6")),
        facts={"provider_id": "mistral", "finish_reason": "tool_calls"},
        text=None, calls=called("D681PevKs"), tools=[weather],
    ),
    Case(
        name="groq",
        model=groq("llama-3.3-70b-versatile"),
        answer=Completions(
            GROQ, count(100, 40, queue_time=0.01, total_time=0.1), usage_with_last_choice=True,
            last={"x_groq": {"id": "req_7", "usage": count(100, 40)}},
        ),
        tokens=tokens(100, 40),
        # llama-3.3-70b: 0.59 in, 0.79 out.
        cost=usd((100, "0.59"), (40, "0.79")),
        facts={
            "provider_id": "groq", "model": "llama-3.3-70b-versatile", "finish_reason": "stop",
        },
    ),
    Case(
        name="groq, reasoning and a tool call",
        model=groq("openai/gpt-oss-120b"),
        answer=Completions(
            OSS, OSS_USAGE, tool="call_7", usage_with_last_choice=True,
            last={"x_groq": {"id": "req_7", "usage": OSS_USAGE}},
        ),
        tokens=tokens(200, 90, reasoning_tokens=60),
        # gpt-oss-120b: 0.15 in, 0.60 out.
        cost=usd((200, "0.15"), (90, "0.6")),
        facts={"provider_id": "groq", "model": "openai/gpt-oss-120b"},
        text=None, calls=called("call_7"), tools=[weather],
    ),
    Case(
        name="deepseek, with a cache",
        model=deepseek,
        answer=Completions(DEEPSEEK, DEEPSEEK_USAGE),
        tokens=tokens(1_000, 50, prompt_cache_hit_tokens=640),
        cost=usd((360, "0.28"), (640, "0.028"), (50, "0.42")),
        facts={"provider_id": "deepseek", "model": "deepseek-chat", "finish_reason": "stop"},
        source="custom",
        prices=DEEPSEEK_PRICES,
    ),
    Case(
        name="deepseek, a tool call",
        model=deepseek,
        answer=Completions(DEEPSEEK, DEEPSEEK_USAGE, tool="call_7"),
        tokens=tokens(1_000, 50, prompt_cache_hit_tokens=640),
        cost=usd((360, "0.28"), (640, "0.028"), (50, "0.42")),
        facts={"provider_id": "deepseek", "finish_reason": "tool_calls"},
        source="custom",
        prices=DEEPSEEK_PRICES,
        text=None, calls=called("call_7"), tools=[weather],
    ),
    Case(
        name="xai, reasoning",
        model=xai,
        answer=Completions(XAI, XAI_USAGE, thought="Look out of the window."),
        tokens=tokens(
            120, 330, prompt_cache_hit_tokens=20, reasoning_tokens=300, audio_input_tokens=0,
            audio_output_tokens=0,
        ),
        # grok-3-mini: 0.30 in, 0.075 cached, 0.50 out.
        cost=usd((100, "0.3"), (20, "0.075"), (330, "0.5")),
        facts={"provider_id": "xai", "model": "grok-3-mini", "finish_reason": "stop"},
    ),
    Case(
        name="xai, a tool call",
        model=xai,
        answer=Completions(XAI, XAI_USAGE, tool="call_7"),
        tokens=tokens(
            120, 330, prompt_cache_hit_tokens=20, reasoning_tokens=300, audio_input_tokens=0,
            audio_output_tokens=0,
        ),
        cost=usd((100, "0.3"), (20, "0.075"), (330, "0.5")),
        facts={"provider_id": "xai", "finish_reason": "tool_calls"},
        text=None, calls=called("call_7"), tools=[weather],
    ),
]  # fmt: skip
