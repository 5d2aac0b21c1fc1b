"""The table of a dataset's rows, and the bar below it for the rows that are marked."""

import sqlite3
from dataclasses import dataclass, field

from respan_langchain._display import (
    UNKNOWN,
    format_cost,
    format_count,
    format_duration,
    preview_text,
)
from respan_langchain.embedded.store.scores_table import HUMAN_EVALUATOR
from respan_langchain.server import layout
from respan_langchain.server.formatting import format_score
from respan_langchain.server.html import (
    Html,
    dataset_link,
    element,
    join,
    log_link,
    strip_invisible,
    time_element,
    visible_text,
)
from respan_langchain.server.preview import excerpt, find_word, parse_stored, status_class
from respan_langchain.server.query import View


@dataclass(frozen=True, slots=True)
class RowsPage:
    """One page of a dataset's rows."""

    dataset: sqlite3.Row
    rows: list[sqlite3.Row]
    count: int
    scores: dict[int, list[sqlite3.Row]]
    traces: dict[str, int] = field(default_factory=dict)
    """How many rows each trace has, where its other rows are folded into its root."""
    can_write: bool = True
    problem: str | None = None
    """Why the filters are not valid; there are no rows then."""


COLUMNS = (
    ("created_at", "When", "when"),
    ("name", "Kind", "kind"),
    ("", "Input", "row-input"),
    ("", "Output", "row-output"),
    ("model", "Model", "model"),
    ("tokens", "Tokens", "number"),
    ("cost", "Cost", "number cost"),
    ("latency", "Latency", "number"),
)
"""What a column is sorted by, its name and its class."""
SCORES = (("1", "Good"), ("0.5", "So-so"), ("0", "Bad"))


def rows_table(dataset_id: str, view: View, page: RowsPage) -> Html:
    """Build the table, in a form with what can be done with the marked rows."""
    mark = element("th.mark", element("span.screen-reader-only", "Mark"), scope="col")
    heads = [_head(dataset_id, view, *column) for column in COLUMNS]
    body = [_row(dataset_id, view, row, page) for row in page.rows]
    return element(
        "form.rows-form",
        layout.table([mark, *heads], body, "rows"),
        _mark_bar(dataset_id, can_write=page.can_write),
        method="get",
        action=dataset_link(dataset_id, "compare"),
    )


def _head(dataset_id: str, view: View, sort: str, name: str, kind: str) -> Html:
    if not sort:
        return element("th", name, scope="col", class_=kind)
    down = view.sort == f"-{sort}"
    is_sorted = view.sort.removeprefix("-") == sort
    address = dataset_link(dataset_id, "", view.query(sort=sort if down else f"-{sort}", page=1))
    arrow = element("span.arrow", "\u2193" if down else "\u2191") if is_sorted else None
    order = ("descending" if down else "ascending") if is_sorted else None
    link = element("a", name, arrow, href=address)
    return element("th", link, scope="col", class_=kind, aria_sort=order)


def _row(dataset_id: str, view: View, row: sqlite3.Row, page: RowsPage) -> Html:
    scores = page.scores.get(row["seq"], [])
    folded = max(page.traces.get(row["trace_unique_id"], 1) - 1, 0)
    mark = element("input", type="checkbox", name="row", value=row["unique_id"], aria_label="Mark")
    address = log_link(dataset_id, row["unique_id"], "", view.query(page=1))
    text = excerpt(parse_stored(row["input"]), view.words) or "(empty)"
    link = element("a.row-link", visible_text(text), href=address, dir="auto")
    output = element("span", visible_text(_output(row, view.words)), dir="auto")
    badges = element("div", *[_score(score) for score in scores[:3]]) if scores else None
    return element(
        "tr",
        element("td.mark", mark),
        element("td.when", _state(row), time_element(row["happened_at"])),
        element("td.kind", *_kind(dataset_id, view, row, folded)),
        element("td.row-input", link),
        element("td.row-output", output, _found_elsewhere(row, scores, view.words), badges),
        element(
            "td",
            _filter_link(dataset_id, view, "model", row["model"]),
            class_="model" if row["model"] else "model unknown",
        ),
        _number("tokens", format_count(row["total_tokens"])),
        _number("cost", format_cost(row["cost"])),
        _number("", format_duration(row["latency"])),
        data_row=True,
        data_id=row["unique_id"],
        class_="failed" if row["status"] == "error" else None,
    )


def _output(row: sqlite3.Row, words: list[str]) -> str:
    if row["output"] is None:
        return row["error_message"] or UNKNOWN
    return excerpt(parse_stored(row["output"]), words) or "(empty)"


def _found_elsewhere(row: sqlite3.Row, scores: list[sqlite3.Row], words: list[str]) -> Html | None:
    """Show what a search found in neither input nor output."""
    shown = f"{preview_text(parse_stored(row['input']))} {_output(row, words)}"
    if not words or find_word(shown, words) is not None:
        return None
    comment = next((one["comment"] for one in scores if one["evaluator"] == HUMAN_EVALUATOR), "")
    texts = [("Expected", preview_text(parse_stored(row["expected_output"]))),
             ("Error", row["error_message"] or ""), ("Comment", comment)]  # fmt: skip
    return next(
        (
            element("p.hint", f"{name}: ", visible_text(excerpt(text, words)), dir="auto")
            for name, text in texts
            if find_word(text, words) is not None
        ),
        None,
    )


def _filter_link(dataset_id: str, view: View, field: str, value: str | None) -> Html:
    """Show a value that filters the rows by itself when it is clicked."""
    if not value:
        return Html(UNKNOWN)
    address = dataset_link(dataset_id, "", view.with_filter(field, value))
    title = strip_invisible(f"Only rows with {field} {value[:80]}")
    return element("a.filter-link", visible_text(value), href=address, title=title)


def _state(row: sqlite3.Row) -> Html:
    status = row["status"]
    label = element("span.screen-reader-only", visible_text(status or "unknown"))
    title = strip_invisible(status or "status unknown")
    return element("span", label, class_=f"dot dot-{status_class(row)}", title=title)


def _kind(dataset_id: str, view: View, row: sqlite3.Row, folded: int) -> list[Html]:
    field = "span_name" if row["span_name"] else "log_type"
    name = _filter_link(dataset_id, view, field, row[field])
    log_type = row["log_type"] if row["span_name"] else None
    about = f"{folded} more {'row' if folded == 1 else 'rows'} in the trace"
    count = element("span", f" +{folded}", title=about) if folded else None
    details = element("span.type", visible_text(log_type or ""), count)
    return [element("span.name", name), details]


def _number(unit: str, figure: str) -> Html:
    kind = "number unknown" if figure == UNKNOWN else "number"
    return element("td", figure, class_=kind, data_unit=unit or None)


def _score(score: sqlite3.Row) -> Html:
    value = score["score"]
    if value is None and score["evaluator"] == HUMAN_EVALUATOR:
        return element("span.score.score-plain", "reviewed")
    kind = {1: "good", 0: "bad", None: "plain"}[score["passed"]]
    label = join(visible_text(score["evaluator"].partition(":")[0]), " ", format_score(value))
    return element("span", label, class_=f"score score-{kind}")


def _mark_bar(dataset_id: str, *, can_write: bool) -> Html:
    """Build the bar, as a part of the form that has the marks."""
    compare = element("button.primary", "Compare", type="submit", data_key="compare")
    clear = element("button.quiet", "Clear", type="button", data_action="unmark")
    return element(
        "div.mark-bar",
        element("span.hint", "Mark rows to compare or move them", aria_live="polite"),
        compare,
        *(_actions(dataset_link(dataset_id, "bulk")) if can_write else []),
        clear,
    )


def _actions(address: str) -> list[Html]:
    """Build the menus that change rows; they send the form to an address of their own."""
    target = element("input", name="target", placeholder="golden", autocomplete="off")
    tag = element("input", name="tag", placeholder="to discuss", autocomplete="off")
    score = layout.select("score", SCORES)
    menus = [
        ("Add to dataset", "Dataset, new or not", target, "Add the rows", "add"),
        ("Tag", "Tag", tag, "Add the tag", "tag"),
        ("Score", "Score by you", score, "Save the scores", "score"),
        ("Delete", None, None, "Delete the marked rows", "delete"),
    ]
    return [_menu(address, *menu) for menu in menus]


def _menu(
    address: str, title: str, label: str | None, control: Html | None, button: str, action: str
) -> Html:
    box = element(
        "div.popover",
        layout.field(label, control) if label and control else None,
        element(
            "button.primary",
            button,
            type="submit",
            name="action",
            value=action,
            formaction=address,
            formmethod="post",
        ),
    )
    return layout.menu(title, box, "menu-up")
