"""Deterministic sampling: the same conversations are kept in every process and after a restart."""

from hashlib import blake2b


def sample_position(conversation: str) -> float:
    """Return a number in [0, 1) for a conversation; it is kept at every rate above that."""
    digest = blake2b(conversation.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
