"""Filters have the documented JSON form; unknown fields and operators raise."""

import datetime as dt
import math
from decimal import Decimal

import pytest

from respan_langchain.client.filters import (
    DATASET_FIELDS,
    Filters,
    field,
    filters_body,
)
from respan_langchain.errors import ConfigurationError

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("built", "name", "operator", "value"),
    [
        (field("model") == "gpt-4o", "model", "", "gpt-4o"),
        (field("model") != "gpt-4o", "model", "not", "gpt-4o"),
        (field("cost") > 0.01, "cost", "gt", 0.01),
        (field("cost") >= Decimal("0.5"), "cost", "gte", 0.5),
        (field("latency") < 2, "latency", "lt", 2),
        (field("latency") <= 2, "latency", "lte", 2),
        (field("status").iexact("Error"), "status", "iexact", "Error"),
        (field("span_name").contains("a"), "span_name", "contains", "a"),
        (field("span_name").icontains("a"), "span_name", "icontains", "a"),
        (field("span_name").startswith("a"), "span_name", "startswith", "a"),
        (field("span_name").endswith("a"), "span_name", "endswith", "a"),
        (field("model").isin(("a", "b")), "model", "in", ["a", "b"]),
        (field("model").isnull(), "model", "isnull", True),
        (field("model").isnull(False), "model", "isnull", False),
        (field("metadata.team") == "x", "metadata__team", "", "x"),
        (field("score.exact_match") < 0.5, "score__exact_match", "lt", 0.5),
        (field("error_message").isnull(False), "error_message", "isnull", False),
        (field("metadata.at") > NOON, "metadata__at", "gt", "2026-11-23T12:00:00+00:00"),
    ],
)
def test_a_condition_has_the_documented_json_form(built, name, operator, value):
    assert built.body == {name: {"operator": operator, "value": value}}


def test_conditions_are_combined():
    both = (field("model") == "gpt-4o") & (field("metadata.team") == "x")

    assert list(both.body) == ["model", "metadata__team"]
    assert repr(both) == "Filters(model = 'gpt-4o', metadata__team = 'x')"


def test_two_conditions_on_one_field_raise():
    with pytest.raises(ConfigurationError, match="cost"):
        (field("cost") > 1) & (field("cost") < 2)


def test_the_keyword_and_raises():
    with pytest.raises(ConfigurationError, match="&"):
        (field("cost") > 1) and (field("model") == "x")


@pytest.mark.parametrize(
    "build",
    [
        lambda: field("modle"),
        lambda: field("metadata__"),
        lambda: field("metadata."),
        lambda: field("model") == None,  # noqa: E711  # what people write
        lambda: field("model") == ["a"],
        lambda: field("cost") > math.inf,
        lambda: field("model").isin([]),
        lambda: field("model").isin([None]),
        lambda: field("model").contains(""),
        lambda: field("model").startswith(""),
        lambda: field("model").isnull("yes"),
        lambda: filters_body({"modle": {"operator": "", "value": "x"}}),
        lambda: filters_body({"model": {"operator": "equals", "value": "x"}}),
        lambda: filters_body({"model": {"operator": ["in"], "value": "x"}}),
        lambda: filters_body({"model": {"operator": "in", "value": "x"}}),
        lambda: filters_body({"model": {"value": "x"}}),
        lambda: filters_body({"model": {"operator": "", "value": "x", "more": 1}}),
        lambda: filters_body({"model": "x"}),
        lambda: filters_body(Filters({"modle": {"operator": "", "value": "x"}})),
        lambda: filters_body(field("model") == "x", DATASET_FIELDS),
        lambda: filters_body({"metadata__x": {"operator": "", "value": "x"}}, DATASET_FIELDS),
    ],
)
def test_a_filter_that_the_platform_would_ignore_raises(build):
    with pytest.raises(ConfigurationError):
        build()


def test_filters_may_be_given_in_their_json_form():
    filters = {"metadata__team": {"operator": "in", "value": ["x"]}}

    assert filters_body(filters) == filters
    assert filters_body({"name": {"operator": "", "value": "x"}}, DATASET_FIELDS)
    assert filters_body(None) == {}


def test_a_field_cannot_be_a_key_of_a_dict():
    with pytest.raises(TypeError):
        {field("model")}
