"""Owns how a path finds its endpoint; which endpoints there are is told by endpoints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchgear.practice.sim.coinbase.keys import Scope

_T = TypeVar("_T")
_HOLE = "{}"


@dataclass(frozen=True, slots=True)
class Route(Generic[_T]):
    """An endpoint; {} stands for the one part of the path that names something."""

    method: str
    path: str
    name: str
    """What faults and counts call it."""
    run: _T
    scope: Scope | None = None
    """What a key must be allowed to do; None where no key is asked for."""


class Routes(Generic[_T]):
    """All endpoints, to be found by method and path; of two that fit, one without a hole is meant."""

    def __init__(self, routes: Iterable[Route[_T]]) -> None:
        self._plain: dict[tuple[str, str], Route[_T]] = {}
        self._holed: list[tuple[list[str], Route[_T]]] = []
        self.names: set[str] = set()
        """What faults and counts call them."""
        for route in routes:
            self.names.add(route.name)
            if _HOLE in route.path:
                self._holed.append((route.path.split("/"), route))
            else:
                self._plain[route.method, route.path] = route

    def find(self, method: str, path: str) -> tuple[Route[_T], str] | None:
        """The endpoint that is meant, and what fills its hole; None when there is none."""
        plain = self._plain.get((method, path))
        if plain is not None:
            return plain, ""
        parts = path.split("/")
        for pattern, route in self._holed:
            if route.method == method and _fits(pattern, parts):
                return route, unquote(parts[pattern.index(_HOLE)])
        return None


def _fits(pattern: list[str], parts: list[str]) -> bool:
    if len(pattern) != len(parts):
        return False
    pairs = zip(pattern, parts, strict=True)
    return all(part if wanted == _HOLE else wanted == part for wanted, part in pairs)
