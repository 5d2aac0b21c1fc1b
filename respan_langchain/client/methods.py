"""Descriptors that turn a function returning a request into a method of both clients.

The synchronous client's method returns the value, the asynchronous client's an awaitable of it.
Both keep the function's signature and docstring, so these are written once.
"""

import functools
import inspect
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from respan_langchain.client.models import ResultPage
from respan_langchain.client.request_flow import RequestFlow, RequestOptions, request_flow
from respan_langchain.client.requests import ApiRequest

P = ParamSpec("P")
Value = TypeVar("Value")


class SyncRunner(ABC):
    """A client whose methods return values."""

    options: RequestOptions

    @abstractmethod
    def run(self, flow: RequestFlow[Value]) -> Value:
        """Carry out the steps of a request flow and return its value."""


class AsyncRunner(ABC):
    """A client whose methods return awaitables."""

    options: RequestOptions

    @abstractmethod
    async def run(self, flow: RequestFlow[Value]) -> Value:
        """Carry out the steps of a request flow and return its value."""


class FlowMethod(Generic[P, Value]):
    """A method that sends several requests."""

    def __init__(self, make: Callable[Concatenate[RequestOptions, P], RequestFlow[Value]]) -> None:
        self._make = make
        self.__doc__ = make.__doc__
        # The client passes its options, so they are no parameter of the method.
        signature = inspect.signature(make)
        self._signature = signature.replace(parameters=[*signature.parameters.values()][1:])

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: SyncRunner, owner: type) -> Callable[P, Value]: ...
    @overload
    def __get__(
        self, client: AsyncRunner, owner: type
    ) -> Callable[P, Coroutine[Any, Any, Value]]: ...
    def __get__(self, client: Any, owner: type) -> Any:
        if client is None:
            return self

        @functools.wraps(self._make)
        def method(*args: P.args, **named: P.kwargs) -> Any:
            return client.run(self._make(client.options, *args, **named))

        vars(method)["__signature__"] = self._signature
        return method


def endpoint_method(make: Callable[P, ApiRequest[Value]]) -> FlowMethod[P, Value]:
    """Return a method that sends the one request that a function makes."""

    @functools.wraps(make)
    def flow(options: RequestOptions, /, *args: P.args, **named: P.kwargs) -> RequestFlow[Value]:
        return request_flow(make(*args, **named), options)

    names = inspect.signature(make)
    options = inspect.Parameter("options", inspect.Parameter.POSITIONAL_ONLY)
    vars(flow)["__signature__"] = names.replace(parameters=[options, *names.parameters.values()])
    return FlowMethod(flow)


class PagesMethod(Generic[P, Value]):
    """A method that iterates over all results of a list, starting at `page`."""

    def __init__(self, make: Callable[P, ApiRequest[ResultPage[Value]]]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: SyncRunner, owner: type) -> Callable[P, Iterator[Value]]: ...
    @overload
    def __get__(self, client: AsyncRunner, owner: type) -> Callable[P, AsyncIterator[Value]]: ...
    def __get__(self, client: Any, owner: type) -> Any:
        if client is None:
            return self
        iterate: Any = _iterate if isinstance(client, SyncRunner) else _iterate_async

        @functools.wraps(self._make)
        def method(*args: Any, page: int = 1, **named: Any) -> Any:
            make: Callable[..., ApiRequest[ResultPage[Value]]] = functools.partial(
                self._make, *args, **named
            )
            make(page=page)  # raises for invalid arguments now, not at the first result
            return iterate(client, make, page)

        return method


def _iterate(
    client: SyncRunner, page_request: Callable[..., ApiRequest[ResultPage[Value]]], number: int
) -> Iterator[Value]:
    while True:
        page = client.run(request_flow(page_request(page=number), client.options))
        yield from page.results
        if page.is_last():
            return
        number += 1


async def _iterate_async(
    client: AsyncRunner, page_request: Callable[..., ApiRequest[ResultPage[Value]]], number: int
) -> AsyncIterator[Value]:
    while True:
        page = await client.run(request_flow(page_request(page=number), client.options))
        for result in page.results:
            yield result
        if page.is_last():
            return
        number += 1
