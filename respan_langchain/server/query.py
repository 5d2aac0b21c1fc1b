"""What a person chose to see of a dataset: search, filters, order, page; to and from a URL."""

from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlencode

import orjson

from respan_langchain.embedded.http import RefusedError, Request
from respan_langchain.embedded.store.fields import Condition, log_field
from respan_langchain.embedded.store.filters import all_of, condition_from, contains_in_any_case

SEARCHED = 50_000
"""The newest logs that a search looks through."""
NEWEST = "-created_at"
SORTS = {
    "created_at": "seq", "name": "span_name", "model": "model", "tokens": "total_tokens",
    "cost": "cost", "latency": "latency", "status": "status",
}  # fmt: skip
"""What the table can be sorted by, and the columns."""
QUICK = ("status", "log_type", "model")
"""Filters with a menu of their own."""
MOST_PAGES = 100_000


@dataclass(frozen=True, slots=True)
class Choice:
    """One filter as a person wrote it."""

    field: str
    operator: str
    value: str

    @property
    def condition(self) -> Condition:
        """The filter in SQL."""
        value: object = self.value
        if self.operator == "in":
            value = [part.strip() for part in self.value.split(",")]
        if self.operator == "isnull":
            value = self.value != "false"
        return condition_from({self.field: {"operator": self.operator, "value": value}}, log_field)


@dataclass(frozen=True, slots=True)
class View:
    """What is chosen."""

    search: str = ""
    choices: tuple[Choice, ...] = ()
    sort: str = NEWEST
    page: int = 1
    filters: str = ""
    """Filters as the API has them, in JSON; a link from there may carry them."""

    @property
    def is_narrowed(self) -> bool:
        """Whether less than everything is shown."""
        return bool(self.search or self.choices or self.filters)

    @property
    def is_live(self) -> bool:
        """Whether new rows belong on top."""
        return self.sort == NEWEST and self.page == 1

    @property
    def order(self) -> str:
        """The order in SQL; the names come from SORTS."""
        direction = "DESC" if self.sort.startswith("-") else "ASC"
        column = SORTS[self.sort.removeprefix("-")]
        return f"seq {direction}" if column == "seq" else f"{column} {direction}, seq {direction}"

    def condition(self, newest: int) -> Condition:
        """Say in SQL what is shown.

        Args:
            newest: The number of the newest log, from which a search looks back.
        """
        conditions = [choice.condition for choice in self.choices]
        if self.filters:
            conditions.append(condition_from(_loaded(self.filters), log_field))
        if self.search:
            conditions.append(_says(self.search, newest))
        return all_of(conditions)

    def query(self, **changes: object) -> str:
        """Write the URL's query, with changes."""
        return _query(replace(self, **changes))  # type: ignore[arg-type]  # names are our fields

    def without(self, choice: Choice) -> str:
        """Write the query with one filter less."""
        return self.query(choices=tuple(one for one in self.choices if one != choice), page=1)


def view_from(request: Request) -> View:
    """Read the URL's query; what makes no sense there is left out, but filters never are."""
    found = parse_qs(request.query, max_num_fields=200)
    sort = _first(found, "sort") or NEWEST
    page = _first(found, "page")
    return View(
        _first(found, "q").strip(),
        _choices(found),
        sort if sort.removeprefix("-") in SORTS else NEWEST,
        min(int(page), MOST_PAGES) if page.isascii() and page.isdecimal() and int(page) else 1,
        _first(found, "filters"),
    )


def _choices(found: dict[str, list[str]]) -> tuple[Choice, ...]:
    """Read the quick filters, those of earlier pages, and the one that was just written."""
    quick = [Choice(name, "eq", value) for name in QUICK if (value := _first(found, name))]
    earlier = [Choice(*parts) for text in found.get("where", ()) if (parts := _parts(text))]
    name = _first(found, "field").strip()
    added = [Choice(name, _first(found, "operator"), _first(found, "value"))] if name else []
    return tuple(dict.fromkeys(quick + earlier + added))


def _parts(text: str) -> list[str]:
    # A metadata key may hold anything, a colon too; an operator does not.
    field, _, rest = text.partition("|")
    operator, _, value = rest.partition("|")
    return [field, operator, value]


def _query(view: View) -> str:
    pairs = [("q", view.search), ("filters", view.filters)]
    pairs += [("where", f"{one.field}|{one.operator}|{one.value}") for one in view.choices]
    pairs += [("sort", view.sort if view.sort != NEWEST else "")]
    pairs += [("page", str(view.page) if view.page > 1 else "")]
    return urlencode([(name, value) for name, value in pairs if value])


def _first(found: dict[str, list[str]], name: str) -> str:
    return found.get(name, [""])[0]


def _loaded(text: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise RefusedError.of_field("filters", "is not JSON") from error


def _says(search: str, newest: int) -> Condition:
    # The contents are JSON text, so that is how the needle must be written.
    needle = orjson.dumps(search).decode()[1:-1]
    texts = [f"ifnull(contents.{name}, '')" for name in ("input", "output", "expected_output")]
    everything = Condition(" || ' ' || ".join(texts))
    recent = Condition("seq > ?", (newest - SEARCHED,))
    return all_of([recent, contains_in_any_case(everything, needle)])
