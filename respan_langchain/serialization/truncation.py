"""How much of a row's content is kept, and how what is too large is cut to fit.

Sizes are bytes of UTF-8 JSON. What is too large shares its room out: small values stay whole,
large ones are cut to the same size, and only where there are too many do those in the middle go.
"""

import re
from dataclasses import dataclass, field
from typing import Final

import orjson

from respan_langchain.errors import ConfigurationError
from respan_langchain.serialization.json_types import Json

MIN_SHARE: Final = 256
"""Bytes that a value gets at least; where there is no room for that, values are left out whole."""
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
        if self.string < 100 or self.field < 1_000 or self.row < 4_000:
            raise ConfigurationError(f"content limits must be at least 100, 1000 and 4000: {self}")


@dataclass(slots=True)
class Truncations:
    """Where something was cut, as paths such as `input[3].content`."""

    free_bytes: int
    """Bytes left for the paths; past that only that there are more is told."""
    paths: list[str] = field(default_factory=list)
    has_more: bool = False

    def add(self, path: str) -> None:
        """Remember one place, once."""
        path = _UNSAFE_IN_PATH.sub("?", path[:MAX_PATH_LENGTH])
        if path in self.paths:
            return
        self.free_bytes -= len(path) + 3
        if self.free_bytes >= 0:
            self.paths.append(path)
        else:
            self.has_more = True

    def summary(self) -> list[str]:
        """The paths for the row's metadata."""
        return [*self.paths, "and more"] if self.has_more else self.paths


def json_size(value: Json) -> int:
    """Bytes of this value as JSON."""
    return len(orjson.dumps(value))


def truncate_text(text: str, most: int, unseen: int = 0) -> str:
    """The text's beginning in at most so many bytes of UTF-8, and a note of how much is gone.

    Args:
        text: What there is of it.
        most: Bytes to keep.
        unseen: Bytes that were gone before.
    """
    kept = text[:most].encode()[:most].decode("utf-8", "ignore")
    gone = unseen + len(text.encode()) - len(kept.encode())
    return f"{kept}…[truncated {gone} bytes]"


def fit(value: Json, most: int, path: str, cuts: Truncations) -> Json:
    """The value in at most so many bytes of JSON; what was cut is told to `cuts`."""
    if json_size(value) <= most:
        return value
    if isinstance(value, str):
        cuts.add(path)
        return _fit_text(value, most)
    if isinstance(value, list):
        return _fit_list(value, most, path, cuts)
    if isinstance(value, dict):
        return _fit_dict(value, most, path, cuts)
    return value


def equal_share(sizes: list[int], room: int) -> int:
    """The size to cut to so that all fit into the room: water poured over the large ones only.

    >>> level([10, 500, 900], room=610)
    300
    """
    left = len(sizes)
    for one in sorted(sizes):
        share = room // left
        if one > share:
            return share
        room -= one
        left -= 1
    return max(sizes, default=0)


def _fit_text(text: str, most: int) -> str:
    # What is escaped grows as JSON, up to six times; then the text is cut again by as much.
    room = max(most - 40, 0)
    cut = truncate_text(text, room)
    while room and json_size(cut) > most:
        room = min(room - 1, room * most // json_size(cut))
        cut = truncate_text(text, room)
    return cut


def _fit_list(values: list[Json], most: int, path: str, cuts: Truncations) -> list[Json]:
    sizes = [json_size(value) + 1 for value in values]
    room = most - 2
    share = equal_share(sizes, room)
    if share < MIN_SHARE:
        return _fit_list_without_middle(values, sizes, room, path, cuts)
    return [fit(value, share - 1, f"{path}[{place}]", cuts) for place, value in enumerate(values)]


def _fit_list_without_middle(
    values: list[Json], sizes: list[int], room: int, path: str, cuts: Truncations
) -> list[Json]:
    first, last = _count_kept_ends(sizes, room - 100, share := max(MIN_SHARE, room // 16))
    end = len(values) - last
    cuts.add(f"{path}[{first}:{end}]")
    head = [fit(values[at], share - 1, f"{path}[{at}]", cuts) for at in range(first)]
    tail = [fit(values[at], share - 1, f"{path}[{at}]", cuts) for at in range(end, len(values))]
    return [*head, _omission_note(values[first], end - first), *tail]


def _count_kept_ends(sizes: list[int], room: int, share: int) -> tuple[int, int]:
    # Taken from both ends in turn: how a conversation starts and how it ends both matter.
    first = last = 0
    while first + last + 1 < len(sizes):
        is_tails_turn = last == first
        room -= min(sizes[-1 - last] if is_tails_turn else sizes[first], share)
        if room < 0:
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


def _fit_dict(values: dict[str, Json], most: int, path: str, cuts: Truncations) -> dict[str, Json]:
    names = {name: json_size(name) + 2 for name in values}
    sizes = [json_size(value) for value in values.values()]
    room = most - 2 - sum(names.values())
    share = equal_share(sizes, room) if room > 0 else 0
    if share < MIN_SHARE:
        return _fit_dict_with_fewer_keys(values, most, path, cuts)
    return {name: fit(value, share, f"{path}.{name}", cuts) for name, value in values.items()}


def _fit_dict_with_fewer_keys(
    values: dict[str, Json], most: int, path: str, cuts: Truncations
) -> dict[str, Json]:
    share = max(MIN_SHARE, most // 16)
    kept: dict[str, Json] = {}
    room = most - 60
    for name, value in values.items():
        cut = fit(value, share, f"{path}.{name}", cuts)
        room -= json_size(name) + json_size(cut) + 2
        if room < 0:
            break
        kept[name] = cut
    cuts.add(f"{path}.*")
    kept["…"] = f"[truncated {len(values) - len(kept)} values]"
    return kept
