"""Usage is found wherever a provider reports it.

The numbers are worked out by hand from each provider's documentation of its report.
"""

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, Generation, LLMResult

from respan_langchain.usage.token_names import KNOWN_NAMES
from respan_langchain.usage.usage import Usage
from respan_langchain.usage.usage_sources import extract_usage


def chat(*, llm_output=None, info=None, metadata=None, usage=None):
    message = AIMessage("hello", response_metadata=metadata or {})
    # Set, not given: providers write counts here that AIMessage's own type would refuse.
    message.usage_metadata = usage
    return LLMResult(
        generations=[[ChatGeneration(message=message, generation_info=info)]],
        llm_output=llm_output,
    )


def text(*, llm_output=None, info=None):
    return LLMResult(
        generations=[[Generation(text="hello", generation_info=info)]], llm_output=llm_output
    )


PLACES = {
    "openai, chat": (
        chat(
            usage={
                "input_tokens": 1_000, "output_tokens": 300, "total_tokens": 1_300,
                "input_token_details": {"audio": 10, "cache_read": 800},
                "output_token_details": {"audio": 20, "reasoning": 200},
            },
            metadata={"service_tier": "default", "token_usage": {"prompt_tokens": 7}},
        ),
        Usage(
            1_000, 300, 1_300, cache_read_tokens=800, reasoning_tokens=200, audio_input_tokens=10,
            audio_output_tokens=20, service_tier="default",
        ),
    ),
    "openai, priority tier": (
        chat(
            usage={
                "input_tokens": 1_000, "output_tokens": 300, "total_tokens": 1_300,
                "input_token_details": {"priority": 200, "priority_cache_read": 800},
                "output_token_details": {"priority": 100, "priority_reasoning": 200},
            }
        ),
        Usage(
            1_000, 300, 1_300, cache_read_tokens=800, reasoning_tokens=200, service_tier="priority"
        ),
    ),
    "openai, flex tier beside empty details": (
        chat(
            usage={
                "input_tokens": 10, "output_tokens": 3, "total_tokens": 13,
                "input_token_details": {"flex": 6, "flex_cache_read": 4, "cache_read": None},
            }
        ),
        Usage(10, 3, 13, cache_read_tokens=4, service_tier="flex"),
    ),
    "openai, text, in llm_output": (
        text(
            llm_output={
                "token_usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
                "model_name": "gpt-3.5-turbo-instruct",
            }
        ),
        Usage(5, 2, 7),
    ),
    "openai, raw details in llm_output": (
        chat(
            llm_output={
                "token_usage": {
                    "prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150,
                    "prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": 0},
                    "completion_tokens_details": {"reasoning_tokens": 40, "audio_tokens": 0},
                }
            }
        ),
        Usage(
            100, 50, 150, cache_read_tokens=64, reasoning_tokens=40, audio_input_tokens=0,
            audio_output_tokens=0,
        ),
    ),
    "openai, raw responses in response_metadata": (
        chat(
            metadata={
                "usage": {
                    "input_tokens": 100, "output_tokens": 50, "total_tokens": 150,
                    "input_tokens_details": {"cached_tokens": 64},
                    "output_tokens_details": {"reasoning_tokens": 40},
                },
                "service_tier": "flex",
            }
        ),
        Usage(100, 50, 150, cache_read_tokens=64, reasoning_tokens=40, service_tier="flex"),
    ),
    "anthropic, normalised, with the split": (
        chat(
            usage={
                "input_tokens": 1_110, "output_tokens": 20, "total_tokens": 1_130,
                "input_token_details": {
                    "cache_read": 1_000, "cache_creation": 0,
                    "ephemeral_5m_input_tokens": 70, "ephemeral_1h_input_tokens": 30,
                },
            }
        ),
        Usage(
            1_110, 20, 1_130, cache_read_tokens=1_000, cache_write_tokens=100,
            cache_write_5m_tokens=70, cache_write_1h_tokens=30,
        ),
    ),
    "anthropic, normalised, without the split": (
        chat(
            usage={
                "input_tokens": 1_110, "output_tokens": 20, "total_tokens": 1_130,
                "input_token_details": {"cache_read": 1_000, "cache_creation": 100},
            }
        ),
        Usage(1_110, 20, 1_130, cache_read_tokens=1_000, cache_write_tokens=100),
    ),
    "anthropic, raw: the cache is counted beside the input": (
        chat(
            llm_output={
                "usage": {
                    "input_tokens": 10, "output_tokens": 20,
                    "cache_read_input_tokens": 1_000, "cache_creation_input_tokens": 100,
                    "cache_creation": {
                        "ephemeral_5m_input_tokens": 70, "ephemeral_1h_input_tokens": 30,
                    },
                    "service_tier": "standard",
                }
            }
        ),
        Usage(
            1_110, 20, 1_130, cache_read_tokens=1_000, cache_write_tokens=100,
            cache_write_5m_tokens=70, cache_write_1h_tokens=30, service_tier="standard",
        ),
    ),
    "litellm: anthropic's words beside openai's, already included": (
        chat(
            llm_output={
                "token_usage": SimpleNamespace(
                    prompt_tokens=1_110, completion_tokens=20, total_tokens=1_130,
                    cache_read_input_tokens=1_000, cache_creation_input_tokens=100,
                )
            }
        ),
        Usage(1_110, 20, 1_130, cache_read_tokens=1_000, cache_write_tokens=100),
    ),
    "openrouter: writes among the details": (
        chat(
            llm_output={
                "token_usage": {
                    "prompt_tokens": 1_110, "completion_tokens": 20, "total_tokens": 1_130,
                    "prompt_tokens_details": {"cached_tokens": 1_000, "cache_write_tokens": 100},
                    "cost": 0.01,
                }
            }
        ),
        Usage(1_110, 20, 1_130, cache_read_tokens=1_000, cache_write_tokens=100),
    ),
    "gemini, normalised": (
        chat(
            usage={
                "input_tokens": 50, "output_tokens": 90, "total_tokens": 140,
                "input_token_details": {"cache_read": 0},
                "output_token_details": {"reasoning": 60},
            }
        ),
        Usage(50, 90, 140, cache_read_tokens=0, reasoning_tokens=60),
    ),
    "gemini, raw: thoughts and tool prompts are counted beside the rest": (
        text(
            info={
                "usage_metadata": {
                    "prompt_token_count": 40, "tool_use_prompt_token_count": 10,
                    "candidates_token_count": 30, "thoughts_token_count": 60,
                    "cached_content_token_count": 20, "total_token_count": 140,
                }
            }
        ),
        Usage(50, 90, 140, cache_read_tokens=20, reasoning_tokens=60),
    ),
    "gemini, merged from deltas of which one was negative": (
        chat(
            usage={
                "input_tokens": 50, "output_tokens": 30, "total_tokens": 80,
                "input_token_details": {"cache_read": -5},
                "output_token_details": {"reasoning": 10},
            }
        ),
        Usage(50, 30, 80, reasoning_tokens=10),
    ),
    "xai, streamed: reasoning is counted beside the output": (
        chat(
            usage={
                "input_tokens": 20, "output_tokens": 10, "total_tokens": 330,
                "output_token_details": {"reasoning": 300},
            }
        ),
        Usage(20, 310, 330, reasoning_tokens=300),
    ),
    "openai: an output that is all reasoning": (
        chat(
            usage={
                "input_tokens": 20, "output_tokens": 300, "total_tokens": 320,
                "output_token_details": {"reasoning": 300},
            }
        ),
        Usage(20, 300, 320, reasoning_tokens=300),
    ),
    "an input that is all cache": (
        chat(
            usage={
                "input_tokens": 300, "output_tokens": 2, "total_tokens": 302,
                "input_token_details": {"cache_read": 300},
            }
        ),
        Usage(300, 2, 302, cache_read_tokens=300),
    ),
    "the output alone": (
        text(llm_output={"token_usage": {"completion_tokens": 5}}), Usage(output_tokens=5),
    ),
    "the total alone": (
        text(llm_output={"token_usage": {"total_tokens": 5}}), Usage(total_tokens=5),
    ),
    "deepseek: cache hits in words of its own": (
        chat(
            llm_output={
                "token_usage": {
                    "prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110,
                    "prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 36,
                }
            }
        ),
        Usage(100, 10, 110, cache_read_tokens=64),
    ),
    "bedrock, raw converse in camelCase": (
        chat(
            metadata={
                "usage": {
                    "inputTokens": 10, "outputTokens": 20, "totalTokens": 1_130,
                    "cacheReadInputTokens": 1_000, "cacheWriteInputTokens": 100,
                }
            }
        ),
        Usage(1_110, 20, 1_130, cache_read_tokens=1_000, cache_write_tokens=100),
    ),
    "bedrock, invocation metrics": (
        chat(
            metadata={
                "amazon-bedrock-invocationMetrics": {
                    "inputTokenCount": 11, "outputTokenCount": 22, "invocationLatency": 900,
                }
            }
        ),
        Usage(11, 22, 33),
    ),
    "bedrock, counts in lists": (
        chat(metadata={"usage": {"prompt_tokens": [11], "completion_tokens": [20, 2]}}),
        Usage(11, 22, 33),
    ),
    "cohere: floats": (
        chat(info={"token_count": {"input_tokens": 11.0, "output_tokens": 22.0}}),
        Usage(11, 22, 33),
    ),
    "cohere, in meta": (
        chat(info={"meta": {"tokens": {"input_tokens": 11.0, "output_tokens": 22.0}}}),
        Usage(11, 22, 33),
    ),
    "cohere, billed units alone": (
        chat(info={"meta": {"billed_units": {"input_tokens": 9.0, "output_tokens": 22.0}}}),
        Usage(9, 22, 31),
    ),
    "ollama, chat": (
        chat(metadata={"prompt_eval_count": 26, "eval_count": 298, "eval_duration": 1}),
        Usage(26, 298, 324),
    ),
    "ollama, text": (
        text(info={"prompt_eval_count": 26, "eval_count": 298, "context": [1, 2]}),
        Usage(26, 298, 324),
    ),
    "openrouter, gemini: read from the cache what was written just now": (
        text(
            llm_output={
                "token_usage": {
                    "prompt_tokens": 2_168, "completion_tokens": 100, "total_tokens": 2_268,
                    "prompt_tokens_details": {"cached_tokens": 2_161, "cache_write_tokens": 2_161},
                }
            }
        ),
        Usage(2_168, 100, 2_268, cache_read_tokens=2_161, cache_write_tokens=7),
    ),
    "openrouter, minimax: more thoughts than output": (
        chat(
            usage={
                "input_tokens": 43, "output_tokens": 10, "total_tokens": 53,
                "output_token_details": {"reasoning": 11},
            }
        ),
        Usage(43, 10, 53, reasoning_tokens=10),
    ),
    "azure, grok: more in the cache than was sent": (
        text(
            llm_output={
                "token_usage": {
                    "prompt_tokens": 10, "completion_tokens": 213, "total_tokens": 223,
                    "prompt_tokens_details": {"cached_tokens": 161},
                }
            }
        ),
        Usage(10, 213, 223, cache_read_tokens=10),
    ),
    "mistral: the details are only in the raw report": (
        chat(
            usage={"input_tokens": 10_000, "output_tokens": 10, "total_tokens": 10_010},
            metadata={
                "token_usage": {
                    "prompt_tokens": 10_000, "completion_tokens": 10, "total_tokens": 10_010,
                    "prompt_tokens_details": {"cached_tokens": 9_984},
                }
            },
        ),
        Usage(10_000, 10, 10_010, cache_read_tokens=9_984),
    ),
    "mistral: audio is counted separately, in the total": (
        chat(
            usage={"input_tokens": 9, "output_tokens": 248, "total_tokens": 632},
            metadata={
                "token_usage": {
                    "prompt_tokens": 9, "completion_tokens": 248, "total_tokens": 632,
                    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 375},
                }
            },
        ),
        Usage(384, 248, 632, cache_read_tokens=0, audio_input_tokens=375),
    ),
    "a raw report of another call's counts gives no details": (
        chat(
            usage={"input_tokens": 10, "output_tokens": 10, "total_tokens": 20},
            metadata={
                "usage": {
                    "prompt_tokens": 30, "completion_tokens": 10,
                    "prompt_tokens_details": {"cached_tokens": 5},
                }
            },
        ),
        Usage(10, 10, 20),
    ),
    "anthropic, a raw report that has the tier, and thoughts": (
        chat(
            llm_output={
                "usage": {
                    "input_tokens": 10, "output_tokens": 20, "cache_read_input_tokens": 1_000,
                    "cache_creation_input_tokens": 100, "service_tier": "batch",
                    "output_tokens_details": {"thinking_tokens": 15},
                }
            }
        ),
        Usage(
            1_110, 20, 1_130, cache_read_tokens=1_000, cache_write_tokens=100,
            reasoning_tokens=15, service_tier="batch",
        ),
    ),
    "anthropic, streamed by a server that does not repeat the input": (
        chat(usage={"input_tokens": 0, "output_tokens": 168, "total_tokens": 168}),
        Usage(None, 168, None),
    ),
    "an output whose total says more": (
        chat(usage={"input_tokens": 0, "output_tokens": 168, "total_tokens": 682}),
        Usage(None, 168, 682),
    ),
    "a tier that a stream repeats": (
        chat(
            usage={"input_tokens": 5, "output_tokens": 1, "total_tokens": 6},
            metadata={"service_tier": "prioritypriority"},
        ),
        Usage(5, 1, 6, service_tier="priority"),
    ),
    "gemini, raw, an image": (
        text(
            info={
                "usage_metadata": {
                    "promptTokenCount": 10, "candidatesTokenCount": 1_295, "totalTokenCount": 1_305,
                    "candidatesTokensDetails": [
                        {"modality": "TEXT", "tokenCount": 5},
                        {"modality": "IMAGE", "tokenCount": 1_290},
                    ],
                    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 10}],
                }
            }
        ),
        Usage(10, 1_295, 1_305, image_output_tokens=1_290),
    ),
    "ibm": (
        text(llm_output={"token_usage": {"generated_token_count": 7, "input_token_count": 5}}),
        Usage(5, 7, 12),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("response", "usage"), PLACES.values(), ids=PLACES)
def test_usage_is_read_wherever_a_provider_reports_it(response, usage):
    assert extract_usage(response) == usage


def test_the_messages_own_usage_comes_before_every_other():
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    raw = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}

    found = extract_usage(
        chat(
            usage=usage,
            info={"token_usage": raw},
            llm_output={"token_usage": raw},
            metadata={"token_usage": raw},
        )
    )

    assert found == Usage(1, 1, 2)


def test_a_generations_info_comes_before_llm_output_and_this_before_response_metadata():
    reports = [{"prompt_tokens": n, "completion_tokens": 0, "total_tokens": n} for n in (1, 2, 3)]
    places = {
        "info": {"token_usage": reports[0]},
        "llm_output": {"token_usage": reports[1]},
        "metadata": {"token_usage": reports[2]},
    }

    first = extract_usage(chat(**places))
    del places["info"]
    second = extract_usage(chat(**places))
    del places["llm_output"]
    third = extract_usage(chat(**places))

    assert [found.input_tokens for found in (first, second, third)] == [1, 2, 3]


def test_n_candidates_count_once():
    usage = {"input_tokens": 10, "output_tokens": 60, "total_tokens": 70}
    candidate = ChatGeneration(message=AIMessage("a", usage_metadata=usage))

    assert extract_usage(LLMResult(generations=[[candidate] * 3])) == Usage(10, 60, 70)


def test_prompts_with_a_usage_of_their_own_are_added_up():
    usage = {"input_tokens": 10, "output_tokens": 60, "total_tokens": 70}
    candidate = ChatGeneration(message=AIMessage("a", usage_metadata=usage))
    silent = ChatGeneration(message=AIMessage("b"))

    assert extract_usage(LLMResult(generations=[[candidate], [silent], [candidate], []])) == Usage(
        20, 120, 140
    )


def test_prompts_that_share_one_report_count_it_once():
    shared = {"token_usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}}
    prompts = [[Generation(text="a")], [Generation(text="b")]]

    assert extract_usage(LLMResult(generations=prompts, llm_output=shared)) == Usage(5, 2, 7)


def test_a_streams_merged_message_gives_its_whole_usage():
    chunks = [
        AIMessageChunk(
            content="a", usage_metadata={"input_tokens": 5, "output_tokens": 1, "total_tokens": 6}
        ),
        AIMessageChunk(
            content="b", usage_metadata={"input_tokens": 0, "output_tokens": 2, "total_tokens": 2}
        ),
    ]
    merged = ChatGeneration(message=chunks[0] + chunks[1])

    assert extract_usage(LLMResult(generations=[[merged]])) == Usage(5, 3, 8)


def usage_so_far(output_tokens, input_tokens=50):
    return {
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "total_tokens": input_tokens + output_tokens,
    }


def test_cumulative_usages_of_a_stream_are_not_added_up():
    added_up = chat(usage={"input_tokens": 150, "output_tokens": 6, "total_tokens": 156})

    found = extract_usage(added_up, (usage_so_far(1), usage_so_far(3)))

    assert found == Usage(50, 3, 53)


@pytest.mark.parametrize(
    "last",
    [usage_so_far(3, input_tokens=0), usage_so_far(3, input_tokens=20), None, {}],
    ids=["the prompt was reported at the start", "in parts", "none", "empty"],
)
def test_usages_that_a_stream_reports_in_parts_are_added_up(last):
    added_up = chat(usage={"input_tokens": 70, "output_tokens": 4, "total_tokens": 74})

    assert extract_usage(added_up, (usage_so_far(1), last)) == Usage(70, 4, 74)


def test_a_single_usage_of_a_stream_is_the_usage_of_its_answer():
    only = usage_so_far(3)

    assert extract_usage(chat(usage=only), (only, only)) == Usage(50, 3, 53)


def test_an_errors_partial_answer_gives_its_usage():
    partial = ChatGeneration(
        message=AIMessage(
            "a", usage_metadata={"input_tokens": 5, "output_tokens": 1, "total_tokens": 6}
        )
    )
    failed = ChatGeneration(message=AIMessage("", response_metadata={"status_code": 529}))

    assert extract_usage(LLMResult(generations=[[partial], [failed]])) == Usage(5, 1, 6)


@pytest.mark.parametrize(
    "usage", [{"total_cost": 0}, {"input_tokens": 9, "output_tokens": 9, "total_cost": 0}]
)
def test_an_answer_from_langchains_cache_used_nothing(usage):
    found = extract_usage(chat(usage=usage))

    assert (found.cache_hit, found.input_tokens, found.output_tokens) == (True, 0, 0)


@pytest.mark.parametrize(
    "response",
    [
        LLMResult(generations=[]),
        LLMResult(generations=[[]]),
        chat(),
        text(llm_output={"token_usage": {}, "model_name": "m"}),
        chat(usage={"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}),
        chat(usage={"input_tokens": None, "output_tokens": float("nan"), "total_tokens": -3}),
        chat(metadata={"usage": "many", "token_usage": 3, "meta": []}),
        None,
        SimpleNamespace(generations={"a": 1}, llm_output=[1]),
        SimpleNamespace(generations=[None, [None, 3]], llm_output=None),
    ],
)
def test_no_report_is_none_and_never_zero(response):
    assert extract_usage(response) is None


def test_all_zeros_do_not_hide_a_report_elsewhere():
    zeros = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}

    found = extract_usage(chat(usage=zeros, metadata={"prompt_eval_count": 4, "eval_count": 2}))

    assert found == Usage(4, 2, 6)


names = st.one_of(st.sampled_from(sorted(KNOWN_NAMES)), st.text())
scalars = [st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary()]
anything = st.recursive(
    st.one_of(*scalars),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(names, inner)),
    max_leaves=10,
)


@settings(deadline=None)
@given(generations=anything, llm_output=anything, info=anything, metadata=anything, usage=anything)
def test_reading_usage_never_raises_on_any_answer(generations, llm_output, info, metadata, usage):
    message = SimpleNamespace(usage_metadata=usage, response_metadata=metadata)
    generation = SimpleNamespace(message=message, generation_info=info)

    extract_usage(SimpleNamespace(generations=generations, llm_output=llm_output))
    extract_usage(SimpleNamespace(generations=[[generation]], llm_output=llm_output))
