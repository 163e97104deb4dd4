"""Owns reading the recorded refusals of each venue, kept as data beside it; sending them is left to the server."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from string import Template
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

VENUES = ("alpaca", "binance", "coinbase")
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Recorded:
    """One answer as a venue gives it; header values and body may hold `$until_ms` and `$reset_s`."""

    name: str
    """What the answer is about, such as `ip_banned`; several may share it."""
    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Without Content-Type, which is `kind`."""
    body: str = ""
    kind: str = JSON

    def filled(self, *, until_ms: int, reset_s: int) -> Recorded:
        """
        The same, with its instants in place.

        Args:
            until_ms: When a ban ends, in milliseconds since 1970.
            reset_s: When a rate limit is whole again, in seconds since 1970.
        """
        instants = {"until_ms": until_ms, "reset_s": reset_s}
        headers = {
            name: Template(value).safe_substitute(instants) for name, value in self.headers.items()
        }
        return replace(self, headers=headers, body=Template(self.body).safe_substitute(instants))


@cache
def recorded(venue: str) -> Mapping[str, tuple[Recorded, ...]]:
    """
    The recorded answers of a venue by name, in the order of its file.

    Raises:
        ValueError: No answers of this venue are kept.
    """
    if venue not in VENUES:
        raise ValueError(f"venue={venue!r}: must be one of {', '.join(VENUES)}")
    text = (files("switchgear.practice.sim") / "answers" / f"{venue}.toml").read_text(
        encoding="utf-8"
    )
    tables: dict[str, list[dict[str, Any]]] = tomllib.loads(text)
    return MappingProxyType(
        {
            name: tuple(Recorded(name=name, **each) for each in answers)
            for name, answers in tables.items()
        }
    )
