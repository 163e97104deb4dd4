"""Owns chance that repeats: numbers drawn from a seed and a name, and nothing that remembers."""

from __future__ import annotations

from hashlib import blake2b

_SPAN = 1 << 64


def fraction(seed: int, *parts: object) -> float:
    """A number in [0, 1) that depends on the seed and the parts alone, on every machine."""
    name = "|".join(str(part) for part in (seed, *parts))
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big") / _SPAN
