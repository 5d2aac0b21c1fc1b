"""Prints the report of a replay: tables in a terminal, JSON, the summary of a GitHub job."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from respan_langchain.cli.platform import CliContext
from respan_langchain.cli.tables import Column, FittingTable, number_column
from respan_langchain.experiments.report import (
    HEADINGS,
    metric_cells,
    row_lines,
    summary_lines,
    to_markdown,
)
from respan_langchain.experiments.results import ReplayResult
from respan_langchain.experiments.verdict import Verdict


def print_report(ctx: CliContext, result: ReplayResult, verdict: Verdict) -> None:
    """Print the report, as JSON with `--json`; add it to the summary of a GitHub job."""
    summary: dict[str, Any] = {
        "outcome": verdict.outcome,
        "is_complete": result.is_complete,
        "metrics": [asdict(metric) for metric in verdict.metrics],
        "flips": {name: asdict(flips) for name, flips in verdict.flips.items()},
        "skipped": dict(result.skipped),
        "failed_rows": result.failed_rows,
        "trials": [asdict(trial) for trial in result.trials],
    }
    ctx.output(
        summary,
        "\n".join(summary_lines(result, verdict)),
        "",
        _tabulate(verdict),
        "\n".join(row_lines(result)),
    )
    job_summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if job_summary:
        with Path(job_summary).open("a", encoding="utf-8") as file:
            file.write(to_markdown(result, verdict))


def _tabulate(verdict: Verdict) -> FittingTable:
    columns = [Column("metric", is_kept=True), *map(number_column, HEADINGS[1:-1])]
    columns.append(Column("", is_kept=True))
    return FittingTable(columns, [metric_cells(metric) for metric in verdict.metrics])
