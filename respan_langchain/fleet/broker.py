"""The connection to Redis or Valkey, and the only importer of redis-py.

Changes go through scripts: one round trip, atomic, and the same replies from every version.
One thread uses a connection. redis-py does not retry: delivery decides that.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol, TypeAlias
from urllib.parse import urlsplit, urlunsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    ConnectionError,  # noqa: A004  # redis-py's own, for a connection that is lost
    MovedError,
    NoPermissionError,
    NoScriptError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TimeoutError,  # noqa: A004  # as above
)
from redis.retry import Retry

from respan_langchain._clock import CLOCK
from respan_langchain.client.http.instrumentation import suppress_instrumentation
from respan_langchain.fleet.scripts import Script

CALL_TIMEOUT: Final = 10.0
"""Seconds for connecting, and for each answer."""
CHECK_AFTER: Final = 15.0
"""Seconds of silence after which a connection may be closed by something in between."""
PAGE: Final = 100
"""Entries of a stream that are read at once."""
MAX_MESSAGE: Final = 200
"""Characters of the server's message in an error."""

Argument: TypeAlias = str | bytes | int | float


class Client(Protocol):
    """What is used of redis-py, which annotates these in part."""

    def execute_command(self, *words: Argument) -> Any:
        """Send a command and return its reply."""

    def ping(self) -> object:
        """See whether the connection is open."""

    def close(self) -> None:
        """Close the connection."""


class BrokerError(Exception):
    """A script that was not run, or whose reply was lost.

    The message holds no row and no password.
    """

    def __init__(
        self,
        message: str,
        *,
        maybe_executed: bool,
        is_permanent: bool = False,
        is_unreachable: bool = False,
    ) -> None:
        super().__init__(message)
        self.maybe_executed = maybe_executed
        """Whether the script may have been run."""
        self.is_permanent = is_permanent
        """Whether retrying is useless until somebody changes the URL or the server."""
        self.is_unreachable = is_unreachable
        """Whether no connection could be opened, or it was lost."""


class Broker:
    """One connection, opened by the first call and opened again after an error.

    Every call raises `BrokerError` if the server did not run it, or its reply was lost.
    """

    def __init__(self, url: str, timeout: float = CALL_TIMEOUT) -> None:
        """Do nothing yet. `url` is `redis://`, `rediss://` or `unix://`."""
        self._url = url
        self._timeout = timeout
        self._node: tuple[str, int] | None = None
        """The node of a cluster that has the fleet's keys; None for the one in the URL."""
        self._client: Client | None = None
        self._used_at = 0.0

    def numbers(self, script: Script, *arguments: Argument) -> list[int]:
        """Run a script that returns numbers."""
        return [int(each) for each in self._run(script, arguments)]

    def texts(self, script: Script, *arguments: Argument) -> list[bytes]:
        """Run a script that returns strings."""
        return [bytes(each) for each in self._run(script, arguments)]

    def command(self, *words: Argument) -> Any:
        """Run a plain command; its reply is as redis-py gives it."""
        return self._call(lambda client: client.execute_command(*words))

    def entries(self, stream: str) -> Iterator[tuple[bytes, Mapping[bytes, bytes]]]:
        """Yield the entries of a stream with their ids."""
        start = b"-"
        while found := self.command("XRANGE", stream, start, "+", "COUNT", PAGE):
            yield from found
            start = b"(" + found[-1][0]

    def close(self) -> None:
        """Close the connection."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _run(self, script: Script, arguments: Sequence[Argument]) -> Any:
        values = (len(script.keys), *script.keys, *arguments)

        def evaluate(client: Client) -> Any:
            try:
                return client.execute_command("EVALSHA", script.sha, *values)
            except NoScriptError:
                return client.execute_command("EVAL", script.text, *values)

        return self._call(evaluate)

    def _call(self, send: Callable[[Client], Any]) -> Any:
        with suppress_instrumentation():
            client = self._connect()
            try:
                reply = send(client)
            except MovedError as error:
                # All keys are on one node: go on there.
                self._start_over((error.host, error.port))
                raise _refused(error) from None
            except ResponseError as error:
                if isinstance(error, ReadOnlyError):
                    self._start_over()  # a replica now: the URL leads to the new primary
                raise _refused(error) from None
            except (ConnectionError, TimeoutError) as error:
                self._start_over()
                raise BrokerError(
                    _describe(error), maybe_executed=True, is_unreachable=True
                ) from None
            self._used_at = CLOCK.monotonic()
            return reply

    def _connect(self) -> Client:
        """Return a client whose connection is open."""
        try:
            if self._client is None:
                self._client = _open(_with_node(self._url, self._node), self._timeout)
            elif CLOCK.monotonic() - self._used_at < CHECK_AFTER:
                return self._client
            self._client.ping()
        except RedisError as error:
            self._start_over()
            cause = _guess_cause(self._url, error)
            raise _refused(error, cause, is_unreachable=True) from None
        return self._client

    def _start_over(self, node: tuple[str, int] | None = None) -> None:
        """Close the connection, and open the next one to this node, or to that in the URL."""
        self.close()
        self._node = node


def _open(url: str, timeout: float) -> Client:
    client: Client = Redis.from_url(
        url,
        single_connection_client=True,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        protocol=2,  # every server and proxy has it, and its errors are the plainer ones
        retry=Retry(NoBackoff(), 0),
        client_name="respan",
    )
    return client


def _with_node(url: str, node: tuple[str, int] | None) -> str:
    """Return the URL with another host and port, and the same credentials."""
    if node is None:
        return url
    host, port = node
    parts = urlsplit(url)
    credentials, at, _ = parts.netloc.rpartition("@")
    netloc = f"{credentials}{at}{f'[{host}]' if ':' in host else host}:{port}"
    return urlunsplit(parts._replace(netloc=netloc))


def _refused(error: RedisError, cause: str = "", *, is_unreachable: bool = False) -> BrokerError:
    return BrokerError(
        _describe(error) + cause,
        maybe_executed=False,
        is_permanent=isinstance(error, AuthenticationError | NoPermissionError),
        is_unreachable=is_unreachable,
    )


def _guess_cause(url: str, error: RedisError) -> str:
    """Return what the error of a new connection says about TLS, which it does not name."""
    if urlsplit(url).scheme == "rediss":
        # A server without TLS waits for more of what it takes for a command.
        return "; the port may not use TLS" if isinstance(error, TimeoutError) else ""
    was_open = type(error) is ConnectionError and "connecting to" not in str(error)
    return "; the port may need TLS (rediss://)" if was_open else ""


def _describe(error: RedisError) -> str:
    # A server that does not know a command repeats its arguments: of AUTH, the password.
    message, _, _ = str(error).partition(", with args beginning with")
    return f"Redis: {message[:MAX_MESSAGE].rstrip('.') or type(error).__name__}"
