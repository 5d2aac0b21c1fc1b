"""Applies rules to traces, one after another, and counts what each rule did."""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Final

from respan_langchain.rules.budget import BudgetMeter, Use
from respan_langchain.rules.conditions import Condition, get_signatures
from respan_langchain.rules.decision import NOT_KEPT, RowChange, SamplingDecision
from respan_langchain.rules.earlier_traces import EarlierTraces
from respan_langchain.rules.facts import NOT_PRODUCTION, NovelBy, TraceFacts
from respan_langchain.rules.reservoir import Strata
from respan_langchain.rules.rule import Rule, Rules
from respan_langchain.rules.signatures import SignatureCounts
from respan_langchain.stats import RuleCounts

NO_RULE: Final = "no rule"
NO_PRODUCTION: Final = "not production"


class RuleEngine:
    """Decides about the traces of one handler, or of one dataset."""

    def __init__(self, rules: Rules, on_error: Callable[[str, Exception], None]) -> None:
        """`on_error` is called when a condition, or the function of `dedupe`, raises.

        The condition does not match then, or the trace is no copy.
        """
        self._applied = [
            _AppliedRule(rule, name, rules.version)
            for rule, name in zip(rules.rules, rules.names, strict=True)
        ]
        wanted: set[NovelBy] = {by for rule in rules.rules for by in get_signatures(rule.condition)}
        self._signatures: dict[NovelBy, SignatureCounts] = {
            by: SignatureCounts(by) for by in wanted
        }
        self._budget = None if rules.budget is None else BudgetMeter(rules.budget)
        self._earlier = EarlierTraces(
            rules.dedupe, on_error, marks_regressions=rules.mark_regressions
        )
        self._compares = rules.dedupe is not None or rules.mark_regressions
        self._on_error = on_error
        self._unmatched = self._not_production = 0

    def decide(self, facts: TraceFacts) -> SamplingDecision:
        """Decide about a finished trace; traces come in the order in which they ended."""
        if facts.provenance in NOT_PRODUCTION:
            self._not_production += 1
            return NOT_KEPT
        if self._signatures:
            facts.times_seen = {by: counts.add(facts) for by, counts in self._signatures.items()}
        for applied in self._applied:
            if self._matches(applied.rule.condition, facts):
                return self._apply(applied, facts)
        self._unmatched += 1
        return NOT_KEPT

    def charge(self, use: Use) -> list[str]:
        """Count the rows of the trace that was kept last; return the limits that this passed."""
        return [] if self._budget is None else self._budget.charge(use)

    def take_changes(self) -> list[RowChange]:
        """Return what is to be added to rows of traces that were kept earlier."""
        return self._earlier.take_changes()

    def show_counts(self) -> None:
        """Let `take_changes` return the counts of copies as of now."""
        self._earlier.show_counts()

    @property
    def counts(self) -> Mapping[str, RuleCounts]:
        """The traces that each rule decided about, and those that no rule did."""
        counts = {each.name: each.counts for each in self._applied}
        others = {NO_RULE: self._unmatched, NO_PRODUCTION: self._not_production}
        return counts | {name: RuleCounts(seen) for name, seen in others.items() if seen}

    @property
    def used_budget(self) -> Mapping[str, float]:
        """The used share of each limit of the budget."""
        return {} if self._budget is None else self._budget.used

    def _apply(self, rule: "_AppliedRule", facts: TraceFacts) -> SamplingDecision:
        """Decide about a trace that a rule matches."""
        rule.seen += 1
        if not rule.samples(facts):
            return NOT_KEPT
        compared = None
        if self._compares:
            compared = self._earlier.compare(facts, facts.dataset or rule.rule.to)
        # Copies use up no cap and no budget, so they are counted before these.
        if compared is not None and self._earlier.fold(compared):
            rule.folded += 1
            return NOT_KEPT
        probability = self._admit(rule, facts)
        if probability is None:
            return NOT_KEPT
        return rule.keep(probability, {} if compared is None else self._earlier.keep(compared))

    def _admit(self, rule: "_AppliedRule", facts: TraceFacts) -> float | None:
        """Return the probability with which a trace is kept; None when it is left out."""
        probability = rule.admit(facts)
        if probability is None or self._budget is None:
            return probability
        rate = self._budget.rate(facts.ended)
        if _sample_position(f"budget {facts.id}") >= rate:
            rule.over_budget += 1
            return None
        return probability * rate

    def _matches(self, condition: Condition, facts: TraceFacts) -> bool:
        try:
            return condition.matches(facts)
        except Exception as error:  # noqa: BLE001  # predicates are the user's
            self._on_error(str(condition), error)
            return False


class _AppliedRule:
    """One rule with its counts and its reservoirs."""

    def __init__(self, rule: Rule, name: str, version: str) -> None:
        self.rule = rule
        self.name = name
        self.seen = self.kept = self.folded = self.over_budget = 0
        self._version = version
        self._strata = None if rule.cap is None else Strata(rule.cap, rule.window)

    @property
    def counts(self) -> RuleCounts:
        """The traces that it decided about."""
        return RuleCounts(self.seen, self.kept, self.folded, self.over_budget)

    def keep(self, probability: float, marks: Mapping[str, str]) -> SamplingDecision:
        """Return the decision to keep a trace, with its probability."""
        self.kept += 1
        return SamplingDecision(
            is_kept=True,
            dataset=self.rule.to,
            corrects=self.rule.corrections is not None,
            sampling={"rule": self.name, "version": self._version, "probability": probability},
            marks=marks,
        )

    def samples(self, facts: TraceFacts) -> bool:
        """Whether the trace's conversation is in the fraction that the rule keeps."""
        return self.rule.rate == 1 or _sample_position(facts.conversation) < self.rule.rate

    def admit(self, facts: TraceFacts) -> float | None:
        """Return the probability with which its cap keeps a trace; None when it is left out."""
        if self._strata is None:
            return self.rule.rate
        strata = self.rule.strata
        value = "" if strata is None else str(facts.get(strata))
        # Independent of the rate: a conversation's first traces say nothing of its later ones.
        admitted = self._strata.admit(value, _sample_position(f"reservoir {facts.id}"), facts.ended)
        return None if admitted is None else self.rule.rate * admitted


def _sample_position(identifier: str) -> float:
    """Return a number in [0, 1) that is the same in every process and after a restart.

    What is sampled at one rate is sampled at every higher rate, too.
    """
    digest = blake2b(identifier.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
