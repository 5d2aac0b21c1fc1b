"""How a value stands in a cell of a table.

Pure. Text stands as it is; anything else stands as JSON, and so does text that would be read as
JSON, so that reading a cell gives back what was written.
"""

import json
from typing import Any, Final

_OPENS_JSON: Final = ("{", "[", '"')
_OPENS_FORMULA: Final = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
"""The last four are wide ones, which some spreadsheets take for the first."""
_SKIPPED: Final = frozenset("\t\r")
"""What a spreadsheet may leave out, and take what follows for the beginning."""


def to_text(value: Any) -> str | None:
    """Write a cell; None for nothing.

    >>> text_of({"a": 1}), text_of("plain"), text_of("[1]")
    ('{"a": 1}', 'plain', '"[1]"')
    """
    if value is None:
        return None
    if isinstance(value, str) and value and not value.lstrip().startswith(_OPENS_JSON):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def to_csv_cell(value: Any) -> Any:
    """Write a cell of a file that a spreadsheet may open: what it would run stands as JSON.

    A `'` before it, as is usual, could not be told from one that was there.

    >>> cell_of("=1+1"), cell_of("1+1"), cell_of(-1)
    ('"=1+1"', '1+1', -1)
    """
    if not isinstance(value, str):
        return value
    runs = value.lstrip()[:1] in _OPENS_FORMULA or value[:1] in _SKIPPED
    return json.dumps(value, ensure_ascii=False) if runs else value


def from_text(cell: str) -> Any:
    """Read a cell back; None for an empty one.

    >>> value_of('{"a": 1}'), value_of("plain"), value_of('"[1]"'), value_of("")
    ({'a': 1}, 'plain', '[1]', None)
    """
    if not cell:
        return None
    if not cell.lstrip().startswith(_OPENS_JSON):
        return cell
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return cell
