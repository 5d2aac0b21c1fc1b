"""Wrong arguments of public functions: one error, which names the argument and what is expected."""

import math
from decimal import Decimal
from fractions import Fraction

import pytest

from respan_langchain import (
    ConfigurationError,
    ContentLimits,
    DatasetClient,
    RespanDatasetCallbackHandler,
    TraceTimeouts,
    field,
    validated,
)
from respan_langchain.client.feedback import check_feedback
from respan_langchain.rules import (
    Budget,
    cost_over,
    everything,
    failed,
    keep,
    looped,
    metadata,
    novel,
    slower_than,
    tag,
    tokens_over,
)

NOT_COUNTS = (True, math.nan, math.inf, "1", "", b"1", [], 1.5, 0, -1)
NOT_NUMBERS = (*NOT_COUNTS[:-3], 10**400)
NOT_TEXTS = ("", "  ", b"text", 1, True, [])
NOT_DATASETS = (*NOT_TEXTS, "a\nb", "a\x00b", "a\u2028b", "\ud800", "x" * 256)


@pytest.fixture(scope="module")
def handler():
    handler = RespanDatasetCallbackHandler("d", base_url="sqlite:///:memory:")
    yield handler
    handler.shutdown()


@pytest.mark.parametrize("value", [*NOT_NUMBERS, -0.1], ids=lambda value: f"{value!r:.9}")
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("rate", lambda value: keep(everything, rate=value)),
        ("slower_than", slower_than),
        ("cost_over", cost_over),
        ("tokens_over", tokens_over),
        ("usd_per_day", lambda value: Budget(usd_per_day=value)),
        ("rows_per_hour", lambda value: Budget(rows_per_hour=value)),
        ("late_children", lambda value: TraceTimeouts(late_children=value)),
        ("interrupted", lambda value: TraceTimeouts(interrupted=value)),
        ("feedback", lambda value: TraceTimeouts(feedback=value)),
        ("idle", lambda value: TraceTimeouts(idle=value)),
        ("timeout", lambda value: DatasetClient("key", timeout=value)),
    ],
)
def test_a_number_is_expected(name, call, value):
    with pytest.raises(ConfigurationError, match=rf"^{name}: expected a number "):
        call(value)


@pytest.mark.parametrize("value", NOT_COUNTS, ids=lambda value: f"{value!r:.9}")
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("per_hour", lambda value: keep(everything, per_hour=value)),
        ("per_day", lambda value: keep(everything, per_day=value)),
        ("times", lambda value: looped("search", value)),
        ("at_most", lambda value: novel(at_most=value)),
        ("max_open", lambda value: TraceTimeouts(max_open=value)),
        ("string", lambda value: ContentLimits(string=value)),
        ("field", lambda value: ContentLimits(field=value)),
        ("row", lambda value: ContentLimits(row=value)),
        ("max_tries", lambda value: DatasetClient("key", max_tries=value)),
        ("page", lambda value: DatasetClient("key").list_datasets(page=value)),
    ],
)
def test_a_whole_number_is_expected(name, call, value):
    with pytest.raises(ConfigurationError, match=rf"^{name}: expected a whole number of at least "):
        call(value)


@pytest.mark.parametrize("value", NOT_DATASETS, ids=lambda value: f"{value!r:.9}")
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("to", lambda value: keep(everything, to=value)),
        ("to", lambda value: validated({}, to=value)),
        ("name", lambda value: DatasetClient("key").create_dataset(value)),
    ],
)
def test_the_name_of_a_dataset_is_expected(name, call, value):
    with pytest.raises(ConfigurationError, match=rf"^{name}: expected the name of a dataset"):
        call(value)


@pytest.mark.parametrize("value", NOT_TEXTS, ids=lambda value: f"{value!r:.9}")
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("field", lambda value, _: field(value)),
        ("strata", lambda value, _: keep(everything, per_day=1, strata=value)),
        ("looped", lambda value, _: looped(value, 3)),
        ("tag", lambda value, _: tag(value)),
        ("metadata", lambda value, _: metadata(value, "x")),
        ("run_id", lambda value, handler: handler.feedback(value, score=1)),
        ("name", lambda value, handler: handler.feedback("r", score=1, name=value)),
        ("customer", lambda value, handler: handler.forget(customer=value)),
        ("thread", lambda value, handler: handler.forget(thread=value)),
        ("run", lambda value, handler: handler.forget(run=value)),
    ],
)
def test_a_text_is_expected(name, call, value, handler):
    with pytest.raises(ConfigurationError, match=rf"^{name}: expected "):
        call(value, handler)


@pytest.mark.parametrize("value", NOT_NUMBERS, ids=lambda value: f"{value!r:.9}")
def test_a_client_waits_for_a_finite_time(value):
    with pytest.raises(ConfigurationError, match=r"^timeout: expected a finite number"):
        DatasetClient("key", "http://127.0.0.1:9").feedback(
            "dataset", "run", score=1, timeout=value
        )


@pytest.mark.parametrize("value", NOT_NUMBERS, ids=lambda value: f"{value!r:.9}")
def test_a_score_is_a_finite_number(value, handler):
    with pytest.raises(ConfigurationError, match=r"^score: expected a finite number"):
        handler.feedback("run", score=value)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"sample_rate": True}, "sample_rate"),
        ({"max_queue_rows": True}, "max_queue_rows"),
        ({"request_timeout": math.inf}, "request_timeout"),
        ({"requests_per_minute": 10**400}, "requests_per_minute"),
        ({"environment": b"production"}, "environment"),
        ({"pseudonym_key": " " * 20}, "pseudonym_key"),
        ({"redact": b""}, "redact"),
        ({"include": ""}, "include"),
        ({"input_key": " "}, "input_key"),
    ],
    ids=str,
)
def test_an_option_of_a_handler_is_checked(options, named):
    with pytest.raises(ConfigurationError, match=rf"^{named}\b"):
        RespanDatasetCallbackHandler("d", base_url="sqlite:///:memory:", **options)


@pytest.mark.parametrize("name", ["a\nb", "x" * 256], ids=["newline", "long"])
def test_the_dataset_of_a_handler_has_a_name(name):
    with pytest.raises(ConfigurationError, match=r"^dataset \(or RESPAN_DATASET\): expected the"):
        RespanDatasetCallbackHandler(name, base_url="sqlite:///:memory:")


@pytest.mark.parametrize("value", [math.nan, b"a", {1}, (1,), len], ids=str)
def test_metadata_is_compared_with_a_value_of_json(value):
    with pytest.raises(ConfigurationError, match=r"^metadata: expected a value as JSON has it"):
        metadata("key", value)


@pytest.mark.parametrize(
    ("combine", "operator"),
    [
        (lambda function: failed | function, r"\|"),
        (lambda function: function | failed, r"\|"),
        (lambda function: failed & function, "&"),
        (lambda function: function & failed, "&"),
        (keep, "keep"),
    ],
    ids=["or", "reversed-or", "and", "reversed-and", "keep"],
)
def test_a_function_in_place_of_a_condition_is_pointed_to_predicate(combine, operator):
    def is_long(facts):
        return True

    with pytest.raises(ConfigurationError, match=rf"^{operator}: .* predicate\(is_long\)"):
        combine(is_long)


def test_a_comment_is_a_string(handler):
    with pytest.raises(ConfigurationError, match=r"^comment: expected text"):
        handler.feedback("run", score=1, comment=7)

    check_feedback(1.0, "", None, "feedback")


@pytest.mark.parametrize("half", [Decimal("0.5"), Fraction(1, 2)], ids=["decimal", "fraction"])
def test_other_kinds_of_numbers_are_numbers(half):
    assert keep(everything, rate=half).rate == 0.5
