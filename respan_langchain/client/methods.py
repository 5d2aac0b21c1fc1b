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
Result = TypeVar("Result")
AsyncResult = TypeVar("AsyncResult")


class ClientMethod(Generic[P, Result, AsyncResult]):
    """A method of both clients."""

    def __init__(
        self, call: Callable[..., Any], made_of: Callable[..., Any], signature: inspect.Signature
    ) -> None:
        """Call `call` with the client; name and docstring are those of `made_of`."""
        self._call = call
        self._made_of = made_of
        self._signature = signature
        self.__doc__ = made_of.__doc__

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: "DatasetClient", owner: type) -> Callable[P, Result]: ...
    @overload
    def __get__(self, client: "AsyncDatasetClient", owner: type) -> Callable[P, AsyncResult]: ...
    def __get__(self, client: Any, owner: type) -> Any:
        if client is None:
            return self

        @functools.wraps(self._made_of)
        def method(*args: Any, **named: Any) -> Any:
            return self._call(client, *args, **named)

        vars(method)["__signature__"] = self._signature
        return method


def endpoint_method(
    make: Callable[P, ApiRequest[Value]],
) -> ClientMethod[P, Value, Coroutine[Any, Any, Value]]:
    """Return a method that sends the one request that a function makes."""

    def send(client: Any, *args: P.args, **named: P.kwargs) -> Any:
        return client.run(request_flow(make(*args, **named), client.options))

    return ClientMethod(send, make, inspect.signature(make))


def flow_method(
    make: Callable[Concatenate[RequestOptions, P], RequestFlow[Value]],
) -> ClientMethod[P, Value, Coroutine[Any, Any, Value]]:
    """Return a method that sends several requests, given the client's options."""

    def run(client: Any, *args: P.args, **named: P.kwargs) -> Any:
        return client.run(make(client.options, *args, **named))

    own = inspect.signature(make)
    return ClientMethod(run, make, own.replace(parameters=[*own.parameters.values()][1:]))


def pages_method(
    make: Callable[P, ApiRequest[ResultPage[Value]]],
) -> ClientMethod[P, Iterator[Value], AsyncIterator[Value]]:
    """Return a method that iterates over all results of a list, starting at `page`."""

    def iterate(client: Any, *args: Any, page: int = 1, **named: Any) -> Any:
        page_request: Callable[..., Any] = functools.partial(make, *args, **named)
        page_request(page=page)  # raises for invalid arguments now, not at the first result
        return client.iterate(page_request, page)

    return ClientMethod(iterate, make, inspect.signature(make))
