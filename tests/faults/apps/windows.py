"""A Python as on Windows: no fcntl, no fork; `msvcrt` locks files. Then a handler, or the CLI."""

import asyncio  # noqa: F401  # what others have imported by then stays as it is on this system
import fcntl
import os
import subprocess  # noqa: F401
import sys
from types import ModuleType

import langchain_core.runnables.base  # noqa: F401

real_flock, exclusive = fcntl.flock, fcntl.LOCK_EX | fcntl.LOCK_NB


class Msvcrt(ModuleType):
    """The one function of the real module that is used."""

    LK_NBLCK = 2

    def locking(self, descriptor, mode, length):
        assert (mode, length) == (self.LK_NBLCK, 1)
        try:
            real_flock(descriptor, exclusive)
        except BlockingIOError as error:
            raise PermissionError(13, "Permission denied") from error


sys.modules["fcntl"] = None
sys.modules["msvcrt"] = Msvcrt("msvcrt")
del os.fork, os.register_at_fork

if sys.argv[1] == "cli":
    from respan_langchain.cli.main import main

    del sys.argv[1]
    main()

from common import call, say  # noqa: E402  # the system is to be without them before

from respan_langchain import RespanDatasetCallbackHandler  # noqa: E402

is_file = os.environ["RESPAN_BASE_URL"].startswith("sqlite:")
place = {"dataset": "support-bot"} if is_file else {"dataset_id": "d1"}
handler = RespanDatasetCallbackHandler(**place, delivery=sys.argv[1])
call(handler, 3)
say(handler, flush=bool(handler.flush(20.0)))
