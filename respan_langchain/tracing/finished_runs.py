"""What the run tracker returns: the runs that finished, and the traces that ended."""

from uuid import UUID

from respan_langchain.tracing.run import Run, Trace


class FinishedRuns:
    """Collects finished runs, a root always after all runs below it."""

    def __init__(self, *, wants_chains: bool) -> None:
        """Without `wants_chains`, chains that are not roots are not kept."""
        self._wants_chains = wants_chains
        self._runs: list[Run] = []
        self._closed: list[Trace] = []

    def add(self, run: Run) -> None:
        """Add a run that finished, other than a root."""
        if run.kind == "chain" and not self._wants_chains:
            # Most runs are such steps. They have no row, so their content is released.
            run.inputs = run.outputs = None
        else:
            self._runs.append(run)

    def add_root(self, root: Run) -> None:
        """Add the root of a trace that is complete."""
        self._runs.append(root)

    def add_closed(self, trace: Trace) -> None:
        """Add a trace that ended; it may wait to be resumed."""
        self._closed.append(trace)

    def add_late_output(self, run_id: UUID, outputs: object) -> None:
        """Add the output that the first end of a run did not have.

        With Bedrock's guardrails a run has two ends: an error, then the answer. The first one
        counts otherwise.
        """
        for run in self._runs:
            if run.id == run_id and not getattr(run.outputs, "generations", run.outputs):
                run.outputs = outputs

    def take(self) -> list[Run]:
        """Return the runs that were added since the last call."""
        runs, self._runs = self._runs, []
        return runs

    def take_closed(self) -> list[Trace]:
        """Return the traces that ended since the last call."""
        closed, self._closed = self._closed, []
        return closed
