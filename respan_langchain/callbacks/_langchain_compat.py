"""The part that depends on langchain-core's private code: which of its methods reads `run_inline`.

Tested with langchain-core 1.0 to 1.8. With `run_inline` LangChain calls a handler in the app's own
task. Without it, each event of an async app goes through a thread pool, which takes 100 µs and
changes the order of events. So our handler is run inline. But LangChain has a bug: where async code
calls a text model and one handler is run inline, the other handlers get no start event of the model
(langchain issue 39633), and `astream_events` fails in the app. Only the method with the bug reads
False here, unless another handler is run inline too; LangChain still runs ours inline.

There is no public way to know who reads an attribute. If LangChain's code changes, the attribute is
always True: rows are still captured, and the bug affects other handlers.
"""

import sys
from types import CodeType, FrameType
from typing import Any


class RunInline:
    """The attribute `run_inline` of a handler."""

    def __init__(self) -> None:
        self._owner: type = object
        self._start: CodeType | None = None
        """The code of LangChain's method with the bug."""

    def __set_name__(self, owner: type, _: str) -> None:
        """Remember the class of our handlers."""
        self._owner = owner

    def __get__(self, _handler: object, _owner: type) -> bool:
        """Return False to LangChain's method with the bug, and True to all others."""
        if self._start is None:
            from langchain_core.callbacks.manager import AsyncCallbackManager

            start = getattr(AsyncCallbackManager, "on_llm_start", None)
            self._start = getattr(start, "__code__", RunInline.__get__.__code__)
        caller: FrameType | None = sys._getframe(1)  # noqa: SLF001  # see above
        if caller is not None and caller.f_code.co_name == "<listcomp>":
            caller = caller.f_back  # before Python 3.12 a comprehension has a frame of its own
        if caller is None or caller.f_code is not self._start:
            return True
        handlers: list[Any] = getattr(caller.f_locals.get("self"), "handlers", [])
        return any(other.run_inline for other in handlers if not isinstance(other, self._owner))
