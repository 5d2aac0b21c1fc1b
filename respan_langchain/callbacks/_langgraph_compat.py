"""The part that depends on langgraph's private code: which handlers get interrupts and resumes.

Tested with langgraph 1.0 to 1.2. langgraph is imported when a handler is made, not when this
package is imported: that takes hundreds of milliseconds.

langgraph reports interrupts and resumes only to subclasses of its `GraphCallbackHandler`, and gives
the trimmed inputs and outputs of a node's `TracePolicy` only to tracers. So each handler becomes an
instance of a subclass of both. langgraph looks for such handlers only in the config of the call. A
handler that `enable` or `capture` activated is not in that config, and there is no public way to
add it. So it is added to the config that langgraph has made for this one call, which is found in
langgraph's frame. If langgraph's code changes, no such frame is found: then an interrupted graph
and its resume become two rows.
"""

import sys
from importlib.util import find_spec
from types import CodeType, FrameType
from typing import Any, Final

GRAPH_METHODS: Final = frozenset({"stream", "astream"})
"""Methods that run a graph; `invoke` and all others call these."""
MAX_FRAMES: Final = 6
"""Frames that are searched, from the caller upwards; a graph's method is the fourth."""

_graph_aware: Final[dict[type, type]] = {}
"""Subclasses that langgraph recognises, by the class they were made of."""


def graph_aware_class(cls: type) -> type:
    """Return a subclass that langgraph recognises; the class itself without langgraph."""
    if find_spec("langgraph") is None or cls in _graph_aware.values():
        return cls
    if cls not in _graph_aware:
        _graph_aware[cls] = _make_graph_aware(cls)
    return _graph_aware[cls]


def original_class(cls: type) -> type:
    """Return the class that a recognised subclass was made of."""
    return next((base for base, made in _graph_aware.items() if made is cls), cls)


def add_to_graph_config(handler: object, handler_type: Any) -> None:
    """Add a handler to the config of the graph that is being called, if this is a graph's call.

    A config that has an instance of `handler_type` stays as it is.
    """
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001  # see above
    for _ in range(MAX_FRAMES):
        if frame is None:
            return
        if frame.f_code.co_name in GRAPH_METHODS and _is_graph_method(frame.f_code):
            _add(frame.f_locals.get("config"), handler, handler_type)
            return
        frame = frame.f_back


def _is_graph_method(code: CodeType) -> bool:
    graph = getattr(sys.modules.get("langgraph.pregel"), "Pregel", None)
    return code is getattr(getattr(graph, code.co_name, None), "__code__", None)


def _add(config: object, handler: object, handler_type: Any) -> None:
    if not isinstance(config, dict):
        return
    callbacks = config.get("callbacks") or []
    # A manager stays as it is: langgraph uses the handlers that it inherited.
    if isinstance(callbacks, list) and not any(isinstance(one, handler_type) for one in callbacks):
        config["callbacks"] = [*callbacks, handler]


def _make_graph_aware(cls: type) -> type:
    from langchain_core.tracers.base import BaseTracer

    try:
        from langgraph.callbacks import GraphCallbackHandler
    except ImportError:  # an earlier langgraph, which reports no interrupts
        bases: tuple[type, ...] = (cls,)
    else:
        bases = (cls, GraphCallbackHandler)
    made = type(cls.__name__, bases, {"__module__": cls.__module__, "__doc__": cls.__doc__})
    # A virtual subclass: langgraph asks `isinstance(handler, BaseTracer)` for the `TracePolicy`
    # only, and the real class costs eight times as much an event.
    BaseTracer.register(made)
    return made
