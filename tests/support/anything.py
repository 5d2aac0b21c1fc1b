"""Hypothesis strategies for what apps pass through LangChain: ordinary, odd and hostile."""

import dataclasses
import enum
import pathlib
import threading
from collections import OrderedDict, UserDict, defaultdict, deque, namedtuple
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)
from pydantic import BaseModel, ConfigDict, SecretStr


class Colour(enum.Enum):
    RED = "red"
    ODD = (1, object())


class Order(BaseModel):
    model_config = ConfigDict(extra="allow", arbitrary_types_allowed=True)

    item: Any = None
    card: SecretStr = SecretStr("4242-4242")


@dataclasses.dataclass
class Plain:
    field: Any


@dataclasses.dataclass(slots=True)
class Slotted:
    field: Any


Point = namedtuple("Point", "x y")  # noqa: PYI024 - apps have these


class Poisoned:
    """Raises whatever is asked of it."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __repr__(self) -> str:
        raise ValueError("repr")

    __str__ = __len__ = __iter__ = __bool__ = __hash__ = __repr__


class PoisonedDict(dict[Any, Any]):
    def __iter__(self) -> Any:
        raise RuntimeError("iter")

    items = keys = values = get = __contains__ = __getitem__ = __len__ = __iter__


class PoisonedList(list[Any]):
    def __iter__(self) -> Any:
        raise RuntimeError("iter")

    __len__ = __getitem__ = __iter__


class PoisonedText(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("str")

    __repr__ = encode = isascii = startswith = __str__


class PoisonedMeta(type):
    def __getattribute__(cls, name: str) -> Any:
        raise RuntimeError(name)


class PoisonedClass(metaclass=PoisonedMeta):
    pass


class LyingClass:
    @property
    def __class__(self) -> Any:
        raise RuntimeError("class")


class Numbers:
    """What an array looks like from outside, without numpy."""

    dtype = "float32"

    def __init__(self, *numbers: float) -> None:
        self.shape = (len(numbers),)
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def tolist(self) -> list[float]:
        return list(self._numbers)

    def item(self) -> float:
        return self._numbers[0]


def circle() -> list[Any]:
    ring: list[Any] = ["a"]
    ring.append({"again": ring})
    return ring


def well(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def world(levels: int) -> list[Any]:
    value: list[Any] = ["leaf"]
    for _ in range(levels):
        value = [value] * 10
    return value


def bare_message() -> Any:
    """A message whose constructor never ran."""
    return HumanMessage.__new__(HumanMessage)


def broken_message() -> Any:
    return AIMessage.model_construct(
        content=Poisoned(), tool_calls=[Poisoned(), {}, {"args": circle()}]
    )


_HOSTILE = (
    lambda: Poisoned(),  # noqa: PLW0108 - hypothesis would look at the class itself
    lambda: PoisonedClass(),  # noqa: PLW0108 - as above
    lambda: LyingClass(),  # noqa: PLW0108 - as above
    circle,
    bare_message,
    broken_message,
    threading.RLock,
    object,
    lambda: Poisoned,
    lambda: PoisonedClass,
    lambda: PoisonedDict(a=1),
    lambda: PoisonedList([1]),
    lambda: PoisonedText("x"),
    lambda: well(300),
    lambda: world(12),
    lambda: (n for n in (1, 2)),
    lambda: iter([1]),
    lambda: Order(item=circle()),
    lambda: Plain(Poisoned()),
    lambda: {Point(1, 2): Poisoned()},
    lambda: range(10**12),
    lambda: 10**20_000,
    lambda: SecretStr("hunter2"),
    lambda: type("Made", (), {}),
    lambda: memoryview(b"abc"),
    lambda: ValueError(Poisoned()),
    lambda: Numbers(float("nan"), 1.0),
    lambda: ("user", Poisoned()),
    lambda: Colour.ODD,
    lambda: "\ud800",
)

text = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)
atoms = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    text,
    st.binary(max_size=40),
    st.decimals(),
    st.uuids(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
    st.complex_numbers(),
    st.fractions(),
    st.sampled_from(Colour),
    st.ip_addresses(),
    st.just(pathlib.PurePath("a/b")),
    st.builds(Document, text, metadata=st.dictionaries(st.text(), st.integers())),
)
keys = st.one_of(
    text, st.integers(), st.floats(), st.booleans(), st.none(), st.binary(), st.sampled_from(Colour)
)


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(inner, max_size=5)
    return st.one_of(
        lists,
        lists.map(tuple),
        lists.map(deque),
        st.dictionaries(keys, inner, max_size=5),
        st.dictionaries(text, inner, max_size=3).map(OrderedDict),
        st.dictionaries(text, inner, max_size=3).map(UserDict),
        st.dictionaries(text, inner, max_size=3).map(lambda made: defaultdict(list, made)),
        st.dictionaries(st.sampled_from(WORDS), inner),
        st.frozensets(st.integers() | text, max_size=4),
        st.builds(Point, inner, inner),
        st.builds(Plain, inner),
        st.builds(Slotted, inner),
        inner.map(lambda value: Order.model_construct(item=value, more=value)),
    )


WORDS = ["role", "type", "content", "messages", "tool_calls", "name"]
harmless = st.recursive(atoms, _containers, max_leaves=12)

# Hypothesis looks at every value that it draws, which the hostile ones do not survive; so it draws
# functions, and the test calls them.
_makers = atoms.map(lambda value: lambda: value) | st.sampled_from(_HOSTILE)


def _containers_made(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    def later(container: Callable[[list[Any]], Any]) -> Callable[[list[Any]], Any]:
        return lambda makers: lambda: container([make() for make in makers])

    def pairs(made: dict[Any, Any]) -> Any:
        return lambda: {key: make() for key, make in made.items()}

    lists = st.lists(inner, max_size=5)
    return st.one_of(
        *(
            lists.map(later(container))
            for container in (list, tuple, deque, PoisonedList, iter, collections_of)
        ),
        st.dictionaries(keys, inner, max_size=5).map(pairs),
        st.dictionaries(st.sampled_from(WORDS), inner).map(pairs),
    )


def collections_of(values: list[Any]) -> Any:
    """The values in everything that can hold them."""
    named = {str(place): value for place, value in enumerate(values)}
    return [
        PoisonedDict(named),
        UserDict(named),
        OrderedDict(named),
        Plain(values),
        Slotted(values),
        Point(values, named),
        Order.model_construct(item=values),
    ]


anything = st.recursive(_makers, _containers_made, max_leaves=10)

json_like = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=10,
)
blocks = st.one_of(
    text,
    st.fixed_dictionaries(
        {"type": st.just("text"), "text": text},
        optional={"citations": json_like, "annotations": json_like},
    ),
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(
                [
                    "image_url",
                    "input_audio",
                    "file",
                    "image",
                    "audio",
                    "video",
                    "document",
                    "thinking",
                    "reasoning",
                    "refusal",
                    "tool_use",
                    "tool_call",
                    "function_call",
                    "server_tool_use",
                    "web_search_tool_result",
                    "tool_result",
                    "non_standard",
                    "text-plain",
                    "inputjson_like_delta",
                    "never heard of",
                    "media",
                ]
            ),
        },
        optional=dict.fromkeys(
            (
                "image_url",
                "input_audio",
                "file",
                "source",
                "base64",
                "data",
                "url",
                "mime_type",
                "reasoning",
                "summary",
                "thinking",
                "refusal",
                "id",
                "name",
                "input",
                "args",
                "arguments",
                "content",
                "value",
                "text",
                "extras",
                "format",
            ),
            json_like,
        ),
    ),
    st.dictionaries(text, json_like, max_size=3),
)
content = st.one_of(text, st.lists(blocks, max_size=4))
_calls = st.lists(
    st.fixed_dictionaries(
        {"name": text, "args": st.dictionaries(text, json_like, max_size=3), "id": text | st.none()}
    ),
    max_size=2,
)
_kwargs = st.dictionaries(
    st.sampled_from(
        [
            "refusal",
            "reasoning_content",
            "reasoning",
            "audio",
            "citations",
            "function_call",
            "tool_outputs",
            "odd",
        ]
    ),
    json_like,
    max_size=3,
)


def _made(kind: type, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    # Not `builds`: it would want to know what `Any` in a constructor is.
    return st.fixed_dictionaries(fields).map(lambda chosen: kind(**chosen))


messages = st.one_of(
    _made(HumanMessage, content=content, name=text | st.none()),
    _made(SystemMessage, content=content),
    _made(AIMessage, content=content, tool_calls=_calls, additional_kwargs=_kwargs),
    _made(AIMessageChunk, content=content, tool_calls=_calls, additional_kwargs=_kwargs),
    _made(
        ToolMessage,
        content=content,
        tool_call_id=text,
        artifact=json_like,
        status=st.sampled_from(["success", "error"]),
    ),
    _made(ChatMessage, content=content, role=text),
    _made(FunctionMessage, content=content, name=text),
    _made(RemoveMessage, id=text),
    st.tuples(st.sampled_from(["user", "ai", "system", "critic"]), content),
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "tool", "odd"]), "content": content}
    ),
    text,
)
