"""How a body is stored in a stream entry: as it is, or compressed with zstd. Pure."""

from hashlib import blake2b
from typing import Final

import zstandard

PLAIN: Final = b"json"
COMPRESSED: Final = b"zstd"
COMPRESS_FROM: Final = 16_384
"""Bytes; smaller bodies gain little."""
MAX_BODY: Final = 64 * 1024 * 1024
"""Bytes that a body may have once it is decompressed."""


class DamagedBodyError(Exception):
    """An entry that no producer of ours has written."""


def digest_body(body: bytes) -> bytes:
    """Return what a row is recognized by: an app may give several rows the same id."""
    return blake2b(body, digest_size=16).digest()


def encode_body(body: bytes) -> tuple[bytes, bytes]:
    """Return the encoding and the encoded body."""
    if len(body) < COMPRESS_FROM:
        return PLAIN, body
    return COMPRESSED, zstandard.ZstdCompressor(level=1).compress(body)


def decode_body(encoding: bytes, encoded: bytes) -> bytes:
    """Undo `encode_body`.

    Raises:
        DamagedBodyError: It cannot be undone.
    """
    if encoding == PLAIN:
        return encoded
    if encoding != COMPRESSED:
        raise DamagedBodyError
    try:
        if not 0 <= zstandard.frame_content_size(encoded) <= MAX_BODY:
            raise DamagedBodyError
        return zstandard.ZstdDecompressor().decompress(encoded)
    except zstandard.ZstdError:
        raise DamagedBodyError from None
