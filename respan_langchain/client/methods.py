"""Methods written once for both clients: a function that makes a call becomes one that runs it.

The blocking client returns the value, the asynchronous one an awaitable of it; both keep the
function's arguments, types and words, so that no signature stands anywhere twice.
"""

import functools
import inspect
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from respan_langchain.client.models import Page
from respan_langchain.client.request_flow import Errand, Terms, errand
from respan_langchain.client.requests import Call

P = ParamSpec("P")
Value = TypeVar("Value")


class Blocking(ABC):
    """A client whose methods return values."""

    terms: Terms

    @abstractmethod
    def run(self, task: Errand[Value]) -> Value:
        """Do what the errand says until it has a value."""


class Awaiting(ABC):
    """A client whose methods return awaitables."""

    terms: Terms

    @abstractmethod
    async def run(self, task: Errand[Value]) -> Value:
        """Do what the errand says until it has a value."""


class Flow(Generic[P, Value]):
    """A method that takes several calls."""

    def __init__(self, make: Callable[Concatenate[Terms, P], Errand[Value]]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: Blocking, owner: type) -> Callable[P, Value]: ...
    @overload
    def __get__(self, client: Awaiting, owner: type) -> Callable[P, Coroutine[Any, Any, Value]]: ...
    def __get__(self, client: Any, owner: type) -> Any:
        if client is None:
            return self

        @functools.wraps(self._make)
        def method(*args: P.args, **named: P.kwargs) -> Any:
            return client.run(self._make(client.terms, *args, **named))

        # The terms are the client's, not the caller's.
        shown = inspect.signature(functools.partial(self._make, client.terms))
        vars(method)["__signature__"] = shown
        return method


class Endpoint(Generic[P, Value]):
    """A method for one endpoint."""

    def __init__(self, make: Callable[P, Call[Value]]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: Blocking, owner: type) -> Callable[P, Value]: ...
    @overload
    def __get__(self, client: Awaiting, owner: type) -> Callable[P, Coroutine[Any, Any, Value]]: ...
    def __get__(self, client: Any, owner: type) -> Any:
        if client is None:
            return self

        @functools.wraps(self._make)
        def method(*args: P.args, **named: P.kwargs) -> Any:
            return client.run(errand(self._make(*args, **named), client.terms))

        return method


class Pages(Generic[P, Value]):
    """A method that iterates over all results of a list, from the page it is given."""

    def __init__(self, make: Callable[P, Call[Page[Value]]]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: Blocking, owner: type) -> Callable[P, Iterator[Value]]: ...
    @overload
    def __get__(self, client: Awaiting, owner: type) -> Callable[P, AsyncIterator[Value]]: ...
    def __get__(self, client: Any, owner: type) -> Any:
        if client is None:
            return self
        each = _each if isinstance(client, Blocking) else _each_awaited

        @functools.wraps(self._make)
        def method(*args: Any, page: int = 1, **named: Any) -> Any:
            make: Callable[..., Call[Page[Value]]] = functools.partial(self._make, *args, **named)
            make(page=page)  # says now what is wrong with the arguments
            return each(client, make, page)

        return method


def _each(
    client: Blocking, page_call: Callable[..., Call[Page[Value]]], number: int
) -> Iterator[Value]:
    while True:
        page = client.run(errand(page_call(page=number), client.terms))
        yield from page.results
        if page.is_last():
            return
        number += 1


async def _each_awaited(
    client: Awaiting, page_call: Callable[..., Call[Page[Value]]], number: int
) -> AsyncIterator[Value]:
    while True:
        page = await client.run(errand(page_call(page=number), client.terms))
        for one in page.results:
            yield one
        if page.is_last():
            return
        number += 1
