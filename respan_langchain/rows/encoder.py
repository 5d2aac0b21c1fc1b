"""Encodes a row as strict JSON: redacted, and within its size limits.

One walk and one `orjson.dumps` per row. A large string, which often occurs in several rows, is
rewritten once and its JSON reused; a row that needs no rewriting is encoded unchanged.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from respan_langchain.redaction.personal_search import PersonalDataSearch
from respan_langchain.redaction.prescan import IDS, ClearedTexts, Prescan
from respan_langchain.redaction.row_redactor import RowRedactor
from respan_langchain.redaction.string_redactor import Redactor, StringRedactor, trim_buffer
from respan_langchain.rows.schema import not_replayable
from respan_langchain.serialization.json_value import json_value
from respan_langchain.serialization.truncation import ContentLimits, Truncations, equal_share, fit

_STRICT: Final = (
    orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
_TRUNCATED_LIST_BYTES: Final = 4_000
"""Bytes reserved for `truncated` and `replayable`, or an eighth of the row if that is less."""


class RowEncoder:
    """Encodes rows; caches large rewritten strings from one row to the next."""

    def __init__(
        self,
        redactors: Sequence[Redactor] = (),
        limits: ContentLimits | None = None,
        *,
        secrets: bool = True,
        personal: PersonalDataSearch | None = None,
    ) -> None:
        self._limits = limits or ContentLimits()
        self._redactors = tuple(redactors)
        search = personal or PersonalDataSearch()
        cleared = ClearedTexts()
        self._strings = StringRedactor(
            self._redactors, self._limits.string, secrets=secrets, personal=search, cleared=cleared
        )
        self._prescan = Prescan(look_for_secrets=secrets, personal=search, cleared=cleared)
        self._reserved = min(_TRUNCATED_LIST_BYTES, self._limits.row // 8)

    def encode(self, row: Mapping[str, Any]) -> bytes:
        """Return one row as strict JSON in UTF-8; the row itself is not changed.

        Args:
            row: `input`, `output`, `expected_output` and `metadata` as JSON values, and
                `metrics`. The metrics and the generated ids in the metadata are never cut or
                redacted. The paths of what was cut are listed in `metadata.truncated`.
        """
        return self._encode_unchanged(row) or self._encode_rewritten(row)

    def _encode_unchanged(self, row: Mapping[str, Any]) -> bytes | None:
        if self._redactors or self._prescan.needs_redaction(row):
            return None
        try:
            body = orjson.dumps(row, option=_STRICT)
        except TypeError:  # a lone surrogate, or an int over 64 bits
            return None
        return trim_buffer(body) if len(body) <= self._limits.string else None

    def _encode_rewritten(self, row: Mapping[str, Any]) -> bytes:
        truncations = Truncations(self._reserved - 130)
        redactor = RowRedactor(self._strings, truncations)
        try:
            fields = {name: _field(name, value, redactor) for name, value in row.items()}
        except RecursionError:  # not made by json_value, which limits the depth
            return self._encode_rewritten({name: json_value(value) for name, value in row.items()})
        whole = {name: orjson.dumps(value) for name, value in fields.items()}
        encoded = dict(whole)
        for name, body in encoded.items():
            if len(body) > self._limits.field and name != "metrics":
                encoded[name] = _cut_to(name, body, self._limits.field, truncations)
        self._fit_row(encoded, truncations)
        truncated = truncations.summary()
        marks: dict[str, Any] = {"truncated": truncated} if truncated else {}
        is_input_whole = encoded.get("input") is whole.get("input")
        if not (is_input_whole and _is_json_of(whole.get("input"), row.get("input"))):
            marks |= not_replayable(_input_change(truncated))
        if marks:
            metadata = orjson.loads(encoded.get("metadata", b"{}"))
            encoded["metadata"] = orjson.dumps({**metadata, **marks})
        fragments = {name: orjson.Fragment(body) for name, body in encoded.items()}
        return trim_buffer(orjson.dumps(fragments))

    def _fit_row(self, encoded: dict[str, bytes], truncations: Truncations) -> None:
        frame = sum(len(name) + 4 for name in encoded) + len(encoded.get("metrics", b""))
        available = self._limits.row - frame - self._reserved
        content = {name: body for name, body in encoded.items() if name != "metrics"}
        share = equal_share([len(body) for body in content.values()], available)
        for name, body in content.items():
            if len(body) > share:
                encoded[name] = _cut_to(name, body, share, truncations)


def _input_change(truncated: Sequence[str]) -> str:
    was_cut = any(path.startswith(("input", "and more")) for path in truncated)
    return "input was truncated" if was_cut else "input was redacted"


def _is_json_of(body: bytes | None, value: Any) -> bool:
    """Whether a value was encoded as it is; true without any.

    The comparison reads no more than the body has. A value that refers to another many times may be
    far larger as JSON.
    """
    return body is None or bool(orjson.loads(body) == value)


def _field(name: str, value: Any, redactor: RowRedactor) -> Any:
    if name == "metrics":
        return json_value(value)
    if name == "metadata" and isinstance(value, dict):
        return redactor.redact_metadata(value)
    return redactor.redact_field(name, value)


def _cut_to(name: str, body: bytes, max_bytes: int, truncations: Truncations) -> bytes:
    value = orjson.loads(body)
    if name != "metadata" or not isinstance(value, dict):
        return orjson.dumps(fit(value, max_bytes, name, truncations))
    ids = {key: inner for key, inner in value.items() if key in IDS}
    rest = {key: inner for key, inner in value.items() if key not in IDS}
    left = fit(rest, max_bytes - len(orjson.dumps(ids)), name, truncations)
    return orjson.dumps({**ids, **left}) if isinstance(left, dict) else body
