"""The last pass: a row becomes bytes, cleaned, redacted, within its limits, as strict JSON.

One walk and one `orjson.dumps` per row. A large string, which often stands in several rows, is
treated once and its JSON reused; a row with nothing to treat is encoded as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from respan_langchain.redaction.prescan import IDS, Prescan
from respan_langchain.redaction.row_redactor import RowRedactor
from respan_langchain.redaction.secrets import Redactor
from respan_langchain.redaction.strings import StringRedactor, trim_buffer
from respan_langchain.serialization.json_value import json_value
from respan_langchain.serialization.truncation import ContentLimits, Truncations, equal_share, fit

_STRICT: Final = (
    orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
_FOR_PATHS: Final = 4_000
"""Bytes of the row kept free for the list of what was cut, or an eighth of it if that is less."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A row as it is sent."""

    body: bytes
    """Strict JSON, UTF-8."""
    truncated: list[str] = field(default_factory=list)
    """The paths of what was cut, as in the row's `metadata.truncated`."""


class Finisher:
    """Makes bytes of rows; remembers large strings from one row to the next."""

    def __init__(
        self,
        redactors: Sequence[Redactor] = (),
        limits: ContentLimits | None = None,
        *,
        secrets: bool = True,
    ) -> None:
        self._limits = limits or ContentLimits()
        self._redactors = tuple(redactors)
        self._texts = StringRedactor(self._redactors, self._limits.string, secrets=secrets)
        self._survey = Prescan(look_for_secrets=secrets)
        self._for_paths = min(_FOR_PATHS, self._limits.row // 8)

    def finish(self, row: Mapping[str, Any]) -> Finished:
        """Make bytes of one row, which stays as it is.

        Args:
            row: `input`, `output`, `expected_output` and `metadata` as JSON values, and
                `metrics`. Neither the
                metrics nor the machine's ids in the metadata are ever cut or redacted.
        """
        body = self._as_it_is(row)
        return Finished(body) if body is not None else self._carefully(row)

    def body(self, row: Mapping[str, Any]) -> bytes:
        """The bytes of one row, as `finish` makes them."""
        return self._as_it_is(row) or self._carefully(row).body

    def _as_it_is(self, row: Mapping[str, Any]) -> bytes | None:
        if self._redactors or self._survey.needs_redaction(row):
            return None
        try:
            body = orjson.dumps(row, option=_STRICT)
        except TypeError:  # a lone surrogate, or an int over 64 bits
            return None
        return trim_buffer(body) if len(body) <= self._limits.string else None

    def _carefully(self, row: Mapping[str, Any]) -> Finished:
        cuts = Truncations(self._for_paths - 60)
        rewrite = RowRedactor(self._texts, cuts)
        try:
            fields = {name: _field(name, value, rewrite) for name, value in row.items()}
        except RecursionError:  # never shaped, or it would not be as deep
            return self._carefully({name: json_value(value) for name, value in row.items()})
        encoded = {name: orjson.dumps(value) for name, value in fields.items()}
        for name, body in encoded.items():
            if len(body) > self._limits.field and name != "metrics":
                encoded[name] = _within(name, body, self._limits.field, cuts)
        self._fit_row(encoded, cuts)
        if cuts.summary():
            metadata = orjson.loads(encoded.get("metadata", b"{}"))
            encoded["metadata"] = orjson.dumps({**metadata, "truncated": cuts.summary()})
        fragments = {name: orjson.Fragment(body) for name, body in encoded.items()}
        return Finished(trim_buffer(orjson.dumps(fragments)), cuts.summary())

    def _fit_row(self, encoded: dict[str, bytes], cuts: Truncations) -> None:
        frame = sum(len(name) + 4 for name in encoded) + len(encoded.get("metrics", b""))
        room = self._limits.row - frame - self._for_paths
        content = {name: body for name, body in encoded.items() if name != "metrics"}
        share = equal_share([len(body) for body in content.values()], room)
        for name, body in content.items():
            if len(body) > share:
                encoded[name] = _within(name, body, share, cuts)


def _field(name: str, value: Any, rewrite: RowRedactor) -> Any:
    if name == "metrics":
        return json_value(value)
    if name == "metadata" and isinstance(value, dict):
        return rewrite.redact_metadata(value)
    return rewrite.redact_field(name, value)


def _within(name: str, body: bytes, most: int, cuts: Truncations) -> bytes:
    value = orjson.loads(body)
    if name != "metadata" or not isinstance(value, dict):
        return orjson.dumps(fit(value, most, name, cuts))
    ids = {key: inner for key, inner in value.items() if key in IDS}
    rest = {key: inner for key, inner in value.items() if key not in IDS}
    left = fit(rest, most - len(orjson.dumps(ids)), name, cuts)
    return orjson.dumps({**ids, **left}) if isinstance(left, dict) else body
