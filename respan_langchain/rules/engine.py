"""Applies rules to traces, one after another, and counts what each rule did."""

from collections.abc import Callable, Mapping

from respan_langchain.rules.conditions import Condition
from respan_langchain.rules.decision import LEFT_OUT, SamplingDecision
from respan_langchain.rules.facts import TraceFacts
from respan_langchain.rules.rule import Rule, Rules
from respan_langchain.rules.sampling import sample_position
from respan_langchain.stats import RuleCounts

NO_RULE = "no rule"


class RuleEngine:
    """Decides about the traces of one handler, or of one dataset."""

    def __init__(self, rules: Rules, on_error: Callable[[Condition, Exception], None]) -> None:
        """`on_error` is called when a condition raises; its rule then does not match."""
        self._rules = rules
        self._on_error = on_error
        self._seen = [0] * len(rules.rules)
        self._kept = [0] * len(rules.rules)
        self._unmatched = 0

    def decide(self, facts: TraceFacts) -> SamplingDecision:
        """Decide about a finished trace."""
        for number, rule in enumerate(self._rules.rules):
            if self._matches(rule, facts):
                self._seen[number] += 1
                decision = self._apply(rule, facts)
                self._kept[number] += decision.is_kept
                return decision
        self._unmatched += 1
        return LEFT_OUT

    @property
    def counts(self) -> Mapping[str, RuleCounts]:
        """The traces that each rule decided about, by its condition; and those of no rule."""
        counts = {
            str(rule.condition): RuleCounts(seen, kept)
            for rule, seen, kept in zip(self._rules.rules, self._seen, self._kept, strict=True)
        }
        return {**counts, NO_RULE: RuleCounts(self._unmatched)} if self._unmatched else counts

    def _matches(self, rule: Rule, facts: TraceFacts) -> bool:
        try:
            return rule.condition.matches(facts)
        except Exception as error:  # noqa: BLE001  # predicates are the user's
            self._on_error(rule.condition, error)
            return False

    def _apply(self, rule: Rule, facts: TraceFacts) -> SamplingDecision:
        if rule.rate < 1 and sample_position(facts.conversation) >= rule.rate:
            return LEFT_OUT
        return SamplingDecision(
            is_kept=True,
            dataset=rule.to,
            sampling={
                "rule": str(rule.condition),
                "version": self._rules.version,
                "probability": rule.rate,
            },
        )
