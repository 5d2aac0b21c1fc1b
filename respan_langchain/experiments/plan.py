"""How the rows of a replay are run: the chain, its scorers, and the checked options."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from threading import Thread
from typing import Any, Literal

from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda

from respan_langchain._arguments import check_count, check_number, check_positive
from respan_langchain._display import is_conversation
from respan_langchain._foreign_code import load_object, safe_call
from respan_langchain.errors import ConfigurationError
from respan_langchain.experiments.recorded_rows import RecordedRow
from respan_langchain.experiments.recorded_tools import OnDivergence
from respan_langchain.experiments.scorers import Scorer, scorer_name

Source = Literal["recorded", "live"]


@dataclass(frozen=True, slots=True)
class Plan:
    """How rows are run; `replay` describes each option."""

    dataset: str
    """What the rows are called."""
    runnable: Runnable[Any, Any]
    scorers: Sequence[Scorer]
    input_of: Callable[[RecordedRow], Any]
    """Makes the runnable's input."""
    tools: Source = "recorded"
    models: Source = "live"
    on_divergence: OnDivergence = "stop"
    allow: frozenset[str] = frozenset()
    repeat: int = 1
    concurrency: int = 4
    timeout: float | None = None
    """Seconds for one trial; a longer one counts as timed out, while its thread continues."""
    max_cost: float | None = None
    """USD after which no further trial starts."""
    requests_per_minute: float | None = None
    """Trials started per minute."""
    config: RunnableConfig = field(default_factory=RunnableConfig)
    use_async: bool = False
    """Run with `ainvoke`, as chains with steps that are only async need."""

    def __post_init__(self) -> None:
        for name, value, choices in (
            ("tools", self.tools, ("recorded", "live")),
            ("models", self.models, ("recorded", "live")),
            ("on_divergence", self.on_divergence, ("stop", "tell", "live")),
        ):
            if value not in choices:
                raise ConfigurationError(f"{name}={value!r}: use one of {', '.join(choices)}")
        for name, number in {"repeat": self.repeat, "concurrency": self.concurrency}.items():
            check_count(name, number)
        positive = {"timeout": self.timeout, "requests_per_minute": self.requests_per_minute}
        for name, limit in positive.items():
            if limit is not None:
                check_positive(name, limit)
        if self.max_cost is not None:
            check_number("max_cost", self.max_cost, minimum=0)

    def run(self, row: RecordedRow, config: RunnableConfig) -> None:
        """Run the chain on a row; a callback takes its answer."""
        if self.use_async or _is_async_function(self.runnable):
            running = self._run_async(row, config)
            # With the context variables of this thread, which waits for it.
            asyncio.run_coroutine_threadsafe(running, _event_loop()).result()
        else:
            self.runnable.invoke(self.input_of(row), config)

    async def _run_async(self, row: RecordedRow, config: RunnableConfig) -> None:
        await self.runnable.ainvoke(self.input_of(row), config)

    def describe(self, runnable: object) -> Mapping[str, Any]:
        """Return what must be the same when a replay resumes; `runnable` as the caller gave it."""
        return {
            "dataset": self.dataset,
            "runnable": runnable if isinstance(runnable, str) else self.runnable.get_name(),
            "scorers": [scorer_name(scorer) for scorer in self.scorers],
            "tools": self.tools,
            "models": self.models,
            "on_divergence": self.on_divergence,
        }


def make_plan(
    dataset: str,
    runnable: Runnable[Any, Any] | Callable[..., Any] | str,
    scorers: Iterable[Scorer],
    *,
    make_input: Callable[[Any], Any] | None = None,
    allow: Iterable[str] = (),
    config: RunnableConfig | None = None,
    **options: Any,
) -> Plan:
    """Make a plan of the arguments of `replay`; raises as `load_runnable` does, and for options."""
    chain = load_runnable(runnable)
    return Plan(
        dataset,
        chain,
        tuple(scorers),
        _input_maker(chain, make_input),
        allow=frozenset(allow),
        config=config or RunnableConfig(),
        **options,
    )


def load_runnable(runnable: Runnable[Any, Any] | Callable[..., Any] | str) -> Runnable[Any, Any]:
    """Load a runnable from `package.module:name`; a function becomes a RunnableLambda.

    Raises:
        ConfigurationError: There is no such module or name, or it cannot be run.
    """
    if isinstance(runnable, str):
        runnable = load_object(runnable, "runnable")
    if isinstance(runnable, Runnable):
        return runnable
    if callable(runnable):
        return RunnableLambda(runnable)
    raise ConfigurationError(
        f"runnable: {type(runnable).__name__} is neither Runnable nor function"
    )


@cache
def _event_loop() -> asyncio.AbstractEventLoop:
    """Return the event loop of all replays of the process; it runs on a thread of its own.

    Async clients keep connections of the loop that opened them, and a trial that is given up goes
    on after its replay.
    """
    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, name="respan-replay-loop", daemon=True).start()
    return loop


def _is_async_function(chain: Runnable[Any, Any]) -> bool:
    return isinstance(chain, RunnableLambda) and not hasattr(chain, "func")


def _input_maker(
    chain: Runnable[Any, Any], make_input: Callable[[Any], Any] | None
) -> Callable[[RecordedRow], Any]:
    """Return what makes a runnable's input of a row: the caller's function, else by its schema."""
    if make_input is not None:
        return lambda row: make_input(row.input)
    if not _takes_messages(chain):
        return lambda row: row.input
    return lambda row: {"messages": row.input} if is_conversation(row.input) else row.input


def _takes_messages(chain: Runnable[Any, Any]) -> bool:
    """Whether the input is a state with messages, as that of LangGraph's agents."""
    # pydantic cannot describe every app's own types.
    schema = safe_call(chain.get_input_jsonschema)
    return isinstance(schema, dict) and "messages" in (schema.get("properties") or {})
