"""How a value is written into a cell of a table, and read back.

Pure. Text is written as it is; any other value is written as JSON, and so is text that looks like
JSON, so that reading a cell returns what was written.
"""

import json
from typing import Any, Final

_JSON_PREFIXES: Final = ("{", "[", '"')
_FORMULA_PREFIXES: Final = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
"""The last four are full-width forms, which some spreadsheets treat as the others."""
_IGNORED_PREFIXES: Final = frozenset("\t\r")
"""Characters that a spreadsheet may skip before a formula."""


def to_text(value: Any) -> str | None:
    """Return the text of a cell; None for None.

    >>> to_text({"a": 1}), to_text("plain"), to_text("[1]")
    ('{"a": 1}', 'plain', '"[1]"')
    """
    if value is None:
        return None
    if isinstance(value, str) and value and not value.lstrip().startswith(_JSON_PREFIXES):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def to_csv_cell(value: Any) -> Any:
    """Return the cell of a file that a spreadsheet may open: a formula is written as JSON text.

    The usual `'` before a formula could not be told from one that is part of the text.

    >>> to_csv_cell("=1+1"), to_csv_cell("1+1"), to_csv_cell(-1)
    ('"=1+1"', '1+1', -1)
    """
    if not isinstance(value, str):
        return value
    is_formula = value.lstrip()[:1] in _FORMULA_PREFIXES or value[:1] in _IGNORED_PREFIXES
    return json.dumps(value, ensure_ascii=False) if is_formula else value


def from_text(cell: str) -> Any:
    """Return the value of a cell; None for an empty one.

    >>> from_text('{"a": 1}'), from_text("plain"), from_text('"[1]"'), from_text("")
    ({'a': 1}, 'plain', '[1]', None)
    """
    if not cell:
        return None
    if not cell.lstrip().startswith(_JSON_PREFIXES):
        return cell
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return cell
