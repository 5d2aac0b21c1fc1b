"""The bar above a dataset's rows: search, filters, review, export; and the filters that are set."""

from respan_langchain._constants import LOG_FIELDS
from respan_langchain.server import layout
from respan_langchain.server.export import PRESETS, can_write_parquet
from respan_langchain.server.html import Html, dataset_link, element, strip_invisible, visible_text
from respan_langchain.server.query import MENU_FIELDS, NEWEST_FIRST, SCORE_SORT, RowFilter, View

OPERATORS = (
    ("eq", "is"), ("not", "is not"), ("gt", "is more than"), ("gte", "is at least"),
    ("lt", "is less than"), ("lte", "is at most"), ("contains", "contains"),
    ("icontains", "contains, in any case"), ("startswith", "begins with"),
    ("endswith", "ends with"), ("iexact", "is, in any case"), ("in", "is one of"),
    ("isnull", "is missing"),
)  # fmt: skip
SORT_LABELS = {
    NEWEST_FIRST: "Newest first", "created_at": "Oldest first", "-cost": "Highest cost",
    "-latency": "Slowest first", "-tokens": "Most tokens",
}  # fmt: skip
LABELS = {"status": "Any status", "log_type": "Any type", "model": "Any model"}


def toolbar(
    dataset_id: str, view: View, menus: dict[str, list[str]], evaluators: list[str]
) -> Html:
    """Build the bar: one form that keeps the filters that are set."""
    chosen = {one.field: one.value for one in view.row_filters if one.operator == "eq"}
    hidden = [
        _hidden("where", str(one))
        for one in view.row_filters
        if one.field not in MENU_FIELDS or one.operator != "eq"
    ]
    hidden += [_hidden("filters", view.api_filters)] if view.api_filters else []
    quick = [_menu(name, menus[name], chosen.get(name, "")) for name in MENU_FIELDS]
    search = layout.search_field(
        view.search, "Search inputs, outputs, errors", "Search inputs and outputs"
    )
    form = element(
        "form.filters",
        search,
        *quick,
        _rows_menu(view),
        _sort_menu(view, evaluators),
        _more(),
        *hidden,
        element("button.apply", "Apply", type="submit"),
        method="get",
        action=dataset_link(dataset_id),
        role="search",
    )
    review = element(
        "a.button",
        "Review",
        href=dataset_link(dataset_id, "review", view.query(page=1)),
        data_key="review",
    )
    runs = element("a.button", "Evaluate", href=dataset_link(dataset_id, "evaluations"))
    return element("div.toolbar", form, review, runs, _export(dataset_id, view))


def chips(dataset_id: str, view: View) -> Html | None:
    """Show the filters that are set, each with a link that removes it."""
    filters = [(_describe(one), view.without(one)) for one in view.row_filters]
    if view.search:
        query = view.query(search="", page=1)
        filters.append((f"contains \u201c{view.search}\u201d", query))
    if view.api_filters:
        query = view.query(api_filters="", page=1)
        filters.append((f"filters {view.api_filters[:80]}", query))
    if not filters:
        return None
    shown = [_chip(label, dataset_link(dataset_id, "", rest)) for label, rest in filters]
    clear = element("a.clear", "Clear all", href=dataset_link(dataset_id))
    return element("div.chips", *shown, clear, aria_label="Filters")


def _describe(choice: RowFilter) -> str:
    operator = dict(OPERATORS).get(choice.operator, choice.operator)
    value = "" if choice.operator == "isnull" else choice.value
    return f"{choice.field} {operator} {value}"


def _chip(label: str, address: str) -> Html:
    cross = element(
        "a", "\u00d7", href=address, aria_label=strip_invisible(f"Remove the filter {label}")
    )
    return element("span.chip", visible_text(label), cross, dir="auto")


def _hidden(name: str, value: str) -> Html:
    return element("input", type="hidden", name=name, value=value)


def _menu(name: str, values: list[str], chosen: str) -> Html | None:
    if len(values) < 2 and not chosen:
        return None
    listed = values if chosen in values or not chosen else [*values, chosen]
    options = [("", LABELS[name]), *((value, value) for value in listed)]
    label = LABELS[name].removeprefix("Any ").capitalize()
    return layout.select(name, options, chosen or None, aria_label=label, data_submit=True)


def _rows_menu(view: View) -> Html:
    options = [("roots", "Roots"), ("all", "All rows")]
    chosen = "roots" if view.roots_only else "all"
    return layout.select("rows", options, chosen, aria_label="Rows", data_submit=True)


def _sort_menu(view: View, evaluators: list[str]) -> Html:
    options = dict(SORT_LABELS)
    for evaluator in evaluators:
        options[f"{SCORE_SORT}{evaluator}"] = f"Lowest score: {evaluator}"
        options[f"-{SCORE_SORT}{evaluator}"] = f"Highest score: {evaluator}"
    options.setdefault(view.sort, view.sort)
    return layout.select("sort", options.items(), view.sort, aria_label="Order", data_submit=True)


def _more() -> Html:
    fields = sorted(LOG_FIELDS | {"timestamp", "created_at", "expected_output", "error_message"})
    listed = [element("option", value=each) for each in [*fields, "score__human", "metadata__"]]
    name = element(
        "input", name="field", placeholder="cost, metadata__team", list="fields", autocomplete="off"
    )
    value = element("input", name="value", placeholder="gpt-4o, 0.01, \u2026", autocomplete="off")
    box = element(
        "div.popover",
        layout.field("Field", name),
        element("datalist", *listed, id="fields"),
        layout.field("Relation", layout.select("operator", OPERATORS)),
        layout.field("Value", value),
        element("button.primary", "Add filter", type="submit"),
    )
    return layout.menu("Filter", box)


def _export(dataset_id: str, view: View) -> Html:
    query = view.query(page=1, sort=NEWEST_FIRST)
    presets = [
        _export_link(dataset_id, "export.jsonl", f"{query}&preset={name}".lstrip("&"), name, "")
        for name in PRESETS
    ]
    what = "the filtered rows" if view.is_filtered else "all rows"
    box = element(
        "div.popover",
        element("p.hint", f"Export {what}"),
        _export_link(dataset_id, "export.jsonl", query, "JSONL", "whole rows, one a line"),
        _export_link(dataset_id, "export.csv", query, "CSV", "for a spreadsheet"),
        _export_link(dataset_id, "export.parquet", query, "Parquet", "for data frames")
        if can_write_parquet()
        else None,
        element("p.hint", "JSONL for other tools"),
        *presets,
    )
    return layout.menu("Export", box, "menu-right")


def _export_link(dataset_id: str, name: str, query: str, title: str, about: str) -> Html:
    address = dataset_link(dataset_id, name, query)
    return element("a", title, element("span", about), href=address, download=True)
