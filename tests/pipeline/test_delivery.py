"""On the wire.

Batches within the platform's limits, every row once, and a server that is down or says no.
"""

import json
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from support.models import FakeChat

from respan_langchain import RespanDatasetCallbackHandler

KEY = "rsp-secret-key-1234"
CHAIN = ChatPromptTemplate.from_messages([("human", "{question}")]) | FakeChat() | StrOutputParser()


class Sink(ThreadingHTTPServer):
    """A server that takes bulk requests, or refuses everything with `status`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.status: int | None = None
        self.sizes: list[tuple[int, int]] = []
        self.ids: Counter[str] = Counter()
        self.requests = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Sink

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.requests += 1
        assert self.path == "/api/datasets/d-1/logs/bulk/"
        assert self.headers["authorization"] == f"Bearer {KEY}"
        if self.server.status is not None:
            self.answer(self.server.status, {"detail": "no"})
            return
        logs = json.loads(body)["logs"]
        self.server.sizes.append((len(logs), len(body)))
        self.server.ids.update(log["metadata"]["custom_identifier"] for log in logs)
        self.answer(201, {"success_count": len(logs), "error_count": 0, "errors": []})

    def answer(self, status: int, content: dict[str, Any]) -> None:
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def test_a_thousand_invokes_are_two_thousand_rows_none_twice(sink):
    handler = RespanDatasetCallbackHandler(dataset_id="d-1", api_key=KEY, base_url=sink.url)
    for number in range(1000):
        CHAIN.invoke({"question": f"number {number}"}, {"callbacks": [handler]})

    assert handler.flush(timeout=60)
    assert len(sink.ids) == 2000
    assert set(sink.ids.values()) == {1}
    assert all(rows <= 500 and size <= 5_000_000 for rows, size in sink.sizes)
    assert (handler.stats.captured, handler.stats.delivered, handler.stats.pending) == (
        2000,
        2000,
        0,
    )
    assert handler.stats.requests == len(sink.sizes)


def test_with_the_server_down_the_app_continues_and_flush_returns_in_time(sink):
    sink.server_close()
    handler = RespanDatasetCallbackHandler(
        dataset_id="d-1", api_key=KEY, base_url=sink.url, exit_timeout=0
    )

    assert CHAIN.invoke({"question": "x"}, {"callbacks": [handler]}) == "Within 30 days, unworn."
    began = time.monotonic()
    assert not handler.flush(timeout=1)
    assert time.monotonic() - began < 1.5
    assert (handler.stats.captured, handler.stats.pending, handler.stats.delivered) == (2, 2, 0)
    handler._worker.discard_pending("test is over")


def test_rows_are_complete_again_once_the_queue_has_space(sink):
    sink.status = 503
    handler = RespanDatasetCallbackHandler(
        dataset_id="d-1", api_key=KEY, base_url=sink.url, max_queue_bytes=400_000
    )
    for number in range(100):
        CHAIN.invoke({"question": f"{number}" + "?" * 10_000}, {"callbacks": [handler]})
    handler.process_pending()
    dropped = sum(handler.stats.dropped.values())
    assert 0 < dropped < 200
    sink.status = None
    handler.flush(timeout=60)
    assert handler.stats.pending == 0

    for number in range(100, 120):
        CHAIN.invoke({"question": f"{number}" + "?" * 1_000}, {"callbacks": [handler]})

    handler.flush(timeout=60)
    assert sum(handler.stats.dropped.values()) == dropped
    assert handler.stats.delivered == len(sink.ids) == 240 - dropped


def test_a_wrong_key_stops_delivery_after_one_request_and_is_logged_once(sink, caplog):
    sink.status = 401
    handler = RespanDatasetCallbackHandler(
        dataset_id="d-1", api_key=KEY, base_url=sink.url, exit_timeout=0, batch_rows=2
    )
    for number in range(20):
        CHAIN.invoke({"question": f"number {number}"}, {"callbacks": [handler]})

    assert not handler.flush(timeout=1)
    assert sink.requests == 1
    assert handler.stats.pending == 40
    # A handler of an earlier test may log its drops now.
    [line] = [one for one in caplog.messages if "dropped" not in one]
    assert "401" in line
    assert KEY not in caplog.text
    assert "401" in handler.stats.last_error
    handler._worker.discard_pending("test is over")


def test_handlers_for_the_same_place_share_one_worker(sink):
    before = threading.active_count()
    handlers = [
        RespanDatasetCallbackHandler(dataset_id="d-1", api_key=KEY, base_url=sink.url)
        for _ in range(50)
    ]
    for handler in handlers:
        CHAIN.invoke({"question": "x"}, {"callbacks": [handler]})

    assert all(handler.flush(timeout=20) for handler in handlers)
    ours = [thread for thread in threading.enumerate() if thread.name.startswith("respan")]
    assert threading.active_count() - before <= 8
    assert len({handler._worker for handler in handlers}) == 1
    assert all(thread.daemon for thread in ours)
    assert [handler.stats.delivered for handler in handlers] == [2] * 50


def test_with_flush_disk_a_roots_rows_are_on_disk_when_its_call_returns(sink, tmp_path):
    sink.server_close()
    handler = RespanDatasetCallbackHandler(
        dataset_id="d-1", api_key=KEY, base_url=sink.url, exit_timeout=2,
        delivery="durable", spool_dir=tmp_path / "spool", flush="disk",
    )  # fmt: skip
    CHAIN.invoke({"question": "x"}, {"callbacks": [handler]})

    [spool] = (tmp_path / "spool").rglob("*.db")
    with closing(sqlite3.connect(spool)) as disk:
        assert disk.execute("SELECT count(*) FROM rows").fetchone() == (2,)
    handler._worker.discard_pending("test is over")
