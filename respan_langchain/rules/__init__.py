"""Rules: which finished traces are kept, and where their rows go. Pure."""

from respan_langchain.rules.budget import Budget
from respan_langchain.rules.condition import Condition
from respan_langchain.rules.conditions import (
    calls,
    cost_over,
    cut_off,
    edited_by_human,
    error_anywhere,
    everything,
    failed,
    fell_back,
    interrupted,
    looped,
    metadata,
    never_calls,
    novel,
    predicate,
    refused,
    rejected_by_human,
    retried,
    slower_than,
    tag,
    tokens_over,
    tool_error,
)
from respan_langchain.rules.facts import TraceFacts
from respan_langchain.rules.rule import Rule, Rules, keep

__all__ = [
    "Budget",
    "Condition",
    "Rule",
    "Rules",
    "TraceFacts",
    "calls",
    "cost_over",
    "cut_off",
    "edited_by_human",
    "error_anywhere",
    "everything",
    "failed",
    "fell_back",
    "interrupted",
    "keep",
    "looped",
    "metadata",
    "never_calls",
    "novel",
    "predicate",
    "refused",
    "rejected_by_human",
    "retried",
    "slower_than",
    "tag",
    "tokens_over",
    "tool_error",
]
