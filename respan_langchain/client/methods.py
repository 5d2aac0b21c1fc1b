"""Descriptors that turn a function returning a request into a method of both clients.

The synchronous client's method returns the value, the asynchronous client's an awaitable of it.
Both keep the function's signature and docstring, so these are written once.
"""

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from respan_langchain.client.models import ResultPage
from respan_langchain.client.request_flow import RequestFlow, RequestOptions, request_flow
from respan_langchain.client.requests import ApiRequest

if TYPE_CHECKING:
    from respan_langchain.client.client import AsyncDatasetClient, DatasetClient

P = ParamSpec("P")
Value = TypeVar("Value")


class FlowMethod(Generic[P, Value]):
    """A method that sends several requests."""

    def __init__(
        self,
        make: Callable[Concatenate[RequestOptions, P], RequestFlow[Value]],
        signature: inspect.Signature | None = None,
    ) -> None:
        """`signature` is that of the method; None: that of `make`, without the client's options."""
        self._make = make
        self.__doc__ = make.__doc__
        own = inspect.signature(make)
        self._signature = signature or own.replace(parameters=[*own.parameters.values()][1:])

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: "DatasetClient", owner: type) -> Callable[P, Value]: ...
    @overload
    def __get__(
        self, client: "AsyncDatasetClient", owner: type
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

    return FlowMethod(flow, inspect.signature(make))


class PagesMethod(Generic[P, Value]):
    """A method that iterates over all results of a list, starting at `page`."""

    def __init__(self, make: Callable[P, ApiRequest[ResultPage[Value]]]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: "DatasetClient", owner: type) -> Callable[P, Iterator[Value]]: ...
    @overload
    def __get__(
        self, client: "AsyncDatasetClient", owner: type
    ) -> Callable[P, AsyncIterator[Value]]: ...
    def __get__(self, client: Any, owner: type) -> Any:
        if client is None:
            return self

        @functools.wraps(self._make)
        def method(*args: Any, page: int = 1, **named: Any) -> Any:
            make: Callable[..., ApiRequest[ResultPage[Value]]] = functools.partial(
                self._make, *args, **named
            )
            make(page=page)  # raises for invalid arguments now, not at the first result
            return client.iterate(make, page)

        return method
