"""A usage report is read into counts that agree, whatever a provider writes into it."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from respan_langchain.usage.usage import Usage
from respan_langchain.usage.usage_report import parse_normalized_usage, parse_usage

counts = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers())
)
WORDS = [
    "input_tokens", "output_tokens", "total_tokens", "prompt_tokens", "completion_tokens",
    "inputTokens", "cacheReadInputTokens", "cache_creation_input_tokens", "candidates_token_count",
    "prompt_token_count", "thoughts_token_count", "total_cost", "prompt_eval_count",
    "cached_tokens",
]  # fmt: skip
PARTS = [
    "cache_read", "cache_creation", "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens",
    "audio", "reasoning", "flex", "priority_cache_read", "flex_reasoning", "cached_tokens",
]  # fmt: skip
parts = st.one_of(st.none(), st.text(), st.dictionaries(st.sampled_from(PARTS), counts))
reports = st.builds(
    lambda whole, put_in, put_out, split: {
        **whole,
        "input_token_details": put_in,
        "output_token_details": put_out,
        "cache_creation": split,
    },
    st.dictionaries(st.one_of(st.sampled_from(WORDS), st.text(), st.integers()), counts),
    parts,
    parts,
    parts,
)


@settings(deadline=None, max_examples=200)
@given(report=reports)
def test_the_parts_of_any_report_never_exceed_the_whole(report):
    before = json.dumps(report, default=str)

    usage = parse_usage(report)

    assert json.dumps(report, default=str) == before
    if usage is None:
        return
    assert all(
        count is None or (type(count) is int and count >= 0)
        for count in (getattr(usage, name) for name in Usage.__slots__ if "tokens" in name)
    )
    if usage.input_tokens is not None:
        cached = (usage.cache_read_tokens or 0) + (usage.cache_write_tokens or 0)
        assert cached <= usage.input_tokens
        assert (usage.audio_input_tokens or 0) <= usage.input_tokens
    if usage.output_tokens is not None:
        assert (usage.reasoning_tokens or 0) <= usage.output_tokens
        assert (usage.audio_output_tokens or 0) <= usage.output_tokens
    split = (usage.cache_write_5m_tokens or 0) + (usage.cache_write_1h_tokens or 0)
    assert split <= (usage.cache_write_tokens or 0)
    if usage.input_tokens is not None and usage.output_tokens is not None:
        assert usage.total_tokens >= usage.input_tokens + usage.output_tokens


few = st.one_of(st.none(), st.booleans(), st.integers(-2, 5), st.just(2.0))
agreeing = st.builds(
    lambda put_in, put_out, total, inside, outside: {
        "input_tokens": put_in,
        "output_tokens": put_out,
        "total_tokens": put_in + put_out if total is None and put_in and put_out else total,
        "input_token_details": inside,
        "output_token_details": outside,
    },
    few,
    few,
    few,
    st.one_of(st.none(), st.dictionaries(st.sampled_from([*PARTS, "cache_write"]), few)),
    st.one_of(st.none(), st.dictionaries(st.sampled_from(PARTS), few)),
)


@settings(deadline=None, max_examples=300)
@given(report=agreeing)
def test_the_fast_path_reads_normalized_usage_as_the_full_parser_does(report):
    assert parse_normalized_usage(report, "flex") in (None, parse_usage(report, "flex"))


def test_usage_that_langchain_normalized_takes_the_fast_path():
    report = {
        "input_tokens": 12, "output_tokens": 5, "total_tokens": 17,
        "input_token_details": {"cache_read": 4, "cache_creation": 3, "audio": 0},
        "output_token_details": {"reasoning": 2},
    }  # fmt: skip

    assert parse_normalized_usage(report) == parse_usage(report)
    assert parse_normalized_usage(report) is not None
