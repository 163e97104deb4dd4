"""Owns what is wider than a method, in words, and which such circuit holds a method back, as far as a file tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.policy.quota import priority_of
from switchgear.core.policy.weight import Priority
from switchgear.core.words import CircuitState, Scope, effect_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchgear.observe.store import CircuitSnapshot

_REFUSING = frozenset({CircuitState.OPEN, CircuitState.HALF_OPEN, CircuitState.FORCED_OPEN})
_WIDEST_FIRST = (Scope.EXCHANGE, Scope.ADDRESS, Scope.ACCOUNT)


def wide_words(scope: Scope, account: str) -> str:
    """What is wider than a method, by itself: whole exchange, our address, account main; empty for a method."""
    match scope:
        case Scope.EXCHANGE:
            return "whole exchange"
        case Scope.ADDRESS:
            return "our address"
        case Scope.ACCOUNT:
            return f"account {account}"
        case Scope.METHOD:
            return ""


def the_wide(scope: Scope, account: str) -> str:
    """The same within a sentence."""
    words = wide_words(scope, account)
    return f"the {words}" if scope is Scope.EXCHANGE else words


def refusing(circuits: Iterable[CircuitSnapshot]) -> tuple[CircuitSnapshot, ...]:
    """Those wider than a method that let no call through but probes, the widest first."""
    found = [one for one in circuits if one.key.is_scope and one.state in _REFUSING]
    return tuple(sorted(found, key=lambda one: _WIDEST_FIRST.index(one.key.scope)))


def held_back_by(one: CircuitSnapshot, wide: Iterable[CircuitSnapshot]) -> Scope | None:
    """
    The scope of the widest circuit that holds a method back; None when none does.

    A file does not tell which calls carry a key: what is market data by its name is taken to carry none.

    Args:
        one: The method's circuit.
        wide: What `refusing` gives.
    """
    if one.key.is_scope:
        return None
    return next((each.key.scope for each in wide if _covers(each, one)), None)


def _covers(wide: CircuitSnapshot, one: CircuitSnapshot) -> bool:
    if (wide.run, wide.key.exchange) != (one.run, one.key.exchange):
        return False
    if wide.key.scope is not Scope.ACCOUNT:
        return True
    is_public = priority_of(one.key.method, effect_of(one.key.method)) is Priority.LOW
    return wide.key.account == one.key.account and not is_public
