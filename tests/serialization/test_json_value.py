"""Any Python value becomes JSON: its fields where it has some, a placeholder where it has not."""

import dataclasses
import datetime as dt
import enum
import gc
import ipaddress
import re
import subprocess
import sys
import threading
import types
import uuid
import weakref
from array import array
from collections import ChainMap, OrderedDict, UserList, deque
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any, NamedTuple, TypedDict

import httpx
import pytest
from langchain_core.documents import Document
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompt_values import ChatPromptValue, PromptValue, StringPromptValue
from langchain_core.tools import tool
from langgraph.types import Command, Interrupt, Send
from pydantic import BaseModel, ConfigDict, Field, SecretBytes, SecretStr
from support.anything import Numbers, Poisoned, circle, well, world

from respan_langchain.serialization.json_value import json_value
from respan_langchain.serialization.serializer import MAX_DEPTH, MAX_VALUES


class Colour(enum.StrEnum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Point(NamedTuple):
    x: int
    y: int


class State(TypedDict):
    question: str


class Order(BaseModel):
    model_config = ConfigDict(extra="allow")

    item: str
    card: SecretStr
    hidden: str = Field(default="x", exclude=True)


class Lazy(BaseModel):
    """A model that must not be dumped."""

    name: str

    def model_dump(self, **_: Any) -> dict[str, Any]:
        raise AssertionError

    dict = __iter__ = model_dump


@dataclasses.dataclass
class Trip:
    where: str
    stops: list[Point]


@dataclasses.dataclass(slots=True)
class Slim:
    where: str


class OldModel:
    """What pydantic's first version looks like from outside."""

    __fields__ = {"name": None}  # noqa: RUF012 - as it is there

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def __fields_set__(self) -> set[str]:
        return {"name"}


class Paint:
    """A class of attrs' making, seen from outside."""

    __slots__ = ("colour",)
    __attrs_attrs__ = (types.SimpleNamespace(name="colour"),)

    def __init__(self, colour: str) -> None:
        self.colour = colour


class Client:
    """Somebody's client, with a key in it."""

    def __init__(self) -> None:
        self.api_key = "sk-live"


@tool
def search(query: str) -> str:
    """Search."""
    return query


ID = uuid.UUID("019aa3c5-7f3e-7000-8000-1234567890ab")
NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)

VALUES: dict[str, tuple[Any, Any]] = {
    "None": (None, None),
    "a flag": (True, True),
    "an int": (3, 3),
    "an int over 64 bits": (2**64, "18446744073709551616"),
    "an int far over 64 bits": (10**5_000, "<int of 16610 bits>"),
    "a float": (1.5, 1.5),
    "NaN": (float("nan"), "NaN"),
    "infinity": (float("-inf"), "-Infinity"),
    "text": ("Grüße", "Grüße"),
    "a lone surrogate": ("a\ud800b", "a\ufffdb"),
    "a surrogate pair": ("\ud83d\ude00", "😀"),
    "an enum": ([Colour.RED, Level.HIGH], ["red", 3]),
    "a date": (NOON.date(), "2026-11-23"),
    "a moment": (NOON, "2026-11-23T12:00:00+00:00"),
    "a duration": (dt.timedelta(minutes=1.5), 90.0),
    "a UUID": (ID, str(ID)),
    "a Decimal": (Decimal("0.10"), "0.10"),
    "a Fraction": (Fraction(1, 3), "1/3"),
    "a path": (PurePosixPath("a/b"), "a/b"),
    "an address": (ipaddress.ip_address("::1"), "::1"),
    "a pattern": (re.compile("a+"), "a+"),
    "a range": (range(10**12), "range(0, 1000000000000)"),
    "an exception": (ValueError("no"), "ValueError: no"),
    "an exception without words": (KeyError(), "KeyError"),
    "a tuple": ((1, 2), [1, 2]),
    "a named tuple": (Point(1, 2), {"x": 1, "y": 2}),
    "a set": ({"b", "a"}, ["a", "b"]),
    "a deque": (deque([1]), [1]),
    "a number array": (array("i", [1, 2]), [1, 2]),
    "a user's list": (UserList([1]), [1]),
    "dict views": (
        [{"a": 1}.keys(), {"a": 1}.values(), {"a": 1}.items()],
        [["a"], [1], [["a", 1]]],
    ),
    "an ordered dict": (OrderedDict(a=1), {"a": 1}),
    "a mapping that is no dict": (ChainMap({"a": 1}), {"a": 1}),
    "a mapping that cannot be written": (types.MappingProxyType({"a": 1}), {"a": 1}),
    "keys of every kind": (
        {1: "a", None: "b", False: "c", 2.5: "d", (1, "x"): "e", Colour.RED: "f", ID: "g"},
        {
            "1": "a",
            "false": "c",
            "null": "b",
            "2.5": "d",
            "[1, 'x']": "e",
            "red": "f",
            str(ID): "g",
        },
    ),
    "keys that look the same": (
        {"1": "a", 1: "b", Decimal(2): "c", "2": "d"},
        {"1": "a", "1 (2)": "b", "2": "c", "2 (2)": "d"},
    ),
    "keys that look like a number's": (
        {"1": "a", "1 (2)": "b", "1 (4)": "c", 1: "d"},
        {"1": "a", "1 (2)": "b", "1 (4)": "c", "1 (5)": "d"},
    ),
    "a typed dict": (State(question="?"), {"question": "?"}),
    "a pydantic model": (
        Order(item="shoe", card=SecretStr("4242"), note="n"),
        {"item": "shoe", "card": "[redacted:secret]", "note": "n"},
    ),
    "a pydantic model that must not be dumped": (Lazy(name="n"), {"name": "n"}),
    "a pydantic model of version 1": (OldModel("n"), {"name": "n"}),
    "a dataclass": (Trip("Bern", [Point(1, 2)]), {"where": "Bern", "stops": [{"x": 1, "y": 2}]}),
    "a dataclass with slots": (Slim("Bern"), {"where": "Bern"}),
    "an attrs class": (Paint("red"), {"colour": "red"}),
    "secrets": ([SecretStr("a"), SecretBytes(b"a")], ["[redacted:secret]"] * 2),
    "a document": (
        Document("text", metadata={"source": "a.md", "score": 0.5, "page": 3}),
        {
            "content": "text",
            "source": "a.md",
            "score": 0.5,
            "metadata": {"source": "a.md", "score": 0.5, "page": 3},
        },
    ),
    "a chat prompt": (
        ChatPromptValue(messages=[HumanMessage("hi")]),
        [{"role": "user", "content": "hi"}],
    ),
    "a text prompt": (StringPromptValue(text="hi"), "hi"),
    "a command": (
        Command(update={"messages": [AIMessage("hi")]}, goto="agent"),
        {"update": {"messages": [{"role": "assistant", "content": "hi"}]}, "goto": "agent"},
    ),
    "a resumption": (Command(resume="yes"), {"resume": "yes"}),
    "a send": (Send("node", {"x": 1}), {"node": "node", "arg": {"x": 1}}),
    "an interrupt": (Interrupt(value="sure?", id="i-1"), {"value": "sure?", "id": "i-1"}),
    "an array": (Numbers(1.0, 2.5), [1.0, 2.5]),
    "a large array": (Numbers(*[0.0] * 3_000), "<Numbers of shape 3000>"),
    "a generator": ((n for n in ()), "<generator>"),
    "a lock": (threading.RLock(), "<RLock>"),
    "an HTTP client": (httpx.Client, "<class Client>"),
    "a function": (json_value, "<function json_value>"),
    "a module": (re, "<module re>"),
    "an object": (Client(), "<Client>"),
    "a model": (FakeListChatModel(responses=["x"], name="fake"), "<FakeListChatModel fake>"),
    "a tool": (search, "<StructuredTool search>"),
    "what raises at every touch": ([1, Poisoned(), 2], [1, "<Poisoned>", 2]),
    "an exception that cannot say why": (ValueError(Poisoned()), "ValueError"),
    "a cycle": (circle(), ["a", {"again": "<cycle>"}]),
}


@pytest.mark.parametrize(("value", "expected"), VALUES.values(), ids=VALUES)
def test_every_kind_of_value_has_its_json(value, expected):
    assert json_value(value) == expected


@pytest.mark.parametrize(("value", "expected"), VALUES.values(), ids=VALUES)
def test_a_value_has_the_same_json_inside_a_container(value, expected):
    assert json_value({"before": 1, "it": [value], "after": 2}) == {
        "before": 1,
        "it": [expected],
        "after": 2,
    }


def test_an_iterator_keeps_its_items():
    items = iter([1, 2])
    generated = (n for n in (1, 2))

    json_value({"items": items, "generated": generated, "mapped": map(str, items)})

    assert (list(items), list(generated)) == ([1, 2], [1, 2])


def test_the_same_thing_twice_is_no_cycle():
    shared = {"a": 1}

    assert json_value([shared, shared]) == [{"a": 1}, {"a": 1}]


def test_values_nested_too_deep_become_a_placeholder():
    shaped = json_value({"deep": well(10_000), "beside": 1})

    assert shaped["beside"] == 1
    assert "<nested too deep>" in str(shaped)


def test_a_value_that_expands_without_end_is_bounded():
    shaped = json_value({"first": 1, "world": world(12)})

    assert shaped["first"] == 1
    assert "<too many values>" in str(shaped)


def test_messages_keep_to_the_limit_of_depth():
    value: Any = [HumanMessage("hi")]
    for _ in range(MAX_DEPTH - 2):
        value = [value]

    assert "hi" in str(json_value(value))
    assert "hi" not in str(json_value([value]))


def test_messages_keep_to_the_limit_of_values():
    shaped = json_value([HumanMessage("a"), [0] * MAX_VALUES, HumanMessage("b")])

    assert isinstance(shaped, list)
    assert (shaped[0], shaped[2]) == ({"role": "user", "content": "a"}, "<too many values>")


def test_a_dict_that_grows_during_serialization_is_read_once():
    state: dict[str, Any] = {}

    class GrowingError(Exception):
        def __str__(self) -> str:
            state[f"more {len(state)}"] = 1
            return "grew"

    state |= {"a": GrowingError(), "b": GrowingError()}

    assert json_value(state) == {"a": "GrowingError: grew", "b": "GrowingError: grew"}


def test_the_cache_of_classes_is_bounded():
    first = type("First", (), {})
    alive = weakref.ref(first)
    json_value(first())
    del first

    for number in range(3_000):
        assert json_value(type(f"Made{number}", (), {})()) == f"<Made{number}>"

    gc.collect()
    assert alive() is None


def test_langgraph_and_the_providers_are_not_imported():
    code = (
        "import sys; from respan_langchain.serialization.json_value import json_value;"
        "json_value({'a': [object()]}); names = ('langgraph', 'openai', 'numpy', 'pydantic');"
        "print([name for name in names if name in sys.modules])"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "[]"


class Scalar:
    """What one of numpy's numbers looks like from outside."""

    dtype = "int64"

    def item(self) -> int:
        return 7


class Table:
    """What a pandas frame looks like from outside."""

    columns = ("a", "b")
    shape = (3, 2)


class UUID:
    def __str__(self) -> str:
        return "019aa3c5-7f3e-7000-8000-1234567890ab"


class Prompt(PromptValue):
    """A prompt of the app's own."""

    question: str = "why"

    def to_string(self) -> str:
        raise AssertionError

    def to_messages(self) -> list[Any]:
        raise AssertionError


OUTSIDERS = {
    "a number of numpy's": (Scalar(), 7),
    "a data frame": (Table(), "<Table of shape 3x2>"),
    "a fast UUID": (UUID(), "019aa3c5-7f3e-7000-8000-1234567890ab"),
    "a prompt of another kind": (Prompt(), {"question": "why"}),
}


@pytest.mark.parametrize(("value", "expected"), OUTSIDERS.values(), ids=OUTSIDERS)
def test_classes_of_libraries_are_recognized_by_their_attributes(value, expected):
    assert json_value(value) == expected


def test_thousands_of_equal_looking_keys_are_numbered_quickly():
    class Key:
        pass

    shaped = json_value({Key(): place for place in range(20_000)})

    assert len(shaped) == 20_000
    assert {"<Key>", "<Key> (2)", "<Key> (20000)"} <= shaped.keys()
