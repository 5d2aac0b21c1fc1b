"""Finds the token usage of one model call in the places where LangChain's packages report it.

Pure; never raises. `usage_report.py` reads one report.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from respan_langchain._untyped_values import as_mapping, read_text
from respan_langchain.usage.token_names import BARE_COUNT_NAMES, RAW_REPORT_NAMES, REPORT_NAMES
from respan_langchain.usage.usage import Usage
from respan_langchain.usage.usage_report import parse_normalized_usage, parse_usage


def extract_usage(
    response: object, stream_usage: tuple[object, object] | None = None
) -> Usage | None:
    """Read what the call used from its LLMResult; None when nothing reports it.

    `stream_usage` is the first and the last usage that the chunks of its stream carried.

    The messages' usage_metadata comes first, since LangChain has normalized it; then
    generation_info, llm_output and response_metadata. All candidates of a prompt carry the same
    report, so it counts once; several prompts are added up when each has its own.
    """
    if stream_usage is not None and _is_cumulative(*stream_usage):
        # LangChain adds up the usages of all chunks, but each of these is the usage so far.
        return parse_usage(stream_usage[1])
    prompts = _prompts(response)
    return (
        _sum_over(prompts, _usage_metadata)
        or _sum_over(prompts, lambda one: _usage_in(getattr(one, "generation_info", None)))
        or _usage_in(getattr(response, "llm_output", None))
        or _sum_over(prompts, lambda one: _usage_in(_response_metadata(one)))
    )


def _is_cumulative(first: object, last: object) -> bool:
    """Whether each chunk of a stream reports the usage so far: then the last repeats the prompt.

    Databricks, vLLM and at times DeepSeek do; others report the prompt once, or in parts.
    """
    prompt = as_mapping(first).get("input_tokens")
    return first is not last and bool(prompt) and prompt == as_mapping(last).get("input_tokens")


def _prompts(response: object) -> list[list[Any]]:
    generations = getattr(response, "generations", None)
    if not isinstance(generations, list):
        return []
    return [candidates for candidates in generations if isinstance(candidates, list)]


def _sum_over(
    prompts: Iterable[Iterable[Any]], read: Callable[[object], Usage | None]
) -> Usage | None:
    total: Usage | None = None
    for candidates in prompts:
        for candidate in candidates:
            usage = read(candidate)
            if usage is not None:
                total = usage if total is None else total + usage
                break
    return total


def _usage_metadata(generation: object) -> Usage | None:
    message = getattr(generation, "message", None)
    report = getattr(message, "usage_metadata", None)
    if not report:
        return None
    metadata = as_mapping(getattr(message, "response_metadata", None))
    fields = as_mapping(report)
    tier = read_text(metadata.get("service_tier"))
    raw = None
    if not (fields.get("input_token_details") or fields.get("output_token_details")):
        # Mistral's package leaves the details out of usage_metadata; the raw report has them.
        for name in RAW_REPORT_NAMES:
            raw = raw or metadata.get(name)
    if not raw:
        return parse_normalized_usage(report, tier) or parse_usage(report, tier)
    return parse_usage(report, tier, details=raw)


def _response_metadata(generation: object) -> Mapping[str, Any]:
    return as_mapping(getattr(getattr(generation, "message", None), "response_metadata", None))


def _usage_in(fields: object) -> Usage | None:
    """Find the first report in one of LangChain's loose dicts."""
    if not isinstance(fields, dict):
        return None
    tier = read_text(fields.get("service_tier"))
    for name in REPORT_NAMES:
        if name in fields and (usage := parse_usage(fields[name], tier)) is not None:
            return usage
    cohere = as_mapping(fields.get("meta"))
    bare = {name: fields[name] for name in BARE_COUNT_NAMES if name in fields}
    reports = (cohere.get("tokens"), cohere.get("billed_units"), bare)
    return next(filter(None, map(parse_usage, reports)), None)
