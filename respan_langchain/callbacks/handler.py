"""The public handler: its constructor, `stats`, feedback and `forget`.

Its callbacks are in `chains.py`, `models.py` and `tools.py`; `flush` and `shutdown` in
`lifecycle.py`; its options in `config.py`; what it is made of is built in `factory.py`.
"""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self, Unpack
from uuid import UUID

from respan_langchain.callbacks._langgraph_compat import graph_aware_class, original_class
from respan_langchain.callbacks.chains import ChainCallbacks
from respan_langchain.callbacks.lifecycle import Lifecycle
from respan_langchain.callbacks.models import ModelCallbacks
from respan_langchain.callbacks.tools import ToolCallbacks

if TYPE_CHECKING:
    from respan_langchain.callbacks.config import HandlerOptions
    from respan_langchain.delivery.status import RowStatus
    from respan_langchain.pipeline.forget import ForgetReceipt
    from respan_langchain.stats import Stats


class RespanDatasetCallbackHandler(ChainCallbacks, ModelCallbacks, ToolCallbacks, Lifecycle):
    """Captures LangChain runs as rows of a Respan dataset.

    Attach it like any callback: `chain.invoke(question, config={"callbacks": [handler]})`. Making
    one starts no thread and opens no connection; the first row does. One handler serves any number
    of threads and tasks.
    """

    def __new__(cls, *_args: object, **_options: object) -> Self:
        """Make an instance that langgraph recognises, where langgraph is installed."""
        return super().__new__(graph_aware_class(cls))

    def __init__(self, dataset: str | None = None, **options: "Unpack[HandlerOptions]") -> None:
        """Check everything that can be checked without a connection.

        Args:
            dataset: Name of the dataset; an unknown one is created when the first rows are sent.
            **options: Any of these; the defaults are in `HandlerConfig`.

                - dataset_id: The dataset's id, in place of the name.
                - api_key: The platform's key.
                - base_url: The platform's URL, or `sqlite:///path.db` for a platform in a file.
                - capture: Kinds of runs that become rows: root, llm, tool, retriever, chain.
                - include: Names, tags or functions of a run; when given, only runs that match one
                  become rows.
                - exclude: The same, for runs that never become rows.
                - consent: A function of a root run; only if it returns True, the trace is captured.
                - sample_rate: The fraction of conversations that is captured, 0 to 1; the same
                  ones in every process.
                - keep_errors: Whether failed traces are captured whatever the sample rate.
                - rules: Which finished traces are captured and where their rows go, in place of
                  `sample_rate`, `keep_errors` and `dedupe`; see `respan_langchain.rules`.
                - dedupe: "input", "input+output" or a function: what copies of a trace have in
                  common. Only the first in an hour is captured; it counts the others.
                - production_only: Whether traces with the `metadata.source` "replay" or
                  "experiment" are left out, as rules always do; `enable` does so by default.
                - input_key: Which part of a root's input is the row's input: a key or a dotted
                  path.
                - output_key: The same for its output.
                - messages: "auto": a root whose state is a list of messages shows the conversation
                  and the answer.
                - trajectory: Whether roots show their tool calls in `metadata.trajectory`.
                - retrieved_documents: Whether roots show what was retrieved in
                  `metadata.retrieved_documents`.
                - content: False captures tokens, cost and timing only.
                - keep_media: Whether images, audio and files are sent, instead of their type, size
                  and digest.
                - redact: "secrets", "personal" or one of its kinds ("email", "phone", "card",
                  "iban", "ip"), functions of a string, or a list of these; None for nothing.
                - limits: Sizes in bytes beyond which content is cut.
                - prices: Your own prices: a mapping in USD per million tokens, a function, or
                  "auto-update".
                - local_models_free: Whether models on your own machine cost 0 instead of unknown.
                - metadata: Added to every row's metadata.
                - tags: Added to every row's tags.
                - flush: "root" delivers before the root's call returns, for functions that are
                  frozen afterwards. "disk", with `delivery="durable"`, has its rows on disk by
                  then.
                - hold: "feedback": the rows of roots wait for feedback before they are sent, for
                  `TraceTimeouts.feedback` seconds at most.
                - copy: "deep" copies content at once, for apps that change nested state in place.
                - timeouts: How long unfinished traces are kept.
                - http_client: An `httpx.Client` or `httpx2.Client` of your own.
                - map_row: A function that changes a row, makes several of it, or none.
                - on_row: Called with every row as it is sent, on the worker's thread.
                - All other fields of `Settings`, each with its variable `RESPAN_<NAME>`.

        Raises:
            ConfigurationError: An argument or a variable is wrong; the message names it and what is
                expected.
        """
        # Imported here: an app that makes no handler should not pay for these imports.
        from respan_langchain.callbacks.config import read_config
        from respan_langchain.callbacks.factory import build_components

        self._options = {"dataset": dataset, **options}
        self._config = read_config(self._options)
        # What is pickled or shown holds no key and no password: another process reads its own from
        # RESPAN_API_KEY, RESPAN_VIA and RESPAN_PSEUDONYM_KEY.
        for name in ("api_key", "via", "pseudonym_key"):
            self._options.pop(name, None)
        components = build_components(self._config)
        super().__init__(components, self._config.flush, self._config.settings.exit_timeout)
        self._dataset = components.dataset
        # The worker keeps the processor until this handler is gone and all events are processed.
        self._worker.attach(components.processor, self)

    def forget(
        self,
        *,
        customer: str | None = None,
        thread: str | None = None,
        run: UUID | str | None = None,
        timeout: float = 30.0,
    ) -> "ForgetReceipt":
        """Remove rows from memory, from disk and from every dataset of the platform.

        Calls that have not ended, and graphs that wait to be resumed, give no rows: those of all
        handlers of this process with the same destination. Waits up to `timeout` seconds for rows
        that are just being sent, and for each of its requests; each stored row takes one.

        Args:
            customer: Rows of this `customer_identifier`; its pseudonym is found, too.
            thread: Rows of this `thread_identifier`. Of several arguments, all must match.
            run: Rows of the trace of this root run, or the row of another run.
            timeout: In seconds.

        Raises:
            ConfigurationError: Nothing is given.
        """
        from respan_langchain.pipeline.forget import forget_rows

        return forget_rows(
            self._config.settings,
            customer=customer,
            thread=thread,
            run=run,
            worker=self._worker,
            http_client=self._config.http_client,
            timeout=timeout,
        )

    def feedback(
        self,
        run_id: UUID | str,
        *,
        score: float | None = None,
        comment: str | None = None,
        expected_output: object = None,
        name: str = "feedback",
    ) -> None:
        """Add feedback to the row of a run, whether that is captured, delivered or not yet.

        Puts an event into the queue and returns. `score` and `comment` become an entry of the row's
        `metadata.scores`, in place of an earlier one of the same `name`. Feedback on a row that the
        platform does not show after two minutes is given up; see `stats.feedback`.

        Args:
            run_id: The run's id, or the `custom_identifier` that its call gave.
            score: Any finite number.
            comment: The person's words.
            expected_output: What the row's output should have been.
            name: Who or what rates, where there are several.

        Raises:
            ConfigurationError: Nothing is given, or the score is not a finite number.
        """
        self._assembler.feedback.put_feedback(
            self._queue, run_id, score, comment, expected_output, name
        )

    def process_pending(self) -> None:
        """Build the rows of all runs that have ended, on this thread."""
        self._processor.process_pending()

    def has_options(self, dataset: str | None, **options: "Unpack[HandlerOptions]") -> bool:
        """Whether a handler made with these arguments would have the same configuration."""
        from respan_langchain.callbacks.config import read_config

        return read_config({"dataset": dataset, **options}) == self._config

    @property
    def stats(self) -> "Stats":
        """Counts of the rows that were captured, by their state."""
        return dataclasses.replace(
            self._status.counts(),
            requests=self._worker.requests,
            queued_events=len(self._queue),
            open_runs=self._assembler.open_runs,
            feedback=self._assembler.feedback.counts(),
            rules=self._assembler.selector.counts,
            budget=self._assembler.selector.used_budget,
            internal_errors=dict(self._assembler.errors),
            last_error=self._worker.last_error or "",
            disabled=self._config.disabled_reason,
        )

    def row_status(self, run_id: UUID | str) -> "RowStatus | None":
        """Return the state of one run's row.

        None if the run has no row, or if it ended too long ago to be remembered. With `via`, it is
        pending until a forwarder has delivered it; that is known for an hour.
        """
        status = self._status.row_status(str(run_id))
        if self._fleet_row_states is None or status is None or status.state != "delivered":
            return status
        state = self._fleet_row_states.find(str(run_id))
        return status if state is None else dataclasses.replace(status, state=state)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[type, dict[str, Any]]]:
        """Pickle the arguments: another process makes a handler of its own."""
        return _make, (original_class(type(self)), self._options)

    def __repr__(self) -> str:
        url = self._config.settings.base_url
        return f"<{type(self).__name__} {self._dataset} at {url}: {self.stats}>"


def _make(cls: type, options: dict[str, Any]) -> Any:
    return cls(**options)
