"""DatasetClient and AsyncDatasetClient: the whole dataset API, typed.

`_DatasetApi` declares the methods of both once; the clients differ in how they run a request flow.
"""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any, Generic, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import SecretStr

from respan_langchain._arguments import check_count, check_positive
from respan_langchain.client import endpoints
from respan_langchain.client.filters import embedded_only_fields
from respan_langchain.client.forget import forget
from respan_langchain.client.http.transport import AsyncHttpTransport, HttpTransport
from respan_langchain.client.methods import endpoint_method, flow_method, pages_method
from respan_langchain.client.models import ResultPage
from respan_langchain.client.request_flow import RequestFlow, RequestOptions, Sleep, request_flow
from respan_langchain.client.requests import ApiRequest
from respan_langchain.client.retry_policy import RetryPolicy
from respan_langchain.client.urls import is_loopback
from respan_langchain.client.workflows import (
    find_logs,
    find_or_create_dataset,
    give_feedback,
    promote,
)
from respan_langchain.errors import ConfigurationError, ConnectionFailedError

Value = TypeVar("Value")
AnyHttpTransport = TypeVar("AnyHttpTransport", HttpTransport, AsyncHttpTransport)

MAX_PAGE_BYTES = 64 * 1024 * 1024
"""Bytes of one response that are read: a page of 100 logs can be large."""


class _DatasetApi(Generic[AnyHttpTransport]):
    """The API's methods, shared by both clients."""

    create_dataset = endpoint_method(endpoints.create_dataset)
    list_datasets = endpoint_method(endpoints.list_datasets)
    datasets = pages_method(endpoints.list_datasets)
    dataset = endpoint_method(endpoints.dataset)
    update_dataset = endpoint_method(endpoints.update_dataset)
    delete_dataset = endpoint_method(endpoints.delete_dataset)
    find_or_create_dataset = flow_method(find_or_create_dataset)
    create_log = endpoint_method(endpoints.create_log)
    list_logs = endpoint_method(endpoints.list_logs)
    logs = pages_method(endpoints.list_logs)
    log = endpoint_method(endpoints.log)
    update_log = endpoint_method(endpoints.update_log)
    replace_log = endpoint_method(endpoints.replace_log)
    delete_log = endpoint_method(endpoints.delete_log)
    bulk_create_logs = endpoint_method(endpoints.bulk_create_logs)
    import_logs = endpoint_method(endpoints.import_logs)
    remove_logs = endpoint_method(endpoints.remove_logs)
    export_logs = endpoint_method(endpoints.export_logs)
    find_logs = flow_method(find_logs)
    feedback = flow_method(give_feedback)
    promote = flow_method(promote)
    forget = flow_method(forget)
    summary = endpoint_method(endpoints.summary)
    create_eval_report = endpoint_method(endpoints.create_eval_report)
    list_eval_reports = endpoint_method(endpoints.list_eval_reports)
    eval_reports = pages_method(endpoints.list_eval_reports)

    _transport: AnyHttpTransport
    _transport_class: type[AnyHttpTransport]
    options: RequestOptions

    def __init__(
        self,
        api_key: str | SecretStr | None = None,
        base_url: str = "https://api.respan.ai",
        *,
        timeout: float = 60.0,
        max_tries: int = 4,
        http_client: Any = None,
        transport: Any = None,
        allow_http: bool = False,
        max_response_bytes: int = MAX_PAGE_BYTES,
    ) -> None:
        """Check the arguments; nothing is opened before the first call.

        Args:
            api_key: The organization's API key; a platform on this machine needs none.
            base_url: The platform, with or without `/api`.
            timeout: Seconds for one call with all its tries and waits.
            max_tries: How often a request that may be repeated is sent at most.
            http_client: A client of httpx or httpx2 to send with, of the same kind; you close it.
            transport: An httpx transport to send with, in place of the network.
            allow_http: Send the API key unencrypted to another machine.
            max_response_bytes: Bytes of one response; a longer one raises an error.

        Raises:
            ConfigurationError: An argument is invalid.
        """
        self.options = RequestOptions(
            timeout=check_positive("timeout", timeout),
            retry=RetryPolicy(max_tries=check_count("max_tries", max_tries)),
        )
        self._transport = self._transport_class(
            base_url,
            api_key,
            http_client=http_client,
            transport=transport,
            allow_http=allow_http,
            max_response_bytes=max_response_bytes,
        )

    def retry_for(self, seconds: float) -> None:
        """Retry each later call for up to `seconds`, however many tries that takes."""
        retry = replace(self.options.retry, max_tries=sys.maxsize)
        self.options = replace(self.options, timeout=seconds, retry=retry)

    def _check_request(self, request: ApiRequest[Any]) -> None:
        if self._transport.closed:
            raise ConnectionFailedError(
                "the client is closed", method=request.method, path=request.path
            )
        ignored = embedded_only_fields(request.body)
        if ignored and not is_loopback(urlsplit(self._transport.base_url).hostname):
            raise ConfigurationError(
                f"Respan has no filter for {', '.join(ignored)}; `respan-langchain pull` copies "
                "the dataset to a local file, which has one."
            )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._transport.base_url!r})"


class DatasetClient(_DatasetApi[HttpTransport]):
    """The dataset API, synchronous. Several threads may use one client at once."""

    _transport_class = HttpTransport

    def run(self, flow: RequestFlow[Value]) -> Value:
        """Carry out the steps of a request flow and return its value."""
        result = None
        try:
            while True:
                step = flow.send(result)
                if isinstance(step, Sleep):
                    self.options.sleep(step.seconds)
                else:
                    self._check_request(step.request)
                    result = self._transport.send(step.request, step.deadline, step.content)
        except StopIteration as done:
            value: Value = done.value
            return value

    def iterate(
        self, page_request: Callable[..., ApiRequest[ResultPage[Value]]], first: int
    ) -> Iterator[Value]:
        """Yield the results of a list, from page number `first` on."""
        for number in count(first):
            page = self.run(request_flow(page_request(page=number), self.options))
            yield from page.results
            if page.is_last():
                return

    def close(self) -> None:
        """Close the connections. Later calls raise ConnectionFailedError."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncDatasetClient(_DatasetApi[AsyncHttpTransport]):
    """The dataset API, asynchronous, for asyncio and trio."""

    _transport_class = AsyncHttpTransport

    async def run(self, flow: RequestFlow[Value]) -> Value:
        """Carry out the steps of a request flow and return its value."""
        import anyio

        result = None
        try:
            while True:
                step = flow.send(result)
                if isinstance(step, Sleep):
                    await anyio.sleep(step.seconds)
                else:
                    self._check_request(step.request)
                    result = await self._transport.send(step.request, step.deadline, step.content)
        except StopIteration as done:
            value: Value = done.value
            return value

    async def iterate(
        self, page_request: Callable[..., ApiRequest[ResultPage[Value]]], first: int
    ) -> AsyncIterator[Value]:
        """Yield the results of a list, from page number `first` on."""
        for number in count(first):
            page = await self.run(request_flow(page_request(page=number), self.options))
            for result in page.results:
                yield result
            if page.is_last():
                return

    async def close(self) -> None:
        """Close the connections. Later calls raise ConnectionFailedError."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
