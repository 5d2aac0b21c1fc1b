"""What an answer means, row by row: the table."""

import pytest

from respan_langchain.client.http_result import HttpResult
from respan_langchain.delivery.response_classification import Action, classify
from tests.delivery.kit import all_stored, envelope

ALL = (0, 1, 2)


def shape(verdict):
    """The verdict without its words."""
    return {
        "stored": verdict.stored,
        "resend": verdict.resend,
        "unconfirmed": verdict.unconfirmed,
        "rejected": tuple(verdict.rejected),
        "retryable": tuple(verdict.retryable),
        "remedy": verdict.action,
    }


def meaning(remedy=Action.NONE, **rows):
    nothing = {"stored": (), "resend": (), "unconfirmed": (), "rejected": (), "retryable": ()}
    return {**nothing, "remedy": remedy, **rows}


AGAIN = {
    "no connection": (HttpResult(None, error="refused", maybe_sent=False), Action.WAIT),
    "nothing to send with": (
        HttpResult(None, error="x", maybe_sent=False, permanent=True),
        Action.OPEN_CIRCUIT,
    ),
    "301": (HttpResult(301, headers={"location": "https://elsewhere/x"}), Action.OPEN_CIRCUIT),
    "302": (HttpResult(302), Action.OPEN_CIRCUIT),
    "307": (HttpResult(307, headers={"location": "http://["}), Action.OPEN_CIRCUIT),
    "308": (HttpResult(308), Action.OPEN_CIRCUIT),
    "400 without rows": (HttpResult(400, b'{"detail": "bad"}'), Action.BISECT),
    "400 of nothing stored that does not add up": (envelope(0, 1, status=400), Action.BISECT),
    "401": (HttpResult(401), Action.OPEN_CIRCUIT),
    "402": (HttpResult(402), Action.OPEN_CIRCUIT),
    "403": (HttpResult(403), Action.OPEN_CIRCUIT),
    "404": (HttpResult(404), Action.OPEN_CIRCUIT),
    "405": (HttpResult(405), Action.OPEN_CIRCUIT),
    "407": (HttpResult(407), Action.OPEN_CIRCUIT),
    "409": (HttpResult(409), Action.BISECT),
    "413": (HttpResult(413), Action.SHRINK),
    "415": (HttpResult(415), Action.OPEN_CIRCUIT),
    "422 that is no JSON": (HttpResult(422, b"<html>"), Action.BISECT),
    "425": (HttpResult(425), Action.WAIT),
    "429": (HttpResult(429), Action.THROTTLE),
    "501": (HttpResult(501), Action.OPEN_CIRCUIT),
    "503": (HttpResult(503), Action.WAIT),
    "another API": (HttpResult(200, b'{"message": "Import started"}'), Action.OPEN_CIRCUIT),
    "the dataset could not be looked up: 500": (HttpResult(500, maybe_sent=False), Action.WAIT),
    "the dataset could not be looked up: 400": (
        HttpResult(400, maybe_sent=False),
        Action.OPEN_CIRCUIT,
    ),
    "the dataset could not be looked up: 401": (
        HttpResult(401, maybe_sent=False),
        Action.OPEN_CIRCUIT,
    ),
    "the dataset could not be looked up: 429": (HttpResult(429, maybe_sent=False), Action.THROTTLE),
}

UNKNOWN = {
    "no answer": HttpResult(None, error="reset"),
    "408": HttpResult(408),
    "500": HttpResult(500),
    "502": HttpResult(502),
    "504": HttpResult(504),
    "599": HttpResult(599),
    "204": HttpResult(204),
    "200 with HTML": HttpResult(200, b"<html>Welcome to the hotel's network</html>"),
    "200 with a truncated body": HttpResult(200, b'{"success_count": 3, "err'),
    "200 with a list": HttpResult(200, b"[]"),
    "201 with too few counted": envelope(2, 0),
    "201 with too many counted": envelope(3, 1),
    "201 with a negative count": envelope(-1, 4),
    "201 with a count that is true": envelope(True, 2),  # what a server might say
    "201 with a count in words": envelope("3", 0),
    "201 with an index out of range": envelope(2, 1, [(3, "no")]),
    "201 with an index twice": envelope(1, 2, [(0, "no"), (0, "no")]),
    "201 with more errors than it counts": envelope(2, 1, [(0, "no"), (1, "no")]),
    "201 with an error that is a string": HttpResult(
        201, b'{"success_count": 2, "error_count": 1, "errors": ["no"]}'
    ),
}


@pytest.mark.parametrize("name", AGAIN)
def test_rows_that_are_certainly_not_stored_are_sent_again(name):
    answer, remedy = AGAIN[name]

    assert shape(classify(answer, 3)) == meaning(remedy, resend=ALL)


@pytest.mark.parametrize("name", UNKNOWN)
def test_rows_that_may_be_stored_are_unconfirmed(name):
    assert shape(classify(UNKNOWN[name], 3)) == meaning(Action.WAIT, unconfirmed=ALL)


@pytest.mark.parametrize("status", [200, 201, 202])
def test_rows_are_stored_only_when_the_platform_counts_them(status):
    answer = HttpResult(status, all_stored(3).body)

    assert shape(classify(answer, 3)) == meaning(stored=ALL)


def test_a_missing_error_count_is_read_from_the_errors():
    answer = HttpResult(
        201, b'{"success_count": 2, "errors": [{"index": 1, "error": "bad input"}]}'
    )

    assert shape(classify(answer, 3)) == meaning(stored=(0, 2), rejected=(1,))


@pytest.mark.parametrize("status", [201, 400, 422])
def test_listed_rows_are_rejected_with_the_servers_message(status):
    verdict = classify(envelope(1, 2, [(0, "no input"), (2, "x" * 5000)], status=status), 3)

    assert shape(verdict) == meaning(stored=(1,), rejected=(0, 2))
    assert verdict.rejected[0] == "no input"
    assert len(verdict.rejected[2]) == 1000


@pytest.mark.parametrize(
    "words",
    [
        "Request timed out",
        "timeout",
        "temporarily overloaded",
        "Please retry",
        "HTTP 503",
        "rate limit",
    ],
)
def test_rows_with_a_temporary_error_are_sent_again(words):
    assert shape(classify(envelope(2, 1, [(1, words)]), 3)) == meaning(
        stored=(0, 2), retryable=(1,)
    )


def test_failed_rows_that_are_not_listed_are_unconfirmed():
    verdict = classify(envelope(1, 2, [(0, "no input")], total_errors=2), 3)

    assert shape(verdict) == meaning(unconfirmed=(1, 2), rejected=(0,))


def test_when_all_rows_failed_none_is_stored_listed_or_not():
    verdict = classify(envelope(0, 3, [(0, "no input")], status=400), 3)

    assert shape(verdict) == meaning(rejected=(0,), retryable=(1, 2))


def test_a_redirect_names_the_host_that_it_would_have_led_to():
    location = "https://elsewhere.example/steal?key=secret"

    verdict = classify(HttpResult(307, headers={"location": location}), 1)

    assert verdict.cause == "307 to elsewhere.example, not followed"


def test_a_redirect_to_a_host_of_any_length_is_described_in_one_short_line():
    location = f"https://{'a' * 60_000}.example/"

    assert len(classify(HttpResult(302, headers={"location": location}), 1).cause) < 300


def rows_of(verdict):
    named = [*verdict.rejected, *verdict.retryable]
    return sorted([*verdict.stored, *verdict.resend, *verdict.unconfirmed, *named])


@pytest.mark.parametrize("body", [b"", b"{}", b'{"success_count": 3}', b'{"message": "ok"}'])
def test_every_row_is_in_exactly_one_class_whatever_the_response(body):
    for status in (None, *range(100, 600)):
        assert rows_of(classify(HttpResult(status, body), 3)) == [0, 1, 2], status
