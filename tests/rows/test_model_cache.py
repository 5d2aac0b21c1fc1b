"""Models that were asked before are not read again, and nobody can tell."""

import json
from copy import deepcopy
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from respan_langchain.rows.model_cache import MAX_REQUESTS_PER_MODEL, ModelInfoCache
from respan_langchain.rows.model_metadata import model_metadata
from respan_langchain.rows.schema import RowOptions
from respan_langchain.tracing.events import ModelRequest
from respan_langchain.usage.model_info import ModelInfo, parse_request

SERIALIZED = {"id": ["langchain", "ChatOpenAI"], "kwargs": {"base_url": "https://gate.acme.com"}}
METADATA = {"ls_provider": "openai", "ls_model_name": "gpt-4o", "user": "u-7"}

ONCE = 2
"""The first call is read as it is, and once more as it is remembered."""


def tool(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}


class Reader:
    """Known models, and how often one had to be read."""

    def __init__(self) -> None:
        self.readings = 0
        self.models = ModelInfoCache(self._shown)

    def _shown(self, facts: ModelInfo) -> Any:
        self.readings += 1
        return model_metadata(facts, RowOptions())

    def read(self, *, metadata: Any = METADATA, options: Any = None, **params: Any) -> Any:
        return self.models.read(ModelRequest(SERIALIZED, params, options), metadata)


def test_equal_requests_to_a_model_are_read_once():
    reader = Reader()

    first = reader.read(temperature=0.2, options={"tools": [tool("weather")]})
    second = reader.read(temperature=0.2, options={"tools": [tool("weather")]})

    assert first == second
    assert reader.readings == ONCE
    assert first.shown["temperature"] == 0.2
    assert (first.model.provider, first.model.endpoint) == ("openai", "gate.acme.com")


def test_metadata_of_the_app_does_not_change_the_cache_key():
    reader = Reader()

    for user in range(3):
        reader.read(metadata={**METADATA, "user": user}, temperature=0.2)

    assert reader.readings == ONCE


def test_a_request_that_is_changed_in_place_is_read_again():
    reader = Reader()
    tools = [tool("weather")]
    reader.read(options={"tools": tools})

    tools[0]["function"]["name"] = "forecast"
    tools.append(tool("news"))

    shown = reader.read(options={"tools": tools}).shown["tools"]
    assert [each["function"]["name"] for each in shown] == ["forecast", "news"]


def test_a_request_with_a_class_as_schema_is_never_cached():
    class Answer:
        """May look the same when it is not."""

    reader = Reader()

    for _ in range(2):
        reader.read(options={"response_format": Answer})

    assert reader.readings == 2


def test_a_parameter_that_changes_with_each_call_does_not_fill_the_cache():
    reader = Reader()

    for number in range(10 * MAX_REQUESTS_PER_MODEL):
        assert reader.read(seed=number).model.params == {"seed": number}

    assert sum(map(len, reader.models._requests.values())) == MAX_REQUESTS_PER_MODEL


values = st.recursive(
    # No two that are equal and look different, such as 1, 1.0 and True.
    st.sampled_from([None, False, True, 2, 3, 0.5, float("nan"), float("inf"), "", "a", "b"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from(["tools", "function", "stop", "model"]), inner),
    ),
    max_leaves=5,
)
NAMES = [
    "ls_provider", "ls_model_name", "lc_versions", "ls_stop", "model", "stop", "tools", "kwargs",
    "response_format", "temperature",
]  # fmt: skip
said = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, values))


def told(facts: Any) -> str:
    """In any order: a dict is equal to one with the same in another order, in JSON, too."""
    return json.dumps(dict(facts), sort_keys=True)


@settings(deadline=None)
@example(calls=[({}, {}, {"stop": {"a": 2, "b": 3}}, {}), ({}, {}, {"stop": {"b": 3, "a": 2}}, {})])
@given(calls=st.lists(st.tuples(said, said, said, said), max_size=4))
def test_cached_facts_are_always_those_of_the_request(calls):
    models = ModelInfoCache(lambda facts: model_metadata(facts, RowOptions()))

    for serialized, metadata, params, options in [*calls, *deepcopy(calls)]:
        known = models.read(ModelRequest(serialized, params, options), metadata)

        facts = parse_request(serialized, metadata, params, options)
        assert told(model_metadata(known.model, RowOptions())) == told(
            model_metadata(facts, RowOptions())
        )
        assert told(known.shown) == told(model_metadata(facts, RowOptions()))
