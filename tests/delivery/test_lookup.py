"""What a lookup proves about rows whose request has no clear response."""

from respan_langchain.delivery.batch import Batch, Lookup, LookupResult
from respan_langchain.delivery.limits import DeliveryLimits
from respan_langchain.delivery.recovery import Recovery
from tests.delivery.kit import row

MISSING = [0]
FAILED = None


def look_up(counts, now, *, exact_until, tries=0):
    """Return whether the row is proven missing, and when it is looked up again."""
    batch = Batch("dataset", [row("a")])
    lookup = Lookup(batch, ended=10.0, sent_at=5.0, exact_until=exact_until, tries=tries)
    recovery = Recovery(DeliveryLimits(), backoff=float)
    outcomes = list(recovery.apply_lookup(LookupResult(lookup, counts), now))
    proven = any(one.kind == "not_stored" for one in outcomes)
    return proven, batch.not_before if lookup in recovery.lookups else None


def test_a_list_that_may_lag_behind_proves_nothing_by_itself():
    proven, again_at = look_up(MISSING, 11.0, exact_until=10.0)

    assert not proven
    assert again_at is not None


def test_an_exact_lookup_proves_at_once_that_a_row_is_missing():
    assert look_up(MISSING, 11.0, exact_until=70.0) == (True, None)


def test_an_exact_lookup_proves_nothing_about_attempts_too_long_ago():
    proven, _ = look_up(MISSING, 71.0, exact_until=70.0)

    assert not proven


def test_a_failed_lookup_is_repeated_while_one_that_succeeds_would_be_exact():
    assert look_up(FAILED, 11.0, exact_until=10.0, tries=9) == (False, None)
    assert look_up(FAILED, 11.0, exact_until=70.0, tries=9) == (False, 26.0)
    assert look_up(FAILED, 71.0, exact_until=70.0, tries=9) == (False, None)
