"""A platform that takes everything at once and keeps nothing."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from respan_langchain import RespanDatasetCallbackHandler


class Sink(BaseHTTPRequestHandler):
    """Takes every batch."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Say that all rows are stored."""
        rows = len(json.loads(self.rfile.read(int(self.headers["content-length"])))["logs"])
        answer = json.dumps({"success_count": rows, "error_count": 0, "errors": []}).encode()
        self.send_response(201)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def start_sink() -> str:
    """Start a sink in this process, and return its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def handler_to_sink(**arguments: Any) -> RespanDatasetCallbackHandler:
    """A handler as users have it, `arguments` aside, that delivers to a sink in this process."""
    url = start_sink()
    return RespanDatasetCallbackHandler(dataset_id="bench", base_url=url, api_key="k", **arguments)
