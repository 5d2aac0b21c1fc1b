"""Applies rules to traces, one after another, and counts what each rule did."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from respan_langchain.rules.condition import Condition
from respan_langchain.rules.conditions import get_signatures
from respan_langchain.rules.decision import LEFT_OUT, SamplingDecision
from respan_langchain.rules.facts import NOT_PRODUCTION, NovelBy, TraceFacts
from respan_langchain.rules.novelty import SignatureCounts
from respan_langchain.rules.reservoir import Strata
from respan_langchain.rules.rule import Rule, Rules
from respan_langchain.rules.sampling import sample_position
from respan_langchain.stats import RuleCounts

NO_RULE: Final = "no rule"
NO_PRODUCTION: Final = "not production"


class RuleEngine:
    """Decides about the traces of one handler, or of one dataset."""

    def __init__(self, rules: Rules, on_error: Callable[[Condition, Exception], None]) -> None:
        """`on_error` is called when a condition raises; its rule then does not match."""
        self._applied = [
            _AppliedRule(rule, name, rules.version)
            for rule, name in zip(rules.rules, rules.names, strict=True)
        ]
        wanted: set[NovelBy] = {by for rule in rules.rules for by in get_signatures(rule.condition)}
        self._signatures = {by: SignatureCounts(by) for by in wanted}
        self._on_error = on_error
        self._unmatched = self._not_production = 0

    def decide(self, facts: TraceFacts) -> SamplingDecision:
        """Decide about a finished trace; traces come in the order in which they ended."""
        if facts.provenance in NOT_PRODUCTION:
            self._not_production += 1
            return LEFT_OUT
        if self._signatures:
            times_seen = {by: counts.add(facts) for by, counts in self._signatures.items()}
            facts = replace(facts, times_seen=times_seen)
        for applied in self._applied:
            if self._matches(applied.rule.condition, facts):
                return applied.decide(facts)
        self._unmatched += 1
        return LEFT_OUT

    @property
    def counts(self) -> Mapping[str, RuleCounts]:
        """The traces that each rule decided about, and those that no rule did."""
        counts = {each.name: RuleCounts(each.seen, each.kept) for each in self._applied}
        others = {NO_RULE: self._unmatched, NO_PRODUCTION: self._not_production}
        return counts | {name: RuleCounts(seen) for name, seen in others.items() if seen}

    def _matches(self, condition: Condition, facts: TraceFacts) -> bool:
        try:
            return condition.matches(facts)
        except Exception as error:  # noqa: BLE001  # predicates are the user's
            self._on_error(condition, error)
            return False


class _AppliedRule:
    """One rule with its counts and its reservoirs."""

    def __init__(self, rule: Rule, name: str, version: str) -> None:
        self.rule = rule
        self.name = name
        self.seen = self.kept = 0
        self._version = version
        self._strata = None if rule.cap is None else Strata(rule.cap, rule.window)

    def decide(self, facts: TraceFacts) -> SamplingDecision:
        """Decide about a trace that the rule matches."""
        self.seen += 1
        probability = self._probability(facts)
        if probability is None:
            return LEFT_OUT
        self.kept += 1
        return SamplingDecision(
            is_kept=True,
            dataset=self.rule.to,
            corrects=self.rule.corrections is not None,
            sampling={"rule": self.name, "version": self._version, "probability": probability},
        )

    def _probability(self, facts: TraceFacts) -> float | None:
        """Return the probability with which the trace is kept; None when it is left out."""
        rate, strata = self.rule.rate, self.rule.strata
        if rate < 1 and sample_position(facts.conversation) >= rate:
            return None
        if self._strata is None:
            return rate
        value = "" if strata is None else str(facts.get(strata))
        # Independent of the rate: a conversation's first traces say nothing of its later ones.
        admitted = self._strata.admit(value, sample_position(f"reservoir {facts.id}"), facts.ended)
        return None if admitted is None else rate * admitted
