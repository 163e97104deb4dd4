"""Owns who asks: a name and a role, carried with each request; how they are known is left to gates."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any

_KEY = "switchgear.who"


class Role(StrEnum):
    """What somebody may do."""

    VIEWER = "viewer"
    """Look."""
    OPERATOR = "operator"
    """Look and act: clear, halt, abandon, and whatever else changes something."""


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who may ask."""

    name: str
    role: Role
    is_named: bool = True
    """The name tells one person or program from another; False where whoever comes has the same one."""
    session: str = ""
    """Which session of a browser it is; empty without one."""


LOCAL = Who("local", Role.OPERATOR, is_named=False)
"""Whoever is on this machine, where nobody has to sign in."""
EXTERNAL = Who("external", Role.OPERATOR, is_named=False)
"""Whoever the application around this one lets through."""
TERMINAL = Who("terminal", Role.OPERATOR)
"""Whoever took the link that the server printed where it was started."""
RESERVED = frozenset({LOCAL.name, EXTERNAL.name, TERMINAL.name})
"""Names that no token may have."""


def with_who(scope: MutableMapping[str, Any], who: Who | None) -> dict[str, Any]:
    """The same request, with who asks."""
    return {**scope, _KEY: who}


def who_of(scope: MutableMapping[str, Any]) -> Who:
    """Who asks; KeyError for a request that no gate has seen."""
    who: Who = scope[_KEY]
    return who


def signed(by: str, who: Who, chars_max: int) -> str:
    """
    The name that was given and the one that is known, in at most chars_max characters; the known one is whole.

    What is empty or too long by itself stays so: whoever checks it says what it may be.
    """
    given = by.strip()
    if not who.is_named or given == who.name or not 1 <= len(given) <= chars_max:
        return given
    known = f" (as {who.name})"
    return given[: chars_max - len(known)] + known
