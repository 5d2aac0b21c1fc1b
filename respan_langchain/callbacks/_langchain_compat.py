"""What depends on the inside of langchain-core: which of its methods reads `run_inline`.

Tested with langchain-core 1.0 to 1.8. LangChain calls a handler in the app's own task where
`run_inline` is true; otherwise it hands each event of an async app to a thread pool, at 100 µs an
event and in any order. So ours is run inline. But where a text model is called in async code, one
handler that is run inline keeps the start of the model from all that are not (langchain issue
39633), and `astream_events` then fails in the app. There alone the attribute is false, unless
another handler is run inline too; LangChain runs ours inline all the same.

There is no public way to know who reads an attribute. Where LangChain does this otherwise, the
attribute is always true: rows are captured as ever, and LangChain's fault affects other handlers.
"""

import sys
from types import CodeType, FrameType
from typing import Any


class RunInline:
    """The attribute `run_inline` of a handler."""

    def __init__(self) -> None:
        self._owner: type = object
        self._start: CodeType | None = None
        """The code of the method of LangChain's that has the fault."""

    def __set_name__(self, owner: type, _: str) -> None:
        """Remember the class of our handlers."""
        self._owner = owner

    def __get__(self, _handler: object, _owner: type) -> bool:
        """Return False to the method of LangChain's that has the fault."""
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
