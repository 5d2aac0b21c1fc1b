"""A handler that langgraph knows: told of interrupts, given what authors want recorded.

Only subclasses of langgraph's own handler hear of `interrupt` and `resume`, and only what counts as
a tracer gets the trimmed inputs and outputs of a node's `TracePolicy`. Both are imported when a
handler is made, never when this package is: langgraph takes hundreds of milliseconds.
"""

import sys
from importlib.util import find_spec
from types import CodeType, FrameType
from typing import Any, Final

CALLS: Final = frozenset({"stream", "astream"})
"""Methods of a graph in which it runs; `invoke` and all others come down to these."""
FURTHEST: Final = 6
"""Frames looked at, from the one that asks the hook up to a graph's call, today the fourth."""

_made: Final[dict[type, type]] = {}


def graph_aware_class(cls: type) -> type:
    """The class itself where langgraph is not installed, else a subclass that it recognises."""
    if find_spec("langgraph") is None or cls in _made.values():
        return cls
    if cls not in _made:
        _made[cls] = _subclass(cls)
    return _made[cls]


def original_class(cls: type) -> type:
    """The class that a recognised subclass was made of."""
    return next((base for base, made in _made.items() if made is cls), cls)


def add_to_graph_config(handler: object, hook: Any) -> None:
    """Let a graph's call that asks a hook for handlers tell this one of interrupts.

    langgraph tells only those in the config of its call, where `register_configure_hook` puts
    nothing. The config is its own copy, made for this call, and it looks in there once more after
    it has asked; so the handler goes there, as if the caller had passed it, unless there is one
    that is an instance of `hook`. Where another langgraph does this otherwise, no frame is found,
    and an interrupted graph and its resume are two rows.
    """
    asking: FrameType | None = sys._getframe(2)  # noqa: SLF001  # nothing else says who asks
    for _ in range(FURTHEST):
        if asking is None:
            return
        if asking.f_code.co_name in CALLS and _is_of_a_graph(asking.f_code):
            _join(asking.f_locals.get("config"), handler, hook)
            return
        asking = asking.f_back


def _is_of_a_graph(code: CodeType) -> bool:
    graph = getattr(sys.modules.get("langgraph.pregel"), "Pregel", None)
    return code is getattr(getattr(graph, code.co_name, None), "__code__", None)


def _join(config: object, handler: object, hook: Any) -> None:
    if not isinstance(config, dict):
        return
    callbacks = config.get("callbacks") or []
    # A manager stays as it is: what it inherited is known to langgraph.
    if isinstance(callbacks, list) and not any(isinstance(each, hook) for each in callbacks):
        config["callbacks"] = [*callbacks, handler]


def _subclass(cls: type) -> type:
    from langchain_core.tracers.base import BaseTracer

    try:
        from langgraph.callbacks import GraphCallbackHandler
    except ImportError:  # a langgraph that has no interrupt events yet
        bases: tuple[type, ...] = (cls,)
    else:
        bases = (cls, GraphCallbackHandler)
    made = type(cls.__name__, bases, {"__module__": cls.__module__, "__doc__": cls.__doc__})
    # A virtual subclass: langgraph asks `isinstance(handler, BaseTracer)` at this one place, and
    # the real class costs eight times as much an event.
    BaseTracer.register(made)
    return made
