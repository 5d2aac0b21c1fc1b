"""What a lookup proves about rows whose request has no clear response."""

from respan_langchain.delivery.batch import Batch, Lookup, LookupResult
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.lookup import read_lookup
from tests.delivery.kit import row

LIMITS = DeliveryLimits()


def unconfirmed_row(*, exact_until: float, tries: int = 0) -> Lookup:
    batch = Batch("dataset", [row("a")])
    return Lookup(batch, ended=10.0, sent_at=5.0, exact_until=exact_until, tries=tries)


def missing_row(*, exact_until: float) -> LookupResult:
    return LookupResult(unconfirmed_row(exact_until=exact_until), [0])


def failed_lookup(*, exact_until: float) -> LookupResult:
    return LookupResult(unconfirmed_row(exact_until=exact_until, tries=9), None)


def test_a_list_that_may_lag_behind_proves_nothing_by_itself():
    verdict = read_lookup(missing_row(exact_until=10.0), 11.0, LIMITS)

    assert not verdict.proven
    assert verdict.look_again_at is not None


def test_an_exact_lookup_proves_at_once_that_a_row_is_missing():
    verdict = read_lookup(missing_row(exact_until=70.0), 11.0, LIMITS)

    assert verdict.proven
    assert verdict.look_again_at is None


def test_an_exact_lookup_proves_nothing_about_attempts_too_long_ago():
    assert not read_lookup(missing_row(exact_until=70.0), 71.0, LIMITS).proven


def test_a_failed_lookup_is_repeated_while_one_that_succeeds_would_be_exact():
    assert read_lookup(failed_lookup(exact_until=10.0), 11.0, LIMITS).look_again_at is None
    assert read_lookup(failed_lookup(exact_until=70.0), 11.0, LIMITS).look_again_at == 26.0
    assert read_lookup(failed_lookup(exact_until=70.0), 71.0, LIMITS).look_again_at is None
