"""Redis servers and forwarders for the tests of a fleet."""

import os
import signal
import socket
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from shutil import which

import pytest

from respan_langchain.fleet import keys
from respan_langchain.fleet.broker import Broker, BrokerError
from tests.delivery.kit import WAIT

SERVER = os.environ.get("REDIS_SERVER", "redis-server")
"""The program; `valkey-server` runs the same tests."""


needs_redis = pytest.mark.skipif(which(SERVER) is None, reason=f"{SERVER} is not installed")


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class RedisServer:
    """A server of its own on a free port of this machine."""

    def __init__(self, folder: Path, *, append_only=False, **options):
        folder.mkdir()
        self.folder, self.append_only, self.options = folder, append_only, options
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self):
        options = {
            "port": self.port,
            "bind": "127.0.0.1",
            "dir": self.folder,
            "save": "",
            "appendonly": "yes" if self.append_only else "no",
            "appendfsync": "always",
            **self.options,
        }
        words: list[str] = []
        for name, value in options.items():
            values = value if isinstance(value, tuple) else (value,)
            words += [f"--{name}", *map(str, values)]
        self.process = subprocess.Popen(
            [SERVER, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(self.answers)

    def answers(self):
        try:
            self.ask("PING")
        except BrokerError:
            return False
        return True

    def ask(self, *words):
        broker = Broker(self.url)
        try:
            return broker.command(*words)
        finally:
            broker.close()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    @property
    def rows(self):
        """How many rows wait."""
        return self.ask("XLEN", keys.ROWS)

    @property
    def counts(self):
        raw = self.ask("HGETALL", keys.COUNTS)
        return {name.decode(): int(count) for name, count in raw.items()}


class Proxy:
    """Stands between a process and a server; loses replies of scripts when it is told to."""

    def __init__(self, server):
        self.server = server
        self.to_lose = 0
        """How many of the next replies are lost, each with its connection."""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self.listener.getsockname()[1]}/0"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with suppress(OSError):  # closed
            while True:
                client, _ = self.listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self.server.port))
                except ConnectionRefusedError:  # it was killed, and nothing took its place yet
                    client.close()
                    continue
                for source, sink in ((client, server), (server, client)):
                    ends = source, sink, sink is client
                    threading.Thread(target=self.pump, args=ends, daemon=True).start()

    def pump(self, source, sink, is_reply):
        with source, sink, suppress(OSError):
            while part := source.recv(2**20):
                if is_reply and self.to_lose and part.startswith(b"*"):
                    self.to_lose -= 1
                    break
                sink.sendall(part)
            for end in (source, sink):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.listener.close()


class Running:
    """A forwarder on a thread."""

    def __init__(self, forwarder):
        self.forwarder = forwarder
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=forwarder.run, args=(self.stopped,), daemon=True)
        self.thread.start()

    def stop(self):
        self.stopped.set()
        self.thread.join(WAIT)
        assert not self.thread.is_alive()


def until(is_true, seconds=WAIT):
    """Wait until something is true."""
    ends = time.monotonic() + seconds
    pause = threading.Event()
    while not is_true():
        assert time.monotonic() < ends, "it did not become true in time"
        pause.wait(0.01)
