"""When something is worth a log line."""

from respan_langchain.delivery.reporting import MAX_KEYS, LogRateLimiter


def test_the_first_is_logged_at_once_and_the_rest_a_minute_later_with_their_number():
    notices = LogRateLimiter(interval=60.0)

    said = [notices.should_log("dropped", now, count=5) for now in (0.0, 1.0, 59.0, 60.0, 61.0)]

    assert said == [5, None, None, 15, None]


def test_subjects_are_rate_limited_separately():
    notices = LogRateLimiter(interval=60.0)
    notices.should_log("dropped", 0.0)

    assert notices.should_log("rejected", 0.0) == 1


def test_subjects_beyond_the_remembered_number_are_logged_too():
    notices = LogRateLimiter(interval=60.0)
    for number in range(MAX_KEYS + 1):
        notices.should_log(f"subject {number}", 0.0)

    assert notices.should_log(f"subject {MAX_KEYS}", 1.0) == 1
    assert notices.should_log("subject 0", 1.0) is None
