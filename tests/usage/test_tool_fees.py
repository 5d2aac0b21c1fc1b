"""Tools that a provider runs itself: how often it charges for them, as the answer shows."""

import pytest
from langchain_core.messages import AIMessage

from respan_langchain.usage.model_info import ModelInfo
from respan_langchain.usage.tool_fees import count_tool_uses

CLAUDE = ModelInfo(provider="anthropic", served="claude-sonnet-4-5")
GPT = ModelInfo(provider="openai", served="gpt-5")
GEMINI_2 = ModelInfo(provider="google_genai", served="gemini-2.5-flash")
GEMINI_3 = ModelInfo(provider="google_genai", served="gemini-3-pro-preview")
GROK = ModelInfo(provider="xai", served="grok-4")


def use(name, number=1, **more):
    return {"type": "server_tool_use", "id": f"srv_{number}", "name": name, "input": {}, **more}


def call(tool, **more):
    return {"type": f"{tool}_call", "id": "call_1", "status": "completed", **more}


BLOCKS = {
    "anthropic, three searches": (
        CLAUDE, [use("web_search", n) for n in range(3)], {"web_search": 3},
    ),
    "anthropic, a search that failed is free": (
        CLAUDE,
        [
            use("web_search"),
            {
                "type": "web_search_tool_result", "tool_use_id": "srv_1",
                "content": {"type": "web_search_tool_result_error", "error_code": "unavailable"},
            },
        ],
        {},
    ),
    "anthropic, in LangChain's standard blocks": (
        CLAUDE,
        [
            {"type": "server_tool_call", "id": "srv_1", "name": "web_search", "args": {}},
            {"type": "server_tool_call", "id": "srv_2", "name": "web_search", "args": {}},
            {"type": "server_tool_result", "tool_call_id": "srv_2", "status": "error"},
        ],
        {"web_search": 1},
    ),
    "anthropic, fetches and tool searches are free": (
        CLAUDE, [use("web_fetch"), use("tool_search_tool_regex")], {},
    ),
    "anthropic, code by itself is charged by the hour": (
        CLAUDE, [use("bash_code_execution"), use("text_editor_code_execution", 2)],
        {"code_execution": 2},
    ),
    "anthropic, code that filters a search is free": (
        CLAUDE,
        [
            use("code_execution"),
            use("web_search", 2, caller={"type": "code_execution_20260120", "tool_id": "srv_1"}),
        ],
        {"web_search": 1},
    ),
    "openai, a search, and a page of it opened": (
        GPT,
        [
            call("web_search", action={"type": "search", "query": "q"}),
            call("web_search", action={"type": "open_page", "url": "u"}),
            call("web_search", action={"type": "find_in_page", "url": "u", "pattern": "p"}),
        ],
        {"web_search": 1},
    ),
    "openai, files, code and images": (
        GPT,
        [call("file_search"), call("code_interpreter"), call("image_generation")],
        {"file_search": 1, "code_execution": 1, "image_generation": 1},
    ),
    "openai, what the app runs, and what is free": (
        GPT,
        [
            call("function"), call("custom_tool"), call("computer"), call("local_shell"),
            call("apply_patch"), call("mcp"), call("tool_search"),
            {"type": "mcp_list_tools"}, {"type": "tool_search_output"}, {"type": "reasoning"},
        ],
        {},
    ),
    "openai, a shell in the app's container or in OpenAI's": (
        GPT, [call("shell", environment={"type": "local"}), call("shell")], {"shell": 1},
    ),
    "a tool that nobody has heard of": (GPT, [use("telescope")], {"telescope": 1}),
    "xai, posts": (
        GROK,
        [
            {"type": "custom_tool_call", "name": "x_keyword_search", "input": "{}"},
            {"type": "custom_tool_call", "name": "x_semantic_search", "input": "{}"},
            call("web_search"),
        ],
        {"x_search": 2, "web_search": 1},
    ),
    "gemini charges only the tokens of code and files": (
        GEMINI_2, [use("code_execution"), use("file_search", 2)], {},
    ),
    "text, a tool call of the app, and what is no block": (
        GPT, [{"type": "text", "text": "a"}, {"type": "tool_call", "name": "f"}, "b"], {},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("info", "blocks", "uses"), BLOCKS.values(), ids=BLOCKS)
def test_a_tool_of_the_provider_is_recognized_by_the_form_of_its_block(info, blocks, uses):
    assert count_tool_uses(AIMessage(blocks), {}, info) == uses


def test_openais_blocks_are_found_in_langchains_older_format():
    message = AIMessage("It rains.", additional_kwargs={"tool_outputs": [call("web_search")]})

    assert count_tool_uses(message, {}, GPT) == {"web_search": 1}


@pytest.mark.parametrize("key", ["usage", "token_usage"])
def test_a_count_that_the_provider_reports_comes_before_the_blocks(key):
    message = AIMessage([use("web_search", n) for n in range(3)])
    reported = {key: {"server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 5}}}

    assert count_tool_uses(message, reported, CLAUDE) == {"web_search": 2}


def test_perplexity_reports_its_searches():
    sonar = ModelInfo(provider="perplexity", served="sonar-deep-research")

    assert count_tool_uses(None, {"num_search_queries": 21}, sonar) == {"web_search": 21}


def test_perplexity_reports_the_tokens_that_it_cites():
    usage = {"input_tokens": 9, "output_tokens": 2, "total_tokens": 11}
    message = AIMessage(
        "hi", usage_metadata={**usage, "output_token_details": {"citation_tokens": 500}}
    )

    assert count_tool_uses(message, {}, ModelInfo(provider="perplexity")) == {"citation_token": 500}


@pytest.mark.parametrize(("sources", "uses"), [(7, {"live_search": 7}), (0, {})])
def test_the_sources_of_xai_s_live_search_are_uses(sources, uses):
    grok = ModelInfo(provider="xai", served="grok-4")

    assert count_tool_uses(None, {"token_usage": {"num_sources_used": sources}}, grok) == uses


def test_google_charges_a_prompt_until_gemini_2_and_each_query_since():
    grounding = {"web_search_queries": ["rain paris", "paris weather", "rain paris", ""]}

    assert count_tool_uses(None, {"grounding_metadata": grounding}, GEMINI_2) == {"web_search": 1}
    assert count_tool_uses(None, {"grounding_metadata": grounding}, GEMINI_3) == {"web_search": 2}


@pytest.mark.parametrize(
    ("info", "grounding", "uses"),
    [
        (GEMINI_3, {"grounding_chunks": [{"web": {"uri": "u"}}]}, {"web_search": None}),
        (GEMINI_2, {"grounding_chunks": [{"web": {"uri": "u"}}]}, {"web_search": 1}),
        (GEMINI_2, {"grounding_chunks": [{"maps": {"uri": "u"}}]}, {"google_maps": 1}),
        (GEMINI_2, {"grounding_chunks": [{"retrieved_context": {"uri": "u"}}]}, {}),
        (GEMINI_2, {"grounding_chunks": [], "web_search_queries": []}, {}),
        (GEMINI_2, {"grounding_chunks": None, "web_search_queries": None}, {}),
    ],
)
def test_grounding_without_queries_is_a_search_of_unknown_count(info, grounding, uses):
    assert count_tool_uses(None, {"grounding_metadata": grounding}, info) == uses


@pytest.mark.parametrize(
    ("info", "message", "reported", "uses"),
    [
        (ModelInfo(served="gpt-4o-search-preview"), None, {}, {"web_search": 1}),
        (ModelInfo(served="gpt-5-search-api-2025-10-14"), None, {}, {"web_search": 1}),
        (
            ModelInfo(provider="groq", served="groq/compound"),
            AIMessage("", additional_kwargs={"executed_tools": [{"type": "search"}]}),
            {},
            {"search": None},
        ),
        (
            ModelInfo(provider="perplexity", served="openai/gpt-5"),
            AIMessage("", additional_kwargs={"search_results": [{"url": "u"}]}),
            {},
            {"web_search": None},
        ),
        (
            ModelInfo(provider="amazon_bedrock"),
            None,
            {"trace": {"guardrail": {"inputAssessment": {}}}},
            {"guardrail": None},
        ),
        (GPT, AIMessage("hi", additional_kwargs={}), {"usage": None}, {}),
    ],
    ids=["search model", "search api", "groq", "perplexity agent", "guardrail", "none"],
)
def test_a_tool_that_leaves_no_block_is_noticed_by_other_signs(info, message, reported, uses):
    assert count_tool_uses(message, reported, info) == uses


REQUESTED = {
    "xai, live search": ("xai", {"search_parameters": {"mode": "auto"}}, {"live_search": None}),
    "xai, live search that is off": ("xai", {"search_parameters": {"mode": "off"}}, {}),
    "openai, a chat that may search": (
        "openai", {"web_search_options": {"search_context_size": "low"}}, {"web_search": None},
    ),
    "perplexity, whose fee includes the search": (
        "perplexity", {"web_search_options": {"search_context_size": "low"}}, {},
    ),
    "openrouter, a plugin": ("openrouter", {"plugins": [{"id": "web"}]}, {"web_search": None}),
    "qwen": ("dashscope", {"enable_search": True}, {"web_search": None}),
    "bedrock, a guardrail without a trace": (
        "amazon_bedrock", {"guardrail_config": {"guardrailVersion": "1"}}, {"guardrail": None},
    ),
    "mistral, a connector": (
        "mistralai", {"tools": [{"type": "web_search"}]}, {"web_search": None},
    ),
    "mistral, the app's tool": (
        "mistralai", {"tools": [{"type": "function", "function": {"name": "f"}}]}, {},
    ),
    "openai, a search that its answer would show": (
        "openai", {"tools": [{"type": "web_search"}]}, {},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("provider", "params", "uses"), REQUESTED.values(), ids=REQUESTED)
def test_a_requested_tool_that_an_answer_may_not_show_is_used_an_unknown_number_of_times(
    provider, params, uses
):
    info = ModelInfo(provider=provider, params=params)

    assert count_tool_uses(AIMessage("hi"), {}, info) == uses


def test_a_count_in_the_answer_is_known_for_a_requested_tool():
    grok = ModelInfo(provider="xai", params={"search_parameters": {"mode": "on"}})

    assert count_tool_uses(None, {"usage": {"num_sources_used": 2}}, grok) == {"live_search": 2}
    assert count_tool_uses(None, {"usage": {"num_sources_used": 0}}, grok) == {}
