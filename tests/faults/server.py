"""A platform that misbehaves on purpose: raw sockets, so that it can do what no HTTP library would.

It keeps what a platform would have stored, by `custom_identifier`, so that a test can compare that
with what the client says. A mood is a function that gets one bulk request and does with it, and
its connection, what it likes.
"""

import contextlib
import json
import socket
import struct
import threading
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from heapq import merge
from itertools import islice
from typing import Any, Self


@dataclass
class Request:
    """One request, and the ways to answer it."""

    server: "FaultServer"
    connection: socket.socket
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def ids(self) -> list[str]:
        """What the rows of a bulk request are called."""
        return [log["metadata"]["custom_identifier"] for log in json.loads(self.body)["logs"]]

    def store(self, ids: list[str] | None = None) -> None:
        """Keep these rows, as a platform does before it answers."""
        self.server.keep(self.ids if ids is None else ids)

    def say(self, status: int, content: Any = b"", **headers: str) -> None:
        """A well-formed answer."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}"]
        lines += [f"Date: {formatdate(usegmt=True)}"] if "Date" not in headers else []
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def send(self, raw: bytes) -> None:
        """Bytes as they are."""
        self.connection.sendall(raw)

    def accept(self, errors: dict[int, str] | None = None, pause: float = 0.0) -> None:
        """Store all rows but those with an error; say so after `pause` seconds."""
        errors, ids = errors or {}, self.ids
        kept = [name for index, name in enumerate(ids) if index not in errors]
        self.store(kept)
        self.hang(pause)
        listed = [{"index": index, "error": words} for index, words in errors.items()]
        counts = {"success_count": len(kept), "error_count": len(errors), "errors": listed}
        self.say(201 if kept else 400, counts)

    def reset(self) -> None:
        """Hang up without a goodbye."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def hang(self, seconds: float = 600.0) -> None:
        """Say nothing."""
        self.server.stopping.wait(seconds)

    def drip(self, raw: bytes, every: float = 0.2) -> None:
        """One byte at a time."""
        for byte in raw:
            if self.server.stopping.wait(every):
                return
            self.send(bytes([byte]))


Mood = Callable[[Request], None]


def healthy(request: Request) -> None:
    """What a platform does on a good day."""
    request.accept()


@dataclass(frozen=True)
class Listing:
    """How the list of logs behaves."""

    status: int = 200
    lag: float = 0.0
    """Seconds after which a stored row is listed."""
    has_filters: bool = True
    """Whether filters are applied, or ignored."""
    max_page: int = 100


@dataclass
class FaultServer:
    """Listens on a port of its own; `moods` are used up one by one, `mood` stays."""

    mood: Mood = healthy
    moods: list[Mood] = field(default_factory=list)
    listing: Listing = Listing()
    port: int = 0
    """Of its own choice, unless given."""

    def __post_init__(self) -> None:
        self.stopping = threading.Event()
        self.stored: Counter[str] = Counter()
        self._times: dict[str, list[float]] = {}
        """When each row was stored, each time, in seconds since the epoch."""
        self._order: list[tuple[float, str]] = []
        """All of them, the oldest first."""
        self.posts: list[tuple[float, int]] = []
        """When each bulk request came, and how many rows it had."""
        self.requests: list[tuple[str, str]] = []
        self.seen = threading.Condition()
        self._connections: list[socket.socket] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        # A thread that waits in `accept` would go on with the next socket of the same number.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def hang_up(self) -> None:
        """Close every connection, as servers do with those that idle."""
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def keep(self, ids: list[str]) -> None:
        """As if stored."""
        now = time.time()
        with self._lock:
            self.stored.update(ids)
            for number, name in enumerate(ids):
                at = now + number * 1e-6
                self._times.setdefault(name, []).append(at)
                self._order.append((at, name))

    @property
    def doubled(self) -> int:
        """Rows that are stored more often than once."""
        return sum(count - 1 for count in self.stored.values())

    def wait_for_posts(self, number: int, timeout: float = 30.0) -> bool:
        """Until so many bulk requests have come."""
        with self.seen:
            return self.seen.wait_for(lambda: len(self.posts) >= number, timeout)

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection:
            while (request := self._read(connection)) is not None:
                self._answer(request)

    def _read(self, connection: socket.socket) -> Request | None:
        received = b""
        while b"\r\n\r\n" not in received:
            part = connection.recv(65536)
            if not part:
                return None
            received += part
        head, _, body = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        parts = [body]
        missing = int(headers.get("content-length", 0)) - len(body)
        while missing > 0:
            parts.append(connection.recv(min(missing, 1 << 20)))
            if not parts[-1]:
                return None
            missing -= len(parts[-1])
        method, target, _ = first.split(" ")
        return Request(self, connection, method, target, headers, b"".join(parts))

    def _answer(self, request: Request) -> None:
        with self.seen:
            self.requests.append((request.method, request.target))
        if request.target.startswith("/posts/"):
            self.wait_for_posts(int(request.target.removeprefix("/posts/")))
            request.say(200, len(self.posts))
        elif "/logs/bulk/" in request.target:
            mood = self._next_mood()
            with self.seen:
                self.posts.append((time.monotonic(), len(request.ids)))
                self.seen.notify_all()
            mood(request)
        elif "/logs/list/" in request.target:
            self._list(request)
        else:
            request.say(404, {"detail": "not here"})

    def _next_mood(self) -> Mood:
        with self._lock:
            return self.moods.pop(0) if self.moods else self.mood

    def _list(self, request: Request) -> None:
        """Return one page of the logs, the newest first, as `listing` says."""
        listing = self.listing
        if listing.status != 200:
            request.say(listing.status, {"detail": "not here"})
            return
        query = dict(
            pair.partition("=")[::2] for pair in request.target.partition("?")[2].split("&")
        )
        size = min(int(query.get("page_size", 100)), listing.max_page)
        first = (int(query.get("page", 1)) - 1) * size
        wanted = self._wanted(request.body) if listing.has_filters else None
        with self._lock:
            logs = self._newest(wanted, time.time() - listing.lag)
            page = list(islice(logs, first, first + size + 1))
        results = [
            {
                "unique_id": f"{first}-{i}",
                "created_at": datetime.fromtimestamp(at, UTC).isoformat(),
                "metadata": {"custom_identifier": name},
                "custom_identifier": name,
            }
            for i, (at, name) in enumerate(page[:size])
        ]
        more = f"{self.url}/next" if len(page) > size else None
        count = first + len(page)
        request.say(200, {"count": count, "next": more, "previous": None, "results": results})

    def _newest(self, wanted: set[str] | None, until: float) -> Iterator[tuple[float, str]]:
        """The rows that were stored until then, the newest first."""
        if wanted is None:
            visible = bisect_right(self._order, (until, "\U0010ffff"))
            return (self._order[i] for i in range(visible - 1, -1, -1))
        of_each = ([(at, name) for at in reversed(self._times.get(name, []))] for name in wanted)
        return (log for log in merge(*of_each, reverse=True) if log[0] <= until)

    @staticmethod
    def _wanted(body: bytes) -> set[str] | None:
        filters = json.loads(body or b"{}").get("filters") or {}
        condition = filters.get("custom_identifier")
        return None if condition is None else set(condition["value"])
