"""Programs that tests start and talk to."""

import subprocess
import threading


def read_line(process: subprocess.Popen[str], seconds: float = 60.0) -> str:
    """Return the next line of a program's output; one that stays silent for so long is killed."""
    assert process.stdout is not None
    watchdog = threading.Timer(seconds, process.kill)
    watchdog.start()
    try:
        return process.stdout.readline()
    finally:
        watchdog.cancel()
