"""The evaluations of a dataset: its runs, a form that starts one, and two evaluators compared."""

import sqlite3

from respan_langchain._display import UNKNOWN, format_count
from respan_langchain.embedded.access import AccessPolicy
from respan_langchain.embedded.endpoints import evaluations
from respan_langchain.embedded.endpoints.evaluators import BUILT_IN
from respan_langchain.embedded.http import Response
from respan_langchain.embedded.store import datasets_table, page_queries, scores_table
from respan_langchain.embedded.store.store import Store
from respan_langchain.server import layout
from respan_langchain.server.formatting import format_score, format_share
from respan_langchain.server.html import (
    Html,
    dataset_link,
    element,
    log_link,
    time_element,
    visible_text,
)
from respan_langchain.server.page_request import PageRequest
from respan_langchain.server.preview import parse_stored, preview
from respan_langchain.server.query import SCORE_SORT, View

MAX_RUNS = 50


def show(asked: PageRequest) -> Response:
    """Show the runs of a dataset, and how two evaluators agree where two are chosen."""
    store, dataset_id, compared = asked.store, asked.dataset_id, asked.parameters("evaluator")
    with store.reading() as connection:
        dataset = datasets_table.get(connection, dataset_id)
    refreshed = dataset_link(dataset_id, "evaluations/live")
    return layout.page(
        f"Evaluations · {dataset['name']}",
        element("h1", "Evaluations"),
        None if store.read_only else _start_form(dataset_id),
        element("div", _listing(store, dataset_id), data_live=refreshed, data_pace="1000"),
        _comparison(store, dataset_id, compared) if len(compared) == 2 else None,
        breadcrumbs=layout.breadcrumbs(dataset, "Evaluations"),
    )


def start(asked: PageRequest) -> Response:
    """Start the evaluators of the form; Python functions are not allowed here.

    Raises:
        HttpError: 400, when there is no such evaluator.
    """
    names = [name for line in asked.form.get("evaluators", "").split("\n")
             if (name := line.strip())]  # fmt: skip
    evaluations.start(asked.store, asked.dataset_id, names, AccessPolicy())
    return Response(303, headers={"location": dataset_link(asked.dataset_id, "evaluations")})


def _start_form(dataset_id: str) -> Html:
    known = ", ".join(BUILT_IN)
    field = element(
        "textarea",
        name="evaluators",
        rows="3",
        required=True,
        placeholder="exact_match\ncontains:Within 30 days\nlatency_limit:2.5",
    )
    return element(
        "form.start-run",
        element("label", "Evaluators, one a line", field),
        element("p.hint", f"There are {known}; an argument follows a colon."),
        element("button.primary", "Start", type="submit"),
        method="post",
        action=dataset_link(dataset_id, "evaluations"),
    )


def live(asked: PageRequest) -> Response:
    """Build the part of the page that is refreshed."""
    return layout.fragment(_listing(asked.store, asked.dataset_id))


def _listing(store: Store, dataset_id: str) -> Html:
    with store.reading() as connection:
        dataset = datasets_table.get_seq(connection, dataset_id)
        rows = scores_table.list_runs(connection, dataset, limit=MAX_RUNS, offset=0)
    if not rows:
        text = element("p", "Evaluators score each row; the scores appear on the rows' page.")
        return layout.empty_state("No evaluation yet", text)
    heads = [layout.column_head(name) for name in ("", "Evaluator", "Status")]
    heads += [layout.column_head("Started", "when")]
    heads += [layout.column_head(name, "number") for name in ("Rows", "Mean score")]
    # A row keeps one score of an evaluator, that of its latest run.
    latest = {row["evaluator"]: row["task_id"] for row in reversed(rows)}
    lines = [
        _run(dataset_id, row, is_latest=latest[row["evaluator"]] == row["task_id"]) for row in rows
    ]
    table = layout.table(heads, lines, "runs")
    compare = element("button", "Compare two evaluators", type="submit")
    return element(
        "form.runs-form",
        table,
        compare if len(latest) > 1 else None,
        method="get",
        action=dataset_link(dataset_id, "evaluations"),
    )


def _run(dataset_id: str, row: sqlite3.Row, *, is_latest: bool) -> Html:
    status = evaluations.describe_status(row)
    address = dataset_link(dataset_id, "", View().query(sort=f"{SCORE_SORT}{row['evaluator']}"))
    mark = element(
        "input", type="checkbox", name="evaluator", value=row["evaluator"],
        aria_label="Choose to compare",
    )  # fmt: skip
    error = row["error_message"]
    problem = element("p.problem", visible_text(error)) if error else None
    replaced = element("p.hint", "A later run replaced its scores on the rows.")
    return element(
        "tr",
        element("td.mark", mark if is_latest else None),
        element("td", element("a", visible_text(row["evaluator"]), href=address)),
        element("td", status, problem, None if is_latest else replaced),
        element("td.when", time_element(row["started_at"])),
        element("td.number", format_count(row["evaluated_logs_count"])),
        element("td.number", format_score(row["score"])),
        data_id=row["task_id"],
    )


def _comparison(store: Store, dataset_id: str, compared: list[str]) -> Html:
    """Show how two evaluators agree, and the rows on which they agree least."""
    one, other = compared
    with store.reading() as connection:
        dataset = datasets_table.get_seq(connection, dataset_id)
        counts = page_queries.count_agreement(connection, dataset, one, other)
        rows = page_queries.list_disagreements(connection, dataset, one, other)
    heads = [layout.column_head("Input")]
    heads += [layout.column_head(name, "number") for name in compared]
    lines = [_disagreement(dataset_id, row) for row in rows]
    figures = layout.metric_strip(
        ("Rows with both scores", format_count(counts["scored"])),
        (f"Mean of {one}", format_score(counts["one"])),
        (f"Mean of {other}", format_score(counts["other"])),
        ("Same score", format_share(counts["same"], counts["scored"])),
    )
    return layout.section(
        "Where the two differ most",
        figures,
        layout.table(heads, lines) if lines else element("p", "Nowhere."),
        kind="agreement",
    )


def _disagreement(dataset_id: str, row: sqlite3.Row) -> Html:
    text = preview(parse_stored(row["input"])) or UNKNOWN
    link = element("a", visible_text(text), href=log_link(dataset_id, row["unique_id"]), dir="auto")
    return element(
        "tr",
        element("td", link),
        *[element("td.number", format_score(row[name])) for name in ("one", "other")],
    )
