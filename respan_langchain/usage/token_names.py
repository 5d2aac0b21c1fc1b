"""The names that providers give to token counts: a new provider's go into these tables.

Each count has a role: `input` and `output` are wholes, the others are parts of them. `own_input`
excludes what was read from and written to a cache, and `separate_read` and `separate_write` are not
part of the input. Names are in snake_case; those of a report in camelCase are converted first.
"""

REPORT_NAMES = (
    "usage_metadata", "token_usage", "usage", "token_count", "amazon-bedrock-invocationMetrics",
)  # fmt: skip
"""Names of a report in generation_info, llm_output and response_metadata."""
RAW_REPORT_NAMES = ("token_usage", "usage")
"""Names of the provider's own report beside the message's usage_metadata."""
BARE_COUNT_NAMES = {
    # Ollama
    "prompt_eval_count": "input",
    "eval_count": "output",
    # IBM
    "input_token_count": "own_input",
    "generated_token_count": "output",
}
"""Counts that also occur among other fields, in no report of their own."""
COUNT_NAMES = {
    **BARE_COUNT_NAMES,
    # LangChain's UsageMetadata, Anthropic, OpenAI's Responses API; Bedrock
    "input_tokens": "own_input",
    "output_tokens": "output",
    "total_tokens": "total",
    "output_token_count": "output",
    # OpenAI's chat completions, and all who follow them
    "prompt_tokens": "input",
    "completion_tokens": "output",
    "reasoning_tokens": "reasoning",
    "cached_tokens": "read",
    "prompt_cache_hit_tokens": "read",
    # Gemini
    "prompt_token_count": "input",
    "tool_use_prompt_token_count": "tool_prompt",
    "candidates_token_count": "candidates",
    "thoughts_token_count": "reasoning",
    "cached_content_token_count": "read",
    "total_token_count": "total",
    # Anthropic and Bedrock, not included in the input
    "cache_read_input_tokens": "separate_read",
    "cache_read_input_token_count": "separate_read",
    "cache_creation_input_tokens": "separate_write",
    "cache_write_input_tokens": "separate_write",
    "cache_write_input_token_count": "separate_write",
}
_INPUT_DETAILS = {
    "cache_read": "read",
    "cached_tokens": "read",
    "cache_creation": "write",
    "cache_creation_tokens": "write",
    "cache_write_tokens": "write",
    "ephemeral_5m_input_tokens": "write_5m",
    "ephemeral_1h_input_tokens": "write_1h",
    "audio": "audio_input",
    "audio_tokens": "audio_input",
}
_OUTPUT_DETAILS = {
    "reasoning": "reasoning",
    "reasoning_tokens": "reasoning",
    "thinking_tokens": "reasoning",
    "audio": "audio_output",
    "audio_tokens": "audio_output",
    "image": "image_output",
    "image_tokens": "image_output",
}
DETAIL_NAMES = {
    "input_token_details": _INPUT_DETAILS,
    "input_tokens_details": _INPUT_DETAILS,
    "prompt_tokens_details": _INPUT_DETAILS,
    "output_token_details": _OUTPUT_DETAILS,
    "output_tokens_details": _OUTPUT_DETAILS,
    "completion_tokens_details": _OUTPUT_DETAILS,
    "candidates_tokens_details": _OUTPUT_DETAILS,
    # Anthropic's split by time to live
    "cache_creation": _INPUT_DETAILS,
}
"""Objects of a report that split a whole into its parts, with the names of the parts."""
KNOWN_NAMES = (
    COUNT_NAMES.keys() | DETAIL_NAMES.keys() | _INPUT_DETAILS.keys() | _OUTPUT_DETAILS.keys()
)
