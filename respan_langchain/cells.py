"""How a value stands in a cell of a table.

Pure. Text stands as it is; anything else stands as JSON, and so does text that would be read as
JSON, so that reading a cell gives back what was written.
"""

import json
from typing import Any, Final

_OPENS_JSON: Final = ("{", "[", '"')


def text_of(value: Any) -> str | None:
    """Write a cell; None for nothing.

    >>> text_of({"a": 1}), text_of("plain"), text_of("[1]")
    ('{"a": 1}', 'plain', '"[1]"')
    """
    if value is None:
        return None
    if isinstance(value, str) and value and not value.lstrip().startswith(_OPENS_JSON):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def value_of(cell: str) -> Any:
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
