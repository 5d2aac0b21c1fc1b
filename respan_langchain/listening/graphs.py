"""A handler that langgraph knows: told of interrupts, given what authors want recorded.

Only subclasses of langgraph's own handler hear of `interrupt` and `resume`, and only what counts as
a tracer gets the trimmed inputs and outputs of a node's `TracePolicy`. Both are imported when a
handler is made, never when this package is: langgraph takes hundreds of milliseconds.
"""

from importlib.util import find_spec
from typing import Final

_made: Final[dict[type, type]] = {}


def graph_aware(cls: type) -> type:
    """The class itself where langgraph is not installed, else a subclass that it recognises."""
    if find_spec("langgraph") is None or cls in _made.values():
        return cls
    if cls not in _made:
        _made[cls] = _subclass(cls)
    return _made[cls]


def original(cls: type) -> type:
    """The class that a recognised subclass was made of."""
    return next((base for base, made in _made.items() if made is cls), cls)


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
