"""The view of a dataset's rows: search, filters, order, page; to and from a URL."""

from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import parse_qs, urlencode

import orjson

from respan_langchain.embedded.http import MAX_QUERY_FIELDS, HttpError, Request
from respan_langchain.embedded.store.fields import SqlCondition, find_log_field
from respan_langchain.embedded.store.filters import all_of, parse_filters
from respan_langchain.embedded.store.review_queue import ROOTS
from respan_langchain.embedded.store.search_index import search_condition, split_words

NEWEST_FIRST = "-created_at"
SORTS = {
    "created_at": "seq", "name": "span_name", "model": "model", "tokens": "total_tokens",
    "cost": "cost", "latency": "latency", "status": "status",
}  # fmt: skip
"""What the table can be sorted by, and the columns."""
SCORE_SORT = "score__"
"""The table can be sorted by this and the name of an evaluator: the rows that it has scored."""
MENU_FIELDS = ("status", "log_type", "model")
"""Filters with a menu of their own."""
MAX_PAGE_NUMBER = 100_000


@dataclass(frozen=True, slots=True)
class RowFilter:
    """One filter of the page."""

    field: str
    operator: str
    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a filter as the URL has it; a metadata key may contain any character but `|`."""
        field, operator, value, *_ = [*text.split("|", 2), "", ""]
        return cls(field, operator, value)

    def __str__(self) -> str:
        return f"{self.field}|{self.operator}|{self.value}"

    @property
    def condition(self) -> SqlCondition:
        """The filter in SQL."""
        value: object = self.value
        if self.operator == "in":
            value = [part.strip() for part in self.value.split(",")]
        if self.operator == "isnull":
            value = self.value != "false"
        return parse_filters(
            {self.field: {"operator": self.operator, "value": value}}, find_log_field
        )


@dataclass(frozen=True, slots=True)
class View:
    """Which rows are shown, and in which order."""

    search: str = ""
    row_filters: tuple[RowFilter, ...] = ()
    sort: str = NEWEST_FIRST
    page: int = 1
    api_filters: str = ""
    """Filters in the API's JSON, as links of the API carry them."""
    rows: str = ""
    """`roots`, `all`, or empty for the default: roots, but all rows where filters are set."""

    @property
    def is_filtered(self) -> bool:
        """Whether a search or a filter is set, or rows without a score are left out."""
        return bool(self.search or self.row_filters or self.api_filters or self.sorted_by_evaluator)

    @property
    def sorted_by_evaluator(self) -> str | None:
        """The evaluator by whose scores the rows are sorted."""
        name = self.sort.removeprefix("-")
        return name.removeprefix(SCORE_SORT) if name.startswith(SCORE_SORT) else None

    @property
    def direction(self) -> str:
        """The direction of the order in SQL."""
        return "DESC" if self.sort.startswith("-") else "ASC"

    @property
    def is_live(self) -> bool:
        """Whether new rows appear on top."""
        return self.sort == NEWEST_FIRST and self.page == 1

    @property
    def roots_only(self) -> bool:
        """Whether rows are hidden whose trace's root is in the dataset."""
        return self.rows == "roots" or (not self.rows and not self.is_filtered)

    @property
    def order(self) -> str:
        """The order in SQL, where it is not by scores; the names come from SORTS."""
        column, direction = SORTS[self.sort.removeprefix("-")], self.direction
        return f"seq {direction}" if column == "seq" else f"{column} {direction}, seq {direction}"

    def listed_condition(self, newest: int) -> SqlCondition:
        """Build the condition of the rows that the table lists; arguments as for `condition`."""
        condition = self.condition(newest)
        return all_of([ROOTS, condition]) if self.roots_only else condition

    def condition(self, newest: int) -> SqlCondition:
        """Build the condition of the filters, and of the search back from the log `newest`."""
        conditions = [choice.condition for choice in self.row_filters]
        if self.api_filters:
            conditions.append(parse_filters(_parse_json(self.api_filters), find_log_field))
        if self.search:
            conditions.append(search_condition(self.search, newest))
        return all_of(conditions)

    def query(self, **changes: object) -> str:
        """Write the URL's query with some fields changed."""
        view = replace(self, **changes)  # type: ignore[arg-type]  # names are our fields
        pairs = [
            ("q", view.search),
            ("filters", view.api_filters),
            *(("where", str(one)) for one in view.row_filters),
            ("sort", view.sort if view.sort != NEWEST_FIRST else ""),
            ("rows", view.rows),
            ("page", str(view.page) if view.page > 1 else ""),
        ]
        return urlencode([(name, value) for name, value in pairs if value])

    @property
    def words(self) -> list[str]:
        """The words that are searched for."""
        return split_words(self.search)

    def with_filter(self, field: str, value: str) -> str:
        """Write the URL's query with one more filter."""
        added = RowFilter(field, "eq", value)
        return self.query(row_filters=tuple(dict.fromkeys((*self.row_filters, added))), page=1)

    def without(self, row_filter: RowFilter) -> str:
        """Write the URL's query without one filter."""
        kept = tuple(one for one in self.row_filters if one != row_filter)
        return self.query(row_filters=kept, page=1)


def parse_view(request: Request) -> View:
    """Read the URL's query; a field that is not valid is ignored, but never a filter."""
    found = parse_query(request.query)
    sort = _first(found, "sort") or NEWEST_FIRST
    return View(
        _first(found, "q").strip(),
        _parse_row_filters(found),
        sort if _is_sort(sort.removeprefix("-")) else NEWEST_FIRST,
        _parse_page_number(_first(found, "page")),
        _first(found, "filters"),
        rows if (rows := _first(found, "rows")) in {"roots", "all"} else "",
    )


def parse_query(query: str) -> dict[str, list[str]]:
    """Parse a URL's query.

    Raises:
        HttpError: 400, when it has too many fields.
    """
    try:
        return parse_qs(query, max_num_fields=MAX_QUERY_FIELDS)
    except ValueError as error:
        raise HttpError(400, "The query string is malformed.") from error


def _is_sort(name: str) -> bool:
    return name in SORTS or (name.startswith(SCORE_SORT) and name != SCORE_SORT)


def _parse_page_number(text: str) -> int:
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_PAGE_NUMBER))
    return max(min(int(text), MAX_PAGE_NUMBER), 1) if is_number else 1


def _parse_row_filters(found: dict[str, list[str]]) -> tuple[RowFilter, ...]:
    """Read the menus, the filters that are already set, and the one that is added."""
    quick = [RowFilter(name, "eq", value) for name in MENU_FIELDS if (value := _first(found, name))]
    earlier = [RowFilter.parse(text) for text in found.get("where", ())]
    name = _first(found, "field").strip()
    added = [RowFilter(name, _first(found, "operator"), _first(found, "value"))] if name else []
    return tuple(dict.fromkeys(quick + earlier + added))


def _first(found: dict[str, list[str]], name: str) -> str:
    return found.get(name, [""])[0]


def _parse_json(text: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise HttpError.for_field("filters", "is not JSON") from error
