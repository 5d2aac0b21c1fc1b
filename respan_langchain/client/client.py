"""DatasetClient and AsyncDatasetClient: the whole dataset API, typed.

What both can do stands in `_Endpoints`, once; how an errand is run is all in which they differ.
"""

import time
from types import ModuleType, TracebackType
from typing import Any, Self, TypeVar

from pydantic import SecretStr

from respan_langchain.client import dataset_requests, log_requests
from respan_langchain.client.http.transport import AsyncExchange, Exchange
from respan_langchain.client.methods import Awaiting, Blocking, Endpoint, Flow, Pages
from respan_langchain.client.request_flow import Errand, Rest, Terms
from respan_langchain.client.requests import Call, Patience
from respan_langchain.client.workflows import count_identifiers, find_or_create_dataset
from respan_langchain.errors import ConfigurationError, ConnectionFailedError

Value = TypeVar("Value")

MOST_READ = 64 * 1024 * 1024
"""Bytes of one answer: a page of 100 logs can be large."""


class _Endpoints:
    """Every method of both clients but those that open and close."""

    create_dataset = Endpoint(dataset_requests.create_dataset)
    list_datasets = Endpoint(dataset_requests.list_datasets)
    datasets = Pages(dataset_requests.list_datasets)
    dataset = Endpoint(dataset_requests.dataset)
    update_dataset = Endpoint(dataset_requests.update_dataset)
    delete_dataset = Endpoint(dataset_requests.delete_dataset)
    find_or_create_dataset = Flow(find_or_create_dataset)
    create_log = Endpoint(log_requests.create_log)
    list_logs = Endpoint(log_requests.list_logs)
    logs = Pages(log_requests.list_logs)
    log = Endpoint(log_requests.log)
    update_log = Endpoint(log_requests.update_log)
    replace_log = Endpoint(log_requests.replace_log)
    delete_log = Endpoint(log_requests.delete_log)
    bulk_create_logs = Endpoint(log_requests.bulk_create_logs)
    import_logs = Endpoint(log_requests.import_logs)
    remove_logs = Endpoint(log_requests.remove_logs)
    export_logs = Endpoint(log_requests.export_logs)
    count_identifiers = Flow(count_identifiers)
    summary = Endpoint(log_requests.summary)
    create_eval_report = Endpoint(dataset_requests.create_eval_report)
    list_eval_reports = Endpoint(dataset_requests.list_eval_reports)
    eval_reports = Pages(dataset_requests.list_eval_reports)

    _exchange: Exchange | AsyncExchange
    terms: Terms

    def _agree(self, kind: Any, timeout: float, max_tries: int, **settings: Any) -> None:
        if timeout <= 0 or max_tries < 1:
            raise ConfigurationError("timeout must be above 0 and max_tries at least 1.")
        self.terms = Terms(timeout=timeout, patience=Patience(max_tries=max_tries))
        self._exchange = kind(**settings)

    def _insist_on_open(self, call: Call[Any]) -> None:
        if self._exchange.closed:
            raise ConnectionFailedError("the client is closed", method=call.method, path=call.path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._exchange.root!r})"


class DatasetClient(_Endpoints, Blocking):
    """The dataset API, blocking. May be used from several threads at once."""

    _exchange: Exchange

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
        most_read: int = MOST_READ,
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
            most_read: Bytes of one answer; a longer one is an error.
        """
        self._agree(
            Exchange,
            timeout,
            max_tries,
            base_url=base_url,
            api_key=api_key,
            http_client=http_client,
            transport=transport,
            library=library,
            allow_http=allow_http,
            most_read=most_read,
        )

    def run(self, task: Errand[Value]) -> Value:
        """Do what the errand says until it has a value."""
        said = None
        try:
            while True:
                step = task.send(said)
                if isinstance(step, Rest):
                    time.sleep(step.seconds)
                else:
                    self._insist_on_open(step.call)
                    said = self._exchange.send(step.call, step.deadline, step.content)
        except StopIteration as done:
            value: Value = done.value
            return value

    def close(self) -> None:
        """Close the connections; calls after this fail."""
        self._exchange.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncDatasetClient(_Endpoints, Awaiting):
    """The dataset API, asynchronous, for asyncio and trio; in one event loop."""

    _exchange: AsyncExchange

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
        most_read: int = MOST_READ,
    ) -> None:
        """Prepare a client; the arguments are those of `DatasetClient`, with asynchronous ones."""
        self._agree(
            AsyncExchange,
            timeout,
            max_tries,
            base_url=base_url,
            api_key=api_key,
            http_client=http_client,
            transport=transport,
            library=library,
            allow_http=allow_http,
            most_read=most_read,
        )

    async def run(self, task: Errand[Value]) -> Value:
        """Do what the errand says until it has a value."""
        import anyio

        said = None
        try:
            while True:
                step = task.send(said)
                if isinstance(step, Rest):
                    await anyio.sleep(step.seconds)
                else:
                    self._insist_on_open(step.call)
                    said = await self._exchange.send(step.call, step.deadline, step.content)
        except StopIteration as done:
            value: Value = done.value
            return value

    async def close(self) -> None:
        """Close the connections; calls after this fail."""
        await self._exchange.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
