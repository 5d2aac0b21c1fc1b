"""Whether a handler is run in the app's own task: yes, but never at the cost of other handlers.

LangChain would otherwise hand each event of an async app to a thread pool, at 100 µs an event and
in any order. But where a text model is started in async code, one handler that is run inline takes
the start away from all that are not (langchain issue 39633), and `astream_events` fails in the app.
There alone we say no, unless somebody else has said yes; we are run inline all the same.
"""

import sys
from types import CodeType, FrameType


class RunInline:
    """The attribute `run_inline` of a handler, which LangChain reads."""

    def __init__(self) -> None:
        self._owner: type = object
        self._start: CodeType | None = None

    def __set_name__(self, owner: type, _: str) -> None:
        """Learn which handlers are ours."""
        self._owner = owner

    def __get__(self, _handler: object, _owner: type) -> bool:
        """Look who asks."""
        if self._start is None:
            from langchain_core.callbacks.manager import AsyncCallbackManager

            self._start = AsyncCallbackManager.on_llm_start.__code__
        asking: FrameType | None = sys._getframe(1)  # noqa: SLF001  # nothing else says who asks
        if asking is not None and asking.f_code.co_name == "<listcomp>":
            asking = asking.f_back  # before Python 3.12 a comprehension has a frame of its own
        if asking is None or asking.f_code is not self._start:
            return True
        handlers = asking.f_locals["self"].handlers
        return any(other.run_inline for other in handlers if not isinstance(other, self._owner))
