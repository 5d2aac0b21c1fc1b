"""Replaces images, audio and files by a description: type, MIME type, size and SHA-256.

A row says which image was sent without carrying its megabytes. Large data is decoded and hashed
in slices, so that the interpreter's lock is never held for long.
"""

import re
from binascii import Error as NotBase64
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from respan_langchain.serialization.json_types import Json

SLICE_SIZE: Final = 1 << 18
"""Bytes handled at a time; a multiple of 4, as base64 needs."""
MIN_DATA_URL: Final = 40
MIN_BARE_BASE64: Final = 1_024
"""Characters; shorter bare base64 may be a token or a hash and is kept."""
MAX_CACHED_DESCRIPTIONS: Final = 256

_HEAD = r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w.+=-]+)*);base64,"
_DATA_URL = re.compile(_HEAD + r"[A-Za-z0-9+/_=%-]*")
_ONE_DATA_URL = re.compile(_HEAD + r"[A-Za-z0-9+/_=%\r\n-]*\Z")
_BASE64 = re.compile(r"[A-Za-z0-9+/_\r\n-]+={0,2}\s*")
_STANDARD = bytes.maketrans(b"-_", b"+/")
_MAGIC: Final = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
)
_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}

# The same picture occurs in several rows. The key is its length and hash, so no picture is kept.
_seen: dict[tuple[int, int, str | None], dict[str, Json]] = {}


def describe_bytes(data: bytes, mime: str | None = None) -> dict[str, Json]:
    """Describe raw data by type, size and digest."""
    return _describe(mime or _sniff_mime_type(data[:16]), len(data), sha256(data).hexdigest())


def describe_base64(text: str, mime: str | None = None) -> dict[str, Json]:
    """Describe the data that base64 or a data URL decodes to.

    Invalid base64 is described as text.
    """
    key = (len(text), hash(text), mime)
    description = _seen.get(key)
    if description is None:
        description = _decode_and_describe(text, mime)
        if len(_seen) >= MAX_CACHED_DESCRIPTIONS:
            _seen.clear()
        _seen[key] = description
    return dict(description)


def encode_bytes(data: bytes) -> dict[str, Json]:
    """Return raw data as base64 with its MIME type, for `keep_media`."""
    return {
        "type": "bytes",
        "mime_type": _sniff_mime_type(data[:16]),
        "base64": b2a_base64(data, newline=False).decode("ascii"),
    }


def replace_media(text: str) -> Json:
    """Replace media in a string: all of it by a description, a data URL inside text by a note."""
    # Searching for one character is ten times as fast as searching for a word.
    if ";" in text and ";base64," in text:
        if text.startswith("data:") and _ONE_DATA_URL.match(text):
            return describe_base64(text)
        return _DATA_URL.sub(_describe_inline, text)
    if len(text) >= MIN_BARE_BASE64 and _is_base64(text):
        return describe_base64(text)
    return text


def is_data_url(value: object) -> bool:
    """Whether this is a data URL in base64."""
    return isinstance(value, str) and value[:5] == "data:" and ";base64," in value[:200]


def _is_base64(text: str) -> bool:
    # Prose has spaces; repeated letters and hex digits use few different characters.
    start = text[:200]
    if " " in start or not _BASE64.fullmatch(start.rstrip("=")) or len(set(start)) < 20:
        return False
    return _BASE64.fullmatch(text) is not None


def _describe_inline(found: re.Match[str]) -> str:
    if len(found[0]) < MIN_DATA_URL:
        return found[0]
    data = describe_base64(found[0])
    return f"[{data['mime_type']}, {data['bytes']} bytes, sha256 {data['sha256']}]"


def _decode_and_describe(text: str, mime: str | None) -> dict[str, Json]:
    if text[:5] == "data:":
        head, _, text = text.partition(",")
        mime = head[5:].partition(";")[0] or mime
    digest, size, start = sha256(), 0, b""
    try:
        for data in _decode_slices(text):
            digest.update(data)
            size += len(data)
            start = start or data[:16]
    except NotBase64:
        return describe_bytes(text.encode("utf-8", "replace"), mime or "application/octet-stream")
    return _describe(mime or _sniff_mime_type(start), size, digest.hexdigest())


def _decode_slices(text: str) -> Iterator[bytes]:
    encoded = text.encode("ascii", "ignore").translate(_STANDARD, b" \t\r\n=")
    if len(encoded) % 4 == 1:
        raise NotBase64
    for at in range(0, len(encoded), SLICE_SIZE):
        chunk = encoded[at : at + SLICE_SIZE]
        yield a2b_base64(chunk + b"=" * (-len(chunk) % 4))


def _describe(mime: str, size: int, digest: str) -> dict[str, Json]:
    family = mime.partition("/")[0]
    kind = family if family in {"image", "audio", "video"} else "file"
    return {"type": kind, "mime_type": mime, "bytes": size, "sha256": digest}


def _sniff_mime_type(start: bytes) -> str:
    for magic, mime in _MAGIC:
        if start.startswith(magic):
            return mime
    if start[:4] == b"RIFF":
        return _RIFF.get(start[8:12], "application/octet-stream")
    if start[4:8] == b"ftyp":
        return "video/mp4"
    return "application/octet-stream"
