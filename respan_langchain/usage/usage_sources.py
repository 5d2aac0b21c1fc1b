"""Token usage of one model call: every place where LangChain puts a report, in one order.

Pure and total. Where the reports lie and which to believe is said here; how to read one, in
`usage_report.py`; what the counts mean, in `tokens.py`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from respan_langchain.usage.usage import Usage
from respan_langchain.usage.usage_report import parse_normalized_usage, parse_usage

__all__ = ["Usage", "extract_usage"]

_REPORT_KEYS = (
    "usage_metadata", "token_usage", "usage", "token_count", "amazon-bedrock-invocationMetrics",
)  # fmt: skip
"""How generation_info, llm_output and response_metadata call a report."""
_BARE_COUNT_KEYS = ("prompt_eval_count", "eval_count", "input_token_count", "generated_token_count")
"""Counts that Ollama and IBM write beside everything else, in no report of their own."""


def extract_usage(response: object) -> Usage | None:
    """Read what the call used from its LLMResult; None when nobody said.

    The messages' usage_metadata comes first, since LangChain has normalised it; then
    generation_info, llm_output and response_metadata. One prompt's candidates all carry the same
    report, so it counts once; several prompts are added up when each has its own.
    """
    prompts = _prompts(response)
    return (
        _sum_over(prompts, _usage_metadata)
        or _sum_over(prompts, _generation_info)
        or _usage_in(getattr(response, "llm_output", None))
        or _sum_over(prompts, _response_metadata)
    )


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
    tier = _service_tier(getattr(message, "response_metadata", None))
    return parse_normalized_usage(report, tier) or parse_usage(report, tier)


def _generation_info(generation: object) -> Usage | None:
    return _usage_in(getattr(generation, "generation_info", None))


def _response_metadata(generation: object) -> Usage | None:
    message = getattr(generation, "message", None)
    return _usage_in(getattr(message, "response_metadata", None))


def _usage_in(place: object) -> Usage | None:
    """Find the first report in one of LangChain's loose dicts."""
    if not isinstance(place, dict):
        return None
    tier = _service_tier(place)
    for name in _REPORT_KEYS:
        if name in place and (usage := parse_usage(place[name], tier)) is not None:
            return usage
    return _cohere_usage(place.get("meta")) or _bare_usage(place)


def _cohere_usage(meta: object) -> Usage | None:
    if not isinstance(meta, dict):
        return None
    return parse_usage(meta.get("tokens")) or parse_usage(meta.get("billed_units"))


def _bare_usage(place: Mapping[str, Any]) -> Usage | None:
    return parse_usage({name: place[name] for name in _BARE_COUNT_KEYS if name in place})


def _service_tier(place: object) -> str | None:
    tier = place.get("service_tier") if isinstance(place, dict) else None
    return tier if isinstance(tier, str) else None
