"""The report on the last replay of a dataset's rows, from the rows that the replay kept."""

import sqlite3
from collections.abc import Sequence
from typing import Final

import orjson

from respan_langchain.client.models import Log
from respan_langchain.embedded.endpoints.serialize import serialize_log
from respan_langchain.embedded.http import Response
from respan_langchain.embedded.store import datasets_table, logs_table
from respan_langchain.embedded.store.fields import SqlCondition
from respan_langchain.embedded.store.review_queue import ROOTS
from respan_langchain.errors import ConfigurationError
from respan_langchain.experiments.report import (
    HEADINGS,
    RowReport,
    metric_cells,
    summary_lines,
    word_changes,
    worst_rows,
)
from respan_langchain.experiments.results import ReplayResult
from respan_langchain.experiments.verdict import Verdict
from respan_langchain.server import layout
from respan_langchain.server.html import Html, element, log_link, visible_text
from respan_langchain.server.page_request import PageRequest

SUFFIX: Final = "@replays"
"""What the name of the dataset that holds the replays ends with."""
MAX_ROWS: Final = 1_000
"""Kept rows that are read, the newest."""
ROW_HEADINGS: Final = ("Asked", "Why", "Answer")
MARKS: Final = {"removed": "del", "added": "ins"}


def has_replays(connection: sqlite3.Connection, dataset: sqlite3.Row) -> bool:
    """Whether rows of replays of a dataset were kept."""
    return datasets_table.find_by_name(connection, f"{dataset['name']}{SUFFIX}") is not None


def show(asked: PageRequest) -> Response:
    """Show the report."""
    with asked.store.reading() as connection:
        dataset = datasets_table.get(connection, asked.dataset_id)
        kept = _list_kept(connection, dataset)
        recorded = _list_recorded(connection, dataset, kept)
    return layout.page(
        f"Replay · {dataset['name']}",
        element("h1", "Replay"),
        *_report(dataset, recorded, kept),
        breadcrumbs=layout.breadcrumbs(dataset, "Replay"),
    )


def _list_kept(connection: sqlite3.Connection, dataset: sqlite3.Row) -> list[Log]:
    replays = datasets_table.find_by_name(connection, f"{dataset['name']}{SUFFIX}")
    if replays is None:
        return []
    rows = logs_table.list_page(connection, replays, ROOTS, order="seq DESC", limit=MAX_ROWS)
    return [_read(row) for row in rows]


def _list_recorded(
    connection: sqlite3.Connection, dataset: sqlite3.Row, kept: Sequence[Log]
) -> list[Log]:
    replayed = orjson.dumps([(log.metadata or {}).get("replay_of") for log in kept]).decode()
    condition = SqlCondition("custom_identifier IN (SELECT value FROM json_each(?))", (replayed,))
    rows = logs_table.list_page(
        connection, dataset["seq"], condition, order="seq ASC", limit=MAX_ROWS
    )
    return [_read(row) for row in rows]


def _read(row: sqlite3.Row) -> Log:
    return Log.model_validate(orjson.loads(orjson.dumps(serialize_log(row))))


def _report(dataset: sqlite3.Row, recorded: Sequence[Log], kept: Sequence[Log]) -> list[Html]:
    # LangChain takes a second to import, which the other pages need not.
    from respan_langchain.experiments.replay import compare_kept_rows

    result = compare_kept_rows(str(dataset["name"]), recorded, kept)
    if not result.trials:
        hint = "respan-langchain replay DATASET MODULE:NAME --keep"
        text = element("p", "This keeps the rows of a replay: ", element("code", hint))
        return [layout.empty_state("No replay was kept", text)]
    try:
        return _filled_report(dataset["id"], result, recorded)
    except ConfigurationError as error:  # scipy is missing
        return [element("p.hint", visible_text(str(error)))]


def _filled_report(dataset_id: str, result: ReplayResult, recorded: Sequence[Log]) -> list[Html]:
    verdict, worst = result.verdict(), worst_rows(result)
    unique_ids = {log.custom_identifier: log.unique_id for log in recorded}
    lines = [element("p", visible_text(line)) for line in summary_lines(result, verdict)]
    rows = [_row(row, log_link(dataset_id, str(unique_ids[row.id]))) for row in worst]
    return [
        element("section.compared", *lines),
        element("section.compared", _metrics(verdict)),
        *([_worst(rows)] if rows else []),
    ]


def _metrics(verdict: Verdict) -> Html:
    """Build the table of metrics; the verdict is beside the name, in sight on a phone."""
    name, *figures, outcome = [heading.capitalize() for heading in HEADINGS]
    heads = [layout.column_head(name), layout.column_head(outcome)]
    heads += [layout.column_head(figure, "number") for figure in figures]
    return layout.table(heads, [_metric(metric_cells(one)) for one in verdict.metrics], "metrics")


def _metric(cells: Sequence[str]) -> Html:
    name, *figures, outcome = map(visible_text, cells)
    numbers = [element("td.number", figure) for figure in figures]
    return element("tr", element("td", name), element("td", outcome), *numbers)


def _worst(rows: Sequence[Sequence[Html]]) -> Html:
    heads = [layout.column_head(name) for name in ROW_HEADINGS]
    lines = [element("tr", *[element("td", cell, dir="auto") for cell in row]) for row in rows]
    return layout.section("Rows that got worse", layout.table(heads, lines), kind="compared")


def _row(row: RowReport, link: str) -> list[Html]:
    changes = [
        element(MARKS[kind], visible_text(text)) if kind in MARKS else visible_text(text)
        for kind, text in word_changes(row.before, row.after)
    ]
    asked = element("a", visible_text(row.input), href=link)
    return [asked, visible_text(row.note), element("span", *changes)]
