"""DatasetClient and AsyncDatasetClient: the whole dataset API, typed.

What both can do stands in `_Endpoints`, once; how an errand is run is all in which they differ.
"""

import time
from types import ModuleType, TracebackType
from typing import Any, Self, TypeVar

from pydantic import SecretStr

from respan_langchain.client import dataset_requests, log_requests
from respan_langchain.client.http.transport import AsyncHttpTransport, HttpTransport
from respan_langchain.client.methods import (
    AsyncRunner,
    EndpointMethod,
    FlowMethod,
    PagesMethod,
    SyncRunner,
)
from respan_langchain.client.request_flow import RequestFlow, RequestOptions, Sleep
from respan_langchain.client.requests import ApiRequest
from respan_langchain.client.retry import RetryPolicy
from respan_langchain.client.workflows import count_identifiers, find_or_create_dataset
from respan_langchain.errors import ConfigurationError, ConnectionFailedError

Value = TypeVar("Value")

MAX_RESPONSE_BYTES = 64 * 1024 * 1024
"""Bytes of one answer: a page of 100 logs can be large."""


class _DatasetApi:
    """Every method of both clients but those that open and close."""

    create_dataset = EndpointMethod(dataset_requests.create_dataset)
    list_datasets = EndpointMethod(dataset_requests.list_datasets)
    datasets = PagesMethod(dataset_requests.list_datasets)
    dataset = EndpointMethod(dataset_requests.dataset)
    update_dataset = EndpointMethod(dataset_requests.update_dataset)
    delete_dataset = EndpointMethod(dataset_requests.delete_dataset)
    find_or_create_dataset = FlowMethod(find_or_create_dataset)
    create_log = EndpointMethod(log_requests.create_log)
    list_logs = EndpointMethod(log_requests.list_logs)
    logs = PagesMethod(log_requests.list_logs)
    log = EndpointMethod(log_requests.log)
    update_log = EndpointMethod(log_requests.update_log)
    replace_log = EndpointMethod(log_requests.replace_log)
    delete_log = EndpointMethod(log_requests.delete_log)
    bulk_create_logs = EndpointMethod(log_requests.bulk_create_logs)
    import_logs = EndpointMethod(log_requests.import_logs)
    remove_logs = EndpointMethod(log_requests.remove_logs)
    export_logs = EndpointMethod(log_requests.export_logs)
    count_identifiers = FlowMethod(count_identifiers)
    summary = EndpointMethod(log_requests.summary)
    create_eval_report = EndpointMethod(dataset_requests.create_eval_report)
    list_eval_reports = EndpointMethod(dataset_requests.list_eval_reports)
    eval_reports = PagesMethod(dataset_requests.list_eval_reports)

    _transport: HttpTransport | AsyncHttpTransport
    options: RequestOptions

    def _configure(self, kind: Any, timeout: float, max_tries: int, **settings: Any) -> None:
        if timeout <= 0 or max_tries < 1:
            raise ConfigurationError("timeout must be above 0 and max_tries at least 1.")
        self.options = RequestOptions(timeout=timeout, retry=RetryPolicy(max_tries=max_tries))
        self._transport = kind(**settings)

    def _raise_if_closed(self, call: ApiRequest[Any]) -> None:
        if self._transport.closed:
            raise ConnectionFailedError("the client is closed", method=call.method, path=call.path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._transport.root!r})"


class DatasetClient(_DatasetApi, SyncRunner):
    """The dataset API, blocking. May be used from several threads at once."""

    _transport: HttpTransport

    def __init__(
        self,
        api_key: str | SecretStr | None = None,
        base_url: str = "https://api.respan.ai",
        *,
        timeout: float = 60.0,
        max_tries: int = 4,
        http_client: Any = None,
        transport: Any = None,
        library: ModuleType | None = None,
        allow_http: bool = False,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
    ) -> None:
        """Prepare a client; nothing is opened before the first call.

        Args:
            api_key: The organization's key; not needed by a platform on your own machine.
            base_url: The platform, with or without `/api`.
            timeout: Seconds for one call, with all its tries and waits.
            max_tries: How often a call that may be repeated is sent.
            http_client: An `httpx.Client` or `httpx2.Client` to use; it stays yours to close.
            transport: A transport for the client's own connection.
            library: The module `httpx2`, to use it in place of httpx.
            allow_http: Send the key without encryption to another machine.
            max_response_bytes: Bytes of one answer; a longer one is an error.
        """
        self._configure(
            HttpTransport,
            timeout,
            max_tries,
            base_url=base_url,
            api_key=api_key,
            http_client=http_client,
            transport=transport,
            library=library,
            allow_http=allow_http,
            max_response_bytes=max_response_bytes,
        )

    def run(self, flow: RequestFlow[Value]) -> Value:
        """Do what the errand says until it has a value."""
        result = None
        try:
            while True:
                step = flow.send(result)
                if isinstance(step, Sleep):
                    time.sleep(step.seconds)
                else:
                    self._raise_if_closed(step.request)
                    result = self._transport.send(step.request, step.deadline, step.content)
        except StopIteration as done:
            value: Value = done.value
            return value

    def close(self) -> None:
        """Close the connections; calls after this fail."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncDatasetClient(_DatasetApi, AsyncRunner):
    """The dataset API, asynchronous, for asyncio and trio; in one event loop."""

    _transport: AsyncHttpTransport

    def __init__(
        self,
        api_key: str | SecretStr | None = None,
        base_url: str = "https://api.respan.ai",
        *,
        timeout: float = 60.0,
        max_tries: int = 4,
        http_client: Any = None,
        transport: Any = None,
        library: ModuleType | None = None,
        allow_http: bool = False,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
    ) -> None:
        """Prepare a client; the arguments are those of `DatasetClient`, with asynchronous ones."""
        self._configure(
            AsyncHttpTransport,
            timeout,
            max_tries,
            base_url=base_url,
            api_key=api_key,
            http_client=http_client,
            transport=transport,
            library=library,
            allow_http=allow_http,
            max_response_bytes=max_response_bytes,
        )

    async def run(self, flow: RequestFlow[Value]) -> Value:
        """Do what the errand says until it has a value."""
        import anyio

        result = None
        try:
            while True:
                step = flow.send(result)
                if isinstance(step, Sleep):
                    await anyio.sleep(step.seconds)
                else:
                    self._raise_if_closed(step.request)
                    result = await self._transport.send(step.request, step.deadline, step.content)
        except StopIteration as done:
            value: Value = done.value
            return value

    async def close(self) -> None:
        """Close the connections; calls after this fail."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
