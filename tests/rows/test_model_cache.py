"""Models that were asked before are not read again, and nobody can tell."""

import json
from copy import deepcopy
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from respan_langchain.rows.identity import model_metadata
from respan_langchain.rows.model_cache import MAX_REQUESTS_PER_MODEL, ModelInfoCache
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


def test_a_model_that_is_asked_in_the_same_way_is_read_once():
    reader = Reader()

    first = reader.read(temperature=0.2, options={"tools": [tool("weather")]})
    second = reader.read(temperature=0.2, options={"tools": [tool("weather")]})

    assert first == second
    assert reader.readings == ONCE
    assert first.shown["temperature"] == 0.2
    assert (first.facts.provider, first.facts.endpoint) == ("openai", "gate.acme.com")


def test_who_uses_it_makes_no_difference():
    reader = Reader()

    for user in range(3):
        reader.read(metadata={**METADATA, "user": user}, temperature=0.2)

    assert reader.readings == ONCE


def test_what_an_app_changes_in_place_is_seen():
    reader = Reader()
    tools = [tool("weather")]
    reader.read(options={"tools": tools})

    tools[0]["function"]["name"] = "forecast"
    tools.append(tool("news"))

    shown = reader.read(options={"tools": tools}).shown["tools"]
    assert [each["function"]["name"] for each in shown] == ["forecast", "news"]


def test_a_class_that_stands_for_a_schema_is_read_at_every_call():
    class Answer:
        """May look the same when it is not."""

    reader = Reader()

    for _ in range(2):
        reader.read(options={"response_format": Answer})

    assert reader.readings == 2


def test_an_app_that_gives_each_call_a_number_fills_no_memory():
    reader = Reader()

    for number in range(10 * MAX_REQUESTS_PER_MODEL):
        assert reader.read(seed=number).facts.params == {"seed": number}

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
@given(calls=st.lists(st.tuples(said, said, said, said), max_size=6))
def test_whatever_was_said_before_the_facts_are_those_of_this_call(calls):
    models = ModelInfoCache(lambda facts: model_metadata(facts, RowOptions()))

    for serialized, metadata, params, options in [*calls, *deepcopy(calls)]:
        known = models.read(ModelRequest(serialized, params, options), metadata)

        facts = parse_request(serialized, metadata, params, options)
        assert told(model_metadata(known.facts, RowOptions())) == told(
            model_metadata(facts, RowOptions())
        )
        assert told(known.shown) == told(model_metadata(facts, RowOptions()))
