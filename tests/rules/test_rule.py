"""Rules in their order: arguments, versions, short forms."""

import pickle

import pytest

from respan_langchain.errors import ConfigurationError
from respan_langchain.rules import Rules, error_anywhere, everything, failed, keep
from respan_langchain.rules.rule import sampling_rules


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (lambda: keep(everything, rate=1.5), "rate"),
        (lambda: keep(everything, rate="half"), "rate"),
        (lambda: keep(everything, to="  "), "to"),
        (lambda: keep(everything, to="x" * 256), "to"),
        (lambda: keep(everything, to=7), "to"),
        (lambda: keep(everything, per_day=0), "per_day"),
        (lambda: keep(everything, per_hour=1, per_day=1), "per_hour"),
        (lambda: keep(everything, strata="model"), "strata"),
        (lambda: keep(everything, per_day=1, strata=7), "strata"),
        (lambda: keep(everything, corrections="people"), "corrections"),
        (Rules, "rules"),
        (lambda: Rules(keep(everything), mark_regressions="yes"), "mark_regressions"),
        (lambda: Rules(everything), "rules"),
    ],
)
def test_a_wrong_argument_is_an_error_that_names_it(wrong, named):
    with pytest.raises(ConfigurationError, match=f"^{named}: "):
        wrong()


def test_the_version_changes_with_the_rules_only():
    def rules(rate):
        return Rules(keep(error_anywhere, to="failures"), keep(everything, rate=rate))

    assert rules(0.5).version == rules(0.5).version
    assert rules(0.5).version != rules(0.4).version


def test_rules_can_be_compared_and_pickled():
    rules = Rules(keep(error_anywhere), keep(everything, rate=0.1))

    assert pickle.loads(pickle.dumps(rules)) == rules  # noqa: S301  # our own
    assert rules != Rules(keep(error_anywhere))


def test_sample_rate_keep_errors_and_dedupe_are_short_forms():
    assert sampling_rules(0.1, keep_errors=True) == Rules(keep(failed), keep(everything, rate=0.1))
    assert sampling_rules(0.1, keep_errors=False) == Rules(keep(everything, rate=0.1))
    assert sampling_rules(1.0, keep_errors=True, dedupe="input") == Rules(
        keep(failed), keep(everything), dedupe="input"
    )
