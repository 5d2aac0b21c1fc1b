"""Regular expressions from requests and rows, searched in a process that can be killed.

Python's `re` backtracks without a limit and holds the interpreter's lock while it does: a pattern
such as `(a+)+$` would stop every thread of the process, its signal handlers included.
"""

import json
import subprocess
import sys
import threading

SEARCH_TIMEOUT = 1.0
"""Seconds of one search."""
START_TIMEOUT = 30.0
"""Seconds until the worker process is ready, on a busy machine."""

# The alarm ends a search whose parent process was killed; its default action needs no interpreter.
_WORKER = f"""
import json, re, signal, sys
print(flush=True)
for line in sys.stdin:
    pattern, text = json.loads(line)
    getattr(signal, "alarm", int)({int(SEARCH_TIMEOUT) + 2})
    try:
        reply = [re.search(pattern, text) is not None, None]
    except (re.error, OverflowError, RecursionError) as error:
        reply = [None, str(error)]
    getattr(signal, "alarm", int)(0)
    print(json.dumps(reply), flush=True)
"""


class RegexWorker:
    """Runs `re.search` in a process of its own, which is started at the first search."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def search(self, pattern: str, text: str) -> bool:
        """Return whether the pattern is found in the text.

        Raises:
            ValueError: The pattern is not valid.
            TimeoutError: The search took longer than SEARCH_TIMEOUT.
            OSError: The worker process cannot be started.
        """
        process = self._process or self._start()
        reply = _exchange(process, json.dumps([pattern, text]), SEARCH_TIMEOUT)
        if not reply:
            self.close()
            raise TimeoutError(f"the search took longer than {SEARCH_TIMEOUT:g} s")
        found, error = json.loads(reply)
        if error is not None:
            raise ValueError(error)
        return bool(found)

    def close(self) -> None:
        """End the worker process; a later search starts another one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _start(self) -> "subprocess.Popen[str]":
        self._process = subprocess.Popen(  # noqa: S603  # fixed arguments
            [sys.executable, "-I", "-S", "-c", _WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="ascii",
        )
        if not _exchange(self._process, None, START_TIMEOUT):
            self.close()
            raise OSError(f"no worker process could be started with {sys.executable}")
        return self._process


def _exchange(process: "subprocess.Popen[str]", line: str | None, timeout: float) -> str:
    """Send a line and return the reply; an empty one when the process ended or was killed."""
    assert process.stdin is not None  # noqa: S101  # PIPE was given
    assert process.stdout is not None  # noqa: S101
    timer = threading.Timer(timeout, process.kill)
    timer.start()
    try:
        if line is not None:
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
        return process.stdout.readline()
    except BrokenPipeError:
        return ""
    finally:
        timer.cancel()
