"""Pages of a list: which one a request asks for, its order, and the JSON around the results."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from respan_langchain._constants import MAX_PAGE_SIZE
from respan_langchain.embedded.http import HttpError, Request, Response, json_response

MAX_PAGE_NUMBER = 10**9
DEFAULT_PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One page of a list."""

    number: int
    """From 1."""
    size: int

    @property
    def offset(self) -> int:
        """How many results come before it."""
        return (self.number - 1) * self.size


def parse_page(parameters: Mapping[str, str]) -> PageRequest:
    """Read `page` and `page_size`; a size above the maximum becomes the maximum."""
    number = _parse_number("page", parameters.get("page", "1"))
    size = _parse_number("page_size", parameters.get("page_size", str(DEFAULT_PAGE_SIZE)))
    return PageRequest(number, min(size, MAX_PAGE_SIZE))


def _parse_number(name: str, text: str) -> int:
    # isdecimal accepts the digits of other scripts too, and int reads them all.
    number = int(text) if text.isdecimal() and len(text) <= len(str(MAX_PAGE_NUMBER)) else 0
    if not 1 <= number <= MAX_PAGE_NUMBER:
        raise HttpError.for_field(name, f"must be a whole number from 1 to {MAX_PAGE_NUMBER}")
    return number


def parse_order(
    parameters: Mapping[str, str],
    sortable: Collection[str],
    column_names: Mapping[str, str],
) -> str:
    """Read `sort_by` as SQL: a sortable column and a direction, by default the newest first."""
    sort_by = parameters.get("sort_by", "") or "-created_at"
    name = sort_by.removeprefix("-")
    column = column_names.get(name, name)
    if column not in sortable:
        raise HttpError.for_field("sort_by", f"cannot sort by {name!r}")
    direction = "DESC" if sort_by.startswith("-") else "ASC"
    return f"seq {direction}" if column == "seq" else f"{column} {direction}, seq {direction}"


def page_response(
    request: Request, page: PageRequest, count: int, results: list[dict[str, Any]]
) -> Response:
    """Build the response of one page."""
    envelope = {
        "count": count,
        "next": _link(request, page.number + 1) if page.offset + page.size < count else None,
        "previous": _link(request, page.number - 1) if page.number > 1 else None,
        "results": results,
    }
    return json_response(200, envelope)


def _link(request: Request, number: int) -> str:
    query = urlencode({**request.parameters, "page": number})
    return f"{request.origin}{request.path}?{query}"
