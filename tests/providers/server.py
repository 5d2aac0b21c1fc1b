"""A provider on the loopback: takes what its client sends, and answers as the provider does."""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Request:
    path: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """A whole body, or the parts of a stream."""

    body: bytes | Iterable[bytes]
    status: int = 200
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


Answer = Callable[[Request], Reply]


def json_reply(body: Any, status: int = 200, **headers: str) -> Reply:
    """One JSON object."""
    return Reply(json.dumps(body).encode(), status, headers=headers)


def streamed(events: Iterable[Any], **headers: str) -> Reply:
    """Server-sent events as OpenAI and its followers write them."""
    lines = [b"data: " + json.dumps(event).encode() + b"\n\n" for event in events]
    return Reply([*lines, b"data: [DONE]\n\n"], kind="text/event-stream", headers=headers)


def named_events(events: Iterable[dict[str, Any]]) -> Reply:
    """Server-sent events with their type in a line of its own, as Anthropic writes them."""
    return Reply(
        [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events],
        kind="text/event-stream",
    )


class Server:
    """Runs until it is closed; `answer` may be changed between calls."""

    def __init__(self) -> None:
        self.answer: Answer = lambda request: json_reply({"error": "nothing to say"}, 500)
        self.requests: list[Request] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", 0))
                request = Request(self.path, json.loads(self.rfile.read(length) or b"{}"))
                owner.requests.append(request)
                reply = owner.answer(request)
                self.send_response(reply.status)
                self.send_header("content-type", reply.kind)
                # The packages keep their clients, and never close what is kept alive.
                self.send_header("connection", "close")
                for name, value in reply.headers.items():
                    self.send_header(name.replace("_", "-"), value)
                if isinstance(reply.body, bytes):
                    self.send_header("content-length", str(len(reply.body)))
                    self.end_headers()
                    self.wfile.write(reply.body)
                    return
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                for part in reply.body:
                    self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                self.wfile.write(b"0\r\n\r\n")

            def log_message(self, *args: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(timeout=10)
