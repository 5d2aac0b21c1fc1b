"""Which tools a provider ran itself during a model call, and what it charges for each use.

Pure; never raises. Counts are read from the usage report, else from the answer's blocks; `rates.py`
multiplies them by the fees. A tool without a known fee makes the cost partial, unless it is known
to be free.
"""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from respan_langchain._untyped_values import as_list, as_mapping, read_count
from respan_langchain.usage.model_info import ModelInfo
from respan_langchain.usage.model_lookup import get_price_provider

Uses = dict[str, int | None]
"""Uses by tool; None: the tool was used, but how often is unknown."""

TOOL_FEES: Mapping[str, Mapping[str, Decimal]] = {
    # https://docs.x.ai/developers/pricing, 2026-11-26: USD per thousand calls
    "x-ai": {
        "web_search": Decimal(5) / 1_000,
        "x_search": Decimal(5) / 1_000,
        "code_execution": Decimal(5) / 1_000,
        "file_search": Decimal("2.5") / 1_000,
    },
}
"""USD for each use, by genai-prices' name of a provider, where its list has no such prices."""

_TOOL_NAMES = {
    "web_search_preview": "web_search",
    "google_search": "web_search",
    "code_interpreter": "code_execution",
    "bash_code_execution": "code_execution",
    "text_editor_code_execution": "code_execution",
    "collections_search": "file_search",
    "x_keyword_search": "x_search",
    "x_semantic_search": "x_search",
    "x_user_search": "x_search",
    "x_thread_fetch": "x_search",
}
"""One name for what several providers, or versions of a tool, call differently."""
_CLIENT_TOOLS = {
    "function", "tool", "invalid_tool", "custom_tool", "computer", "local_shell", "apply_patch",
}  # fmt: skip
"""What the app runs itself, by the name before `_call` in a block's type."""
_FREE_TOOLS = {
    "web_fetch", "tool_search", "tool_search_tool_regex", "tool_search_tool_bm25", "mcp", "memory",
    "url_context",
}  # fmt: skip
_FREE_AT_GOOGLE = {"code_execution", "file_search"}
"""Google charges only the tokens of these."""
_REPORTS = ("usage", "token_usage")
_USAGE_KEYS = {"server_tool_use", "num_search_queries", "num_sources_used"}
_USAGE_PLACES = _USAGE_KEYS.union(_REPORTS)
_SERVER_TOOL_BLOCKS = {"server_tool_use", "server_tool_call"}
_REQUESTED_BY = {
    "search_parameters": "live_search",  # xAI
    "web_search_options": "web_search",  # OpenAI's search models
    "plugins": "web_search",  # OpenRouter
    "enable_search": "web_search",  # Qwen
    "guardrail_config": "guardrail",  # Bedrock
}
"""Tools by the parameter that requests them, where not every answer shows their use."""
_SHOW_EACH_USE = {"anthropic", "aws", "azure", "google", "groq", "openai", "x-ai"}
"""Providers whose answers show each use of a tool in `tools`."""


def count_tool_uses(
    message: object, reported: Mapping[str, object], info: ModelInfo
) -> Mapping[str, int | None]:
    """Count the uses of a provider's own tools that it may charge for.

    Args:
        message: The answer, of which content and additional_kwargs are read.
        reported: What the provider reported beside the message (`get_reported_fields`).
        info: Who answered.
    """
    content = getattr(message, "content", None)
    extra = as_mapping(getattr(message, "additional_kwargs", None))
    provider = get_price_provider(info.provider)
    uses = {} if _USAGE_PLACES.isdisjoint(reported) else _uses_in_usage(reported)
    if isinstance(content, list) or "tool_outputs" in extra:
        # LangChain's older format of OpenAI's Responses API keeps the tools' blocks in `extra`.
        blocks = [*_blocks(content), *_blocks(extra.get("tool_outputs"))]
        uses = {**_uses_in_blocks(blocks, provider), **uses}
    if (citations := _citation_tokens(message)) is not None:
        uses["citation_token"] = citations
    if "grounding_metadata" in reported:
        uses |= _uses_in_grounding(as_mapping(reported["grounding_metadata"]), info)
    if not uses:
        uses = _uses_by_other_signs(extra, reported, info.name or "")
    uses = {**_requested_tools(info, provider), **uses}
    if not uses:
        return uses
    free = _FREE_TOOLS | _FREE_AT_GOOGLE if provider == "google" else _FREE_TOOLS
    return {tool: count for tool, count in uses.items() if tool not in free and count != 0}


def _blocks(content: object) -> list[Mapping[str, Any]]:
    blocks = content if isinstance(content, list) else ()
    return [block for block in blocks if isinstance(block, dict)]


def _uses_in_blocks(blocks: list[Mapping[str, Any]], provider: str | None) -> Uses:
    calls = [(name, block) for block in blocks if (name := _tool_name(block, provider))]
    failed = {
        block.get("tool_use_id") or block.get("tool_call_id") for block in blocks if _failed(block)
    }
    counts = Counter(
        name for name, block in calls if block.get("id") not in failed and _is_charged(name, block)
    )
    if any(_is_called_by_code(block) for _, block in calls):
        # Anthropic runs code for free when it filters what web search and web fetch find.
        del counts["code_execution"]
    return dict(counts)


def _failed(block: Mapping[str, Any]) -> bool:
    """Whether this is the result of a tool that failed, which Anthropic does not charge for."""
    content = str(as_mapping(block.get("content")).get("type"))
    return content.endswith("_error") or block.get("status") == "error"


def _tool_name(block: Mapping[str, Any], provider: str | None) -> str | None:
    """Tell a provider's own tool by the form of its block: `web_search_call`, or a named use."""
    kind = str(block.get("type"))
    name = str(block.get("name"))
    if kind in _SERVER_TOOL_BLOCKS:
        return _TOOL_NAMES.get(name, name)
    if kind == "custom_tool_call" and provider == "x-ai":
        return _TOOL_NAMES.get(name)
    tool, suffix, rest = kind.rpartition("_call")
    if not suffix or rest or tool in _CLIENT_TOOLS:
        return None
    return _TOOL_NAMES.get(tool, tool)


def _is_charged(name: str, block: Mapping[str, Any]) -> bool:
    if name == "web_search":
        # OpenAI charges searches, not the opening of a page that was found.
        action = as_mapping(block.get("action") or block.get("args"))
        return str(action.get("type", "search")) == "search"
    if name == "shell":
        return bool(as_mapping(block.get("environment")).get("type") != "local")
    return True


def _is_called_by_code(block: Mapping[str, Any]) -> bool:
    return str(as_mapping(block.get("caller")).get("type")).startswith("code_execution")


def _uses_in_usage(reported: Mapping[str, object]) -> Uses:
    """Read the counts that Anthropic, Perplexity and xAI report."""
    uses: Uses = {}
    for usage in (reported, *map(reported.get, _REPORTS)):
        if not isinstance(usage, dict) or usage.keys().isdisjoint(_USAGE_KEYS):
            continue
        for name, count in as_mapping(usage.get("server_tool_use")).items():
            tool = str(name).removesuffix("_requests")
            uses[_TOOL_NAMES.get(tool, tool)] = read_count(count) or 0
        if (searches := read_count(usage.get("num_search_queries"))) is not None:
            uses["web_search"] = searches
        if (sources := read_count(usage.get("num_sources_used"))) is not None:
            uses["live_search"] = sources
    return uses


def _citation_tokens(message: object) -> int | None:
    """Read what Perplexity's deep research cites, which is not in the output."""
    used = as_mapping(getattr(message, "usage_metadata", None))
    details = as_mapping(used.get("output_token_details"))
    return read_count(details["citation_tokens"]) if "citation_tokens" in details else None


def _uses_in_grounding(grounding: Mapping[str, Any], info: ModelInfo) -> Uses:
    """Read Gemini's grounding: until Gemini 2.5 Google charges a prompt, since then each query.

    Source: https://ai.google.dev/gemini-api/docs/pricing, read 2026-11-26.
    """
    uses: Uses = {}
    for chunk in grounding.get("grounding_chunks") or ():
        fields = as_mapping(chunk)
        if fields.get("web"):
            uses["web_search"] = None
        if fields.get("maps"):
            uses["google_maps"] = 1
        if fields.get("retrieved_context"):
            uses["file_search"] = 1
    queries = grounding.get("web_search_queries")
    # Merging the chunks of a stream repeats queries.
    distinct = {str(query) for query in queries if query} if isinstance(queries, list) else set()
    if distinct or "web_search" in uses:
        per_prompt = any(f"gemini-{major}" in (info.name or "") for major in (1, 2))
        uses["web_search"] = 1 if per_prompt else len(distinct) or None
    return uses


def _uses_by_other_signs(
    extra: Mapping[str, Any], reported: Mapping[str, object], name: str
) -> Uses:
    """Find tools that leave no call in the answer."""
    uses: Uses = {}
    if "-search-" in name and ("-search-preview" in name or "-search-api" in name):
        uses["web_search"] = 1
    for tool in extra.get("executed_tools") or ():
        uses[str(as_mapping(tool).get("type"))] = None
    if extra.get("search_results"):
        uses["web_search"] = None
    if "trace" in reported and "guardrail" in as_mapping(reported["trace"]):
        uses["guardrail"] = None
    return uses


def _requested_tools(info: ModelInfo, provider: str | None) -> Uses:
    """Find the tools that the request asks for, and that the answer may not show."""
    uses: Uses = {}
    for name in _REQUESTED_BY.keys() & info.params.keys():
        request = info.params[name]
        if request and as_mapping(request).get("mode") != "off":
            uses[_REQUESTED_BY[name]] = None
    if provider == "perplexity":  # its fee for a request includes the search
        uses.pop("web_search", None)
    if provider not in _SHOW_EACH_USE:
        kinds = (as_mapping(tool).get("type") for tool in as_list(info.params.get("tools")))
        uses |= {str(kind): None for kind in kinds if kind not in (None, "function", "custom")}
    return uses
