"""Writes the report of a replay as text, Markdown and HTML; worst rows first."""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import islice, zip_longest
from operator import itemgetter
from statistics import fmean
from typing import Any, Final, Literal

from respan_langchain._display import preview_text
from respan_langchain.experiments.calls import read_calls
from respan_langchain.experiments.recorded_rows import RecordedRow
from respan_langchain.experiments.results import ReplayResult, Trial
from respan_langchain.experiments.scorers import text_of
from respan_langchain.experiments.verdict import MetricVerdict, Verdict

WordChange = Literal["same", "removed", "added"]

WORST_ROWS: Final = 10
SHOWN: Final = 300
"""Characters of an answer that are shown."""
HEADINGS: Final = ("metric", "before", "after", "change", "95 % interval", "detectable", "verdict")


@dataclass(frozen=True, slots=True)
class RowReport:
    """One row that changed, as texts."""

    id: str
    input: str
    before: str
    after: str
    note: str
    """Why the row is shown: its status, the first call that differs, scores."""


def to_text(result: ReplayResult) -> str:
    """Return the report for a terminal."""
    verdict = result.verdict()
    table = _aligned([HEADINGS, *map(metric_cells, verdict.metrics)])
    rows = row_lines(result)
    return "\n".join([*summary_lines(result, verdict), "", *table, *([""] if rows else []), *rows])


def row_lines(result: ReplayResult) -> list[str]:
    """Return lines about the worst rows: the input, and how the answer changed."""
    return [
        line
        for row in worst_rows(result)
        for line in (
            f"- {row.id}: {row.note}",
            f"    asked   {row.input}",
            f"    answer  {word_diff(row.before, row.after)}",
        )
    ]


def to_markdown(result: ReplayResult, verdict: Verdict | None = None) -> str:
    """Return the report as Markdown, for a pull request or a job summary."""
    verdict = verdict or result.verdict()
    lines = [f"## Replay of {result.dataset}: {verdict.outcome}", ""]
    lines += [f"{line}  " for line in summary_lines(result, verdict)[1:]]
    lines += ["", _pipes(HEADINGS), _pipes(["---"] * len(HEADINGS))]
    lines += [_pipes(metric_cells(metric)) for metric in verdict.metrics]
    for row in worst_rows(result):
        lines += ["", f"**{_plain(row.id)}**: {_plain(row.note)}", "", "```diff"]
        lines += [f"  {row.input}", f"- {row.before}", f"+ {row.after}", "```"]
    return "\n".join(lines) + "\n"


def to_html(result: ReplayResult) -> str:
    """Return the report for a notebook; everything in it is escaped."""
    verdict = result.verdict()
    lines = "<br>".join(escape(line) for line in summary_lines(result, verdict))
    table = "".join(_html_row(metric_cells(metric), "td") for metric in verdict.metrics)
    rows = "".join(
        _html_row([row.id, row.note, row.input, row.before, row.after], "td")
        for row in worst_rows(result)
    )
    worst = _html_row(["row", "why", "asked", "before", "after"], "th") + rows if rows else ""
    return (
        f"<div><p>{lines}</p><table>{_html_row(HEADINGS, 'th')}{table}</table>"
        f"<table>{worst}</table></div>"
    )


def summary_lines(result: ReplayResult, verdict: Verdict) -> list[str]:
    """Return lines about the verdict, how rows ended, and what limits the verdict."""
    rows = len({trial.row_id for trial in result.trials})
    ended = ", ".join(f"{count} {status}" for status, count in result.statuses.items())
    lines = [
        f"{result.dataset}: {verdict.outcome}",
        f"{rows} rows, {len(result.trials)} trials: {ended or 'none'}",
    ]
    if result.stopped:
        lines.append(f"Stopped: {result.stopped}.")
    if result.skipped:
        reasons = "; ".join(f"{count} {reason}" for reason, count in result.skipped.items())
        lines.append(f"Skipped: {reasons}.")
    for name, flips in verdict.flips.items():
        if not flips.broken:
            continue
        certain = "" if name in verdict.regressions else " (may be noise: use repeat=3)"
        lines.append(f"{name}: rows that passed and now fail: {len(flips.broken)}{certain}.")
    for name, share in result.label_noise.items():
        lines.append(f"{name} judged {share:.0%} of the same answers differently.")
    if verdict.outcome == "inconclusive":
        lines.append("These rows cannot tell: compare more rows, or accept a larger margin.")
    return lines


def worst_rows(result: ReplayResult) -> list[RowReport]:
    """Return the rows that got worse or did not end with an answer, the worst first."""
    before = {trial.row_id: trial for trial in reversed(list(result.baseline))}
    inputs = {row.id: row.input for row in result.rows}
    losses = [(_loss(before.get(trial.row_id), trial), trial) for trial in result.trials]
    worst: dict[str, Trial] = {}
    for loss, trial in sorted(losses, key=itemgetter(0), reverse=True):
        if loss > 0:
            worst.setdefault(trial.row_id, trial)
    return [
        RowReport(
            id=row,
            input=_short(preview_text(inputs.get(row))),
            before=_short(before[row].output if row in before else None),
            after=_short(trial.output) if trial.status == "answered" else trial.status,
            note=_note(before.get(row), trial),
        )
        for row, trial in islice(worst.items(), WORST_ROWS)
    ]


def describe_trial(row: RecordedRow, trial: Trial, worse: Sequence[str]) -> str:
    """Describe a trial: the row, what got worse, the first different call, both answers."""
    difference = first_difference(row.metadata.get("trajectory") or (), trial.trajectory)
    answer = _short(trial.output) if trial.status == "answered" else trial.error or trial.status
    return "\n".join(
        [
            f"row {row.id}: {'; '.join([*worse, *trial.divergences]) or trial.status}",
            *([difference] if difference and not trial.divergences else []),
            f"asked   {_short(preview_text(row.input))}",
            f"answer  {word_diff(_short(row.reference), answer)}",
        ]
    )


def word_diff(before: str, after: str) -> str:
    """Mark the difference of two texts: removed words in [-...-], added ones in {+...+}."""
    marks = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    return "".join(marks[kind].format(text) for kind, text in word_changes(before, after))


def word_changes(before: str, after: str) -> Iterator[tuple[WordChange, str]]:
    """Yield the parts of two texts, in their order, and which of the texts has each."""
    old, new = re.findall(r"\S+|\s+", before), re.findall(r"\S+|\s+", after)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        gone, came = "".join(old[a:b]), "".join(new[c:d])
        if kind == "equal":
            yield "same", gone
            continue
        if gone:
            yield "removed", gone
        if came:
            yield "added", came


def first_difference(before: Sequence[Any], after: Sequence[Any]) -> str | None:
    """Describe the first call that differs between two trajectories; None when they are equal."""
    old, new = ([call.key for call in read_calls(calls)] for calls in (before, after))
    for number, (first, second) in enumerate(zip_longest(old, new, fillvalue="no call"), 1):
        if first != second:
            return f"call {number}: {first} -> {second}"
    return None


def _loss(before: Trial | None, after: Trial) -> float:
    if after.status != "answered":
        return 1_000.0
    if before is None:
        return 0.0
    drops = [before.scores[name] - value for name, value in after.scores.items()
             if name in before.scores]  # fmt: skip
    return fmean(drops) if drops else 0.0


def _note(before: Trial | None, after: Trial) -> str:
    parts = [] if after.status == "answered" else [after.error or after.status]
    parts += after.divergences
    if before is not None and not after.divergences:
        difference = first_difference(before.trajectory, after.trajectory)
        parts += [difference] if difference and (before.trajectory or after.trajectory) else []
        parts += [
            f"{name} {before.scores[name]:g} -> {value:g}"
            for name, value in after.scores.items()
            if name in before.scores and before.scores[name] != value
        ]
    return "; ".join(parts)


def metric_cells(metric: MetricVerdict) -> list[str]:
    """Return one line of the table, in the order of `HEADINGS`."""
    found = metric.comparison
    show, show_change, detectable = "{:.3f}".format, "{:+.3f}".format, -found.detectable
    if metric.is_amount:
        show = ("${:.6f}" if metric.name == "cost" else "{:.2f} s").format
        show_change, detectable = "x{:.2f}".format, 1 + found.detectable
    is_improved = metric.has_improved and metric.outcome != "not judged"
    return [
        metric.name,
        show(found.before),
        show(found.after),
        show_change(found.change),
        f"{show_change(found.low)} to {show_change(found.high)}",
        show_change(detectable),
        "improved" if is_improved else metric.outcome,
    ]


def _aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return ["  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip()
            for line in lines]  # fmt: skip


def _pipes(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_plain, cells))} |"


def _plain(text: str) -> str:
    """Escape text for Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>|])", r"\\\1", text)


def _html_row(cells: Sequence[str], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"


def _short(value: Any) -> str:
    text = " ".join(text_of(value).split())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
