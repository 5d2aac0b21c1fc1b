"""Rows of replays that were kept, beside the rows that they replay."""

from collections.abc import Iterable

from respan_langchain.client.models import Log
from respan_langchain.experiments.recorded_rows import RecordedRow, read_row
from respan_langchain.experiments.results import ReplayResult
from respan_langchain.experiments.scorers import same_answer
from respan_langchain.experiments.trials import recorded_trial

SCORERS = (same_answer,)


def compare_kept_rows(dataset: str, recorded: Iterable[Log], kept: Iterable[Log]) -> ReplayResult:
    """Compare the last replay of each row with the row; `kept` has the newest first."""
    newest: dict[str, RecordedRow] = {}
    for log in kept:
        replayed = read_row(log)
        newest.setdefault(str(replayed.metadata.get("replay_of")), replayed)
    rows = [row for log in recorded if (row := read_row(log)).id in newest]
    return ReplayResult(
        dataset=dataset,
        rows=rows,
        trials=[recorded_trial(newest[row.id], SCORERS, of=row) for row in rows],
        baseline=[recorded_trial(row, SCORERS) for row in rows],
    )
