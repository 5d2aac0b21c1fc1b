"""Streams that carry the usage so far in every chunk: Perplexity's, and Databricks' endpoints."""

from decimal import Decimal
from typing import Any

from langchain_openai import ChatOpenAI
from langchain_perplexity import ChatPerplexity
from perplexity import AsyncPerplexity, Perplexity
from providers.cases import KEY, Case, tokens, usd
from providers.openai_like import Completions, count

PERPLEXITY = {"id": "cmpl-p", "created": 1_763_880_000, "model": "sonar-pro"}
DATABRICKS = {"id": "cmpl-d", "created": 1_763_880_000, "model": "gpt-4o-mini-2024-07-18"}


class RunningUsage(Completions):
    """Counts what was answered until then in every chunk, and all of it in the last ones."""

    def _chunks(self) -> list[dict[str, Any]]:
        whole, chunks = self.usage, super()._chunks()[:-1]
        last = whole["completion_tokens"]
        for number, chunk in enumerate(chunks):
            answered = last if chunk is chunks[-1] else min(number, last)
            chunk["usage"] = {
                **whole,
                "completion_tokens": answered,
                "total_tokens": whole["prompt_tokens"] + answered,
            }
        return chunks


def perplexity(url, model="sonar-pro"):
    client, async_client = (
        Perplexity(base_url=url, api_key=KEY),
        AsyncPerplexity(base_url=url, api_key=KEY),
    )
    return ChatPerplexity(model=model, client=client, async_client=async_client, api_key=KEY)


def databricks(url):
    """Use the OpenAI client, as Databricks documents for its serving endpoints."""
    return ChatOpenAI(
        model="databricks-gpt", base_url=f"{url}/serving-endpoints", api_key=KEY, max_retries=0
    )


def paid(put_in, put_out, fee):
    costs = {"input_tokens_cost": 0.0, "output_tokens_cost": 0.0, "request_cost": fee}
    return count(put_in, put_out, search_context_size="low", cost={**costs, "total_cost": fee})


CASES = [
    Case(
        name="perplexity",
        model=perplexity,
        answer=RunningUsage(PERPLEXITY, paid(38, 10, 0.006)),
        tokens=tokens(38, 10),
        # sonar-pro: 3 in, 15 out, and 6 for a thousand requests with a small search context.
        cost=usd((38, "3"), (10, "15")) + Decimal("0.006"),
        facts={"model": "sonar-pro"},
        source="genai-prices",
    ),
    Case(
        name="databricks",
        model=databricks,
        answer=RunningUsage(DATABRICKS, count(100, 40)),
        tokens=tokens(100, 40),
        # gpt-4o-mini: 0.15 in, 0.60 out.
        cost=usd((100, "0.15"), (40, "0.60")),
        facts={"model": "gpt-4o-mini-2024-07-18", "finish_reason": "stop"},
    ),
]
