"""Owns identifiers that repeat: drawn from the seed and a name, the same in every run of that seed."""

from __future__ import annotations

from hashlib import blake2b
from uuid import UUID


def drawn_bytes(seed: int, size: int, *parts: object) -> bytes:
    """So many bytes, at most 64, that depend on the seed and the parts alone."""
    name = "|".join(str(part) for part in (seed, "coinbase", *parts))
    return blake2b(name.encode(), digest_size=size).digest()


def drawn_uuid(seed: int, *parts: object) -> str:
    """A version 4 UUID that depends on the seed and the parts alone."""
    return str(UUID(bytes=drawn_bytes(seed, 16, *parts), version=4))
