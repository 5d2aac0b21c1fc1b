"""Cuts JSON values to a size limit, and records the paths of the parts that were cut.

Sizes are bytes of UTF-8 JSON. A container that is too large keeps its small values whole and cuts
the large ones to the same size; values in the middle are left out only if there are too many.
"""

import re
from dataclasses import dataclass, field
from typing import Final

import orjson

from respan_langchain._arguments import check_count
from respan_langchain.serialization.json_types import Json

MIN_SHARE: Final = 256
"""Bytes that each value gets at least; where they do not suffice, values are left out."""
MAX_PATH_LENGTH: Final = 120
_UNSAFE_IN_PATH: Final = re.compile(r"[^\w.\[\]:*() -]", re.ASCII)


@dataclass(frozen=True, slots=True)
class ContentLimits:
    """How many bytes of content a row may have."""

    string: int = 100_000
    """One string, at least 100."""
    field: int = 400_000
    """One field (the input, the output, the expected output, the metadata), at least 1,000."""
    row: int = 900_000
    """The row as it is sent, at least 4,000."""

    def __post_init__(self) -> None:
        check_count("string", self.string, minimum=100)
        check_count("field", self.field, minimum=1_000)
        check_count("row", self.row, minimum=4_000)


@dataclass(slots=True)
class Truncations:
    """The paths of what was cut, such as `input[3].content`."""

    free_bytes: int
    """Bytes left for the paths; after that only `and more` is added."""
    paths: list[str] = field(default_factory=list)
    has_more: bool = False

    def add(self, path: str) -> None:
        """Add a path, unless it is there already."""
        path = _UNSAFE_IN_PATH.sub("?", path[:MAX_PATH_LENGTH])
        if path in self.paths:
            return
        self.free_bytes -= len(path) + 3
        if self.free_bytes >= 0:
            self.paths.append(path)
        else:
            self.has_more = True

    def summary(self) -> list[str]:
        """Return the paths for the row's metadata."""
        return [*self.paths, "and more"] if self.has_more else self.paths


def json_size(value: Json) -> int:
    """Return the bytes of this value as JSON."""
    return len(orjson.dumps(value))


def truncate_text(text: str, max_bytes: int, already_cut: int = 0) -> str:
    """Return the first `max_bytes` of the text as UTF-8, and a note of how many bytes are gone.

    Args:
        text: The text, or its beginning.
        max_bytes: Bytes to keep.
        already_cut: Bytes that were cut off before.
    """
    kept = text[:max_bytes].encode()[:max_bytes].decode("utf-8", "ignore")
    gone = already_cut + len(text.encode()) - len(kept.encode())
    return f"{kept}…[truncated {gone} bytes]"


def fit(value: Json, max_bytes: int, path: str, truncations: Truncations) -> Json:
    """Return the value in at most `max_bytes` of JSON; adds what was cut to `truncations`."""
    if json_size(value) <= max_bytes:
        return value
    if isinstance(value, str):
        truncations.add(path)
        return _fit_text(value, max_bytes)
    if isinstance(value, list):
        return _fit_list(value, max_bytes, path, truncations)
    if isinstance(value, dict):
        return _fit_dict(value, max_bytes, path, truncations)
    return value


def equal_share(sizes: list[int], free_bytes: int) -> int:
    """Return the size to cut the large values to, so that all values fit into the free bytes.

    >>> equal_share([10, 500, 900], free_bytes=610)
    300
    """
    left = len(sizes)
    for one in sorted(sizes):
        share = free_bytes // left
        if one > share:
            return share
        free_bytes -= one
        left -= 1
    return max(sizes, default=0)


def _fit_text(text: str, max_bytes: int) -> str:
    # JSON escapes make a text up to six times as long; then it is cut again in that ratio.
    free_bytes = max(max_bytes - 40, 0)
    cut = truncate_text(text, free_bytes)
    while free_bytes and json_size(cut) > max_bytes:
        free_bytes = min(free_bytes - 1, free_bytes * max_bytes // json_size(cut))
        cut = truncate_text(text, free_bytes)
    return cut


def _fit_list(
    values: list[Json], max_bytes: int, path: str, truncations: Truncations
) -> list[Json]:
    sizes = [json_size(value) + 1 for value in values]
    free_bytes = max_bytes - 2
    share = equal_share(sizes, free_bytes)
    first = end = len(values)
    if share < MIN_SHARE:
        share = max(MIN_SHARE, free_bytes // 16)
        first, last = _count_kept_ends(sizes, free_bytes - 100, share)
        end -= last
        truncations.add(f"{path}[{first}:{end}]")
    places = (*range(first), *range(end, len(values)))
    fitted = [fit(values[at], share - 1, f"{path}[{at}]", truncations) for at in places]
    if first < end:
        fitted.insert(first, _omission_note(values[first], end - first))
    return fitted


def _count_kept_ends(sizes: list[int], free_bytes: int, share: int) -> tuple[int, int]:
    # From both ends in turn: an evaluator needs the start and the end of a conversation.
    first = last = 0
    while first + last + 1 < len(sizes):
        is_tails_turn = last == first
        free_bytes -= min(sizes[-1 - last] if is_tails_turn else sizes[first], share)
        if free_bytes < 0:
            break
        if is_tails_turn:
            last += 1
        else:
            first += 1
    return first, last


def _omission_note(left_out: Json, number: int) -> Json:
    note = f"…[truncated {number} values]"
    is_message = isinstance(left_out, dict) and "role" in left_out
    return {"role": "none", "content": note} if is_message else note


def _fit_dict(
    values: dict[str, Json], max_bytes: int, path: str, truncations: Truncations
) -> dict[str, Json]:
    sizes = [json_size(value) for value in values.values()]
    free_bytes = max_bytes - 2 - sum(json_size(name) + 2 for name in values)
    share = equal_share(sizes, free_bytes) if free_bytes > 0 else 0
    if share < MIN_SHARE:
        return _fit_dict_with_fewer_keys(values, max_bytes, path, truncations)
    return {
        name: fit(value, share, f"{path}.{name}", truncations) for name, value in values.items()
    }


def _fit_dict_with_fewer_keys(
    values: dict[str, Json], max_bytes: int, path: str, truncations: Truncations
) -> dict[str, Json]:
    share = max(MIN_SHARE, max_bytes // 16)
    kept: dict[str, Json] = {}
    free_bytes = max_bytes - 60
    for name, value in values.items():
        cut = fit(value, share, f"{path}.{name}", truncations)
        free_bytes -= json_size(name) + json_size(cut) + 2
        if free_bytes < 0:
            break
        kept[name] = cut
    truncations.add(f"{path}.*")
    kept["…"] = f"[truncated {len(values) - len(kept)} values]"
    return kept
