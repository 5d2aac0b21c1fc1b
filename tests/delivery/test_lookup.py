"""What a lookup proves about rows whose request has no clear response."""

import pytest

from respan_langchain.delivery.batch import Batch, Lookup, LookupResult, Unconfirmed
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.lookup import read_lookup
from tests.delivery.kit import row

EXACT = DeliveryLimits(lookups_are_exact_for=60.0)


def missing_row(*, sent_wall: float) -> LookupResult:
    unconfirmed = Unconfirmed(Batch("dataset", [row("a")]), ended=10.0, sent_wall=sent_wall)
    return LookupResult(Lookup(unconfirmed), [0])


def failed_lookup() -> LookupResult:
    unconfirmed = Unconfirmed(Batch("dataset", [row("a")]), ended=10.0, sent_wall=5.0, lookups=9)
    return LookupResult(Lookup(unconfirmed), None)


def test_a_list_that_may_lag_behind_proves_nothing_by_itself():
    verdict = read_lookup(missing_row(sent_wall=5.0), 11.0, DeliveryLimits())

    assert not verdict.proven
    assert verdict.look_again_at is not None


def test_an_exact_lookup_proves_at_once_that_a_row_is_missing():
    verdict = read_lookup(missing_row(sent_wall=5.0), 11.0, EXACT)

    assert verdict.proven
    assert verdict.look_again_at is None


@pytest.mark.parametrize(
    ("sent_wall", "now"),
    [(5.0, 71.0), (0.0, 11.0)],
    ids=["too long ago", "sent by another process"],
)
def test_an_exact_lookup_proves_nothing_about_older_attempts(sent_wall, now):
    assert not read_lookup(missing_row(sent_wall=sent_wall), now, EXACT).proven


def test_a_failed_lookup_is_repeated_while_one_that_succeeds_would_be_exact():
    assert read_lookup(failed_lookup(), 11.0, DeliveryLimits()).look_again_at is None
    assert read_lookup(failed_lookup(), 11.0, EXACT).look_again_at == 26.0
    assert read_lookup(failed_lookup(), 71.0, EXACT).look_again_at is None
