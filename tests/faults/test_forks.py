"""A fork at any moment of a process's first second: no child hangs, no row is lost."""

import subprocess
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import orjson
import pytest

APP = Path(__file__).parent / "apps" / "forks.py"


class Platform(ThreadingHTTPServer):
    """Stores the rows of bulk requests."""

    request_queue_size = 200

    def __init__(self):
        super().__init__(("127.0.0.1", 0), PlatformRequest)
        self.rows = []


class PlatformRequest(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = orjson.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path.endswith("/bulk/"):
            self.server.rows += [log["input"] for log in body["logs"]]
            answer = {"success_count": len(body["logs"]), "error_count": 0, "errors": []}
        else:
            answer = {"count": 1, "next": None, "results": [{"id": "d1", "name": "forks"}]}
        content = orjson.dumps(answer)
        self.send_response(201 if self.path.endswith("/bulk/") else 200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *words):
        """Say nothing."""


@pytest.fixture
def platform():
    server = Platform()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def run_app(*arguments):
    return subprocess.run(
        [sys.executable, APP, *arguments], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("level", ["memory", "durable"])
def test_forks_at_fifty_moments_of_the_first_second_lose_no_row(platform, tmp_path, level):
    ended = run_app(f"http://127.0.0.1:{platform.server_port}", str(tmp_path / "spool"), level)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert Counter(platform.rows) == Counter([str(step) for step in range(50)] + ["parent"])


@pytest.mark.slow
def test_forks_at_fifty_moments_lose_no_row_of_an_embedded_platform(tmp_path):
    ended = run_app(f"sqlite:///{tmp_path / 'respan.db'}", "", "memory")

    assert ended.returncode == 0, ended.stdout + ended.stderr
