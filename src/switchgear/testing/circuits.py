"""
Owns what a test says of circuits, gates and refusals, and what it is told when that is not so.

The words for how things stand are made here; how they stand is the gear's to know.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from switchgear.core.errors import Rejected, SettingsError
from switchgear.core.words import CircuitState, Scope, fold

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from switchgear.core.policy.circuit_view import CircuitView
    from switchgear.core.policy.gate import GateView
    from switchgear.gear import Switchgear

E = TypeVar("E", bound=Enum)

_RECORDS = 8


def assert_circuit(
    gear: Switchgear,
    exchange: str,
    method: str,
    account: str = "main",
    *,
    state: CircuitState | str | None = None,
    scope: Scope | str | None = None,
    reason: str | None = None,
    failures: int | None = None,
) -> CircuitView:
    """
    The circuit that decides about a key's calls now, which is as told; `@exchange` and its like name a wider one.

    Args:
        gear: Whose circuit.
        exchange: Name, in any case.
        method: As above.
        account: As above.
        state: What it does; None for anything, as for the following.
        scope: What it stands for: the method alone, or something wider that refuses.
        reason: A part of the reason for its state.
        failures: Failures in a row while closed, failed probes while half-open.

    Raises:
        AssertionError: It is not so; says how it stands, why, what was counted and what happened last.
        SettingsError: There is no such state or scope.
    """
    __tracebackhide__ = True
    wanted = _wanted("state", CircuitState, state), _wanted("scope", Scope, scope)
    view = gear.circuit(exchange, method, account)
    wrong = list(_wrong(view, *wanted, reason, failures))
    if wrong:
        raise AssertionError("\n".join([f"{view.key}: {'; '.join(wrong)}", *_standing(gear, view)]))
    return view


def assert_open(
    gear: Switchgear,
    exchange: str,
    method: str,
    account: str = "main",
    *,
    scope: Scope | str | None = None,
    reason: str | None = None,
) -> CircuitView:
    """`assert_circuit` of one that is open by itself: it refuses, and its time has not come."""
    __tracebackhide__ = True
    state = CircuitState.OPEN
    return assert_circuit(gear, exchange, method, account, state=state, scope=scope, reason=reason)


def assert_half_open(
    gear: Switchgear,
    exchange: str,
    method: str,
    account: str = "main",
    *,
    scope: Scope | str | None = None,
    failures: int | None = None,
) -> CircuitView:
    """`assert_circuit` of one whose time has come: it lets probes through, or a growing share of the calls."""
    __tracebackhide__ = True
    state = CircuitState.HALF_OPEN
    return assert_circuit(
        gear, exchange, method, account, state=state, scope=scope, failures=failures
    )


def assert_closed(
    gear: Switchgear,
    exchange: str,
    method: str,
    account: str = "main",
    *,
    failures: int | None = None,
) -> CircuitView:
    """`assert_circuit` of one that lets calls pass by itself, as do all that are wider."""
    __tracebackhide__ = True
    state = CircuitState.CLOSED
    return assert_circuit(gear, exchange, method, account, state=state, failures=failures)


class Refusal:
    """What `assert_rejected` caught; there once its block is left."""

    error: Rejected
    """The refusal itself: scope, reason, retry_after_s."""


@contextmanager
def assert_rejected(
    *, scope: Scope | str | None = None, reason: str | None = None, kind: type[Rejected] = Rejected
) -> Generator[Refusal]:
    """
    Says of a block that it ends with a call that was not made; the refusal is in what it gives, as `error`.

    Args:
        scope: Which scope said no; None for any.
        reason: A part of the reason; None for any.
        kind: CircuitOpenError, GateClosedError, BulkheadFullError, …; Rejected for any.

    Raises:
        AssertionError: Nothing was refused, something else was raised, or it was refused for another cause.
        SettingsError: There is no such scope.
    """
    __tracebackhide__ = True
    wanted, refused = _wanted("scope", Scope, scope), Refusal()
    try:
        yield refused
    except Rejected as error:
        wrong = list(_wrong_refusal(error, wanted, reason, kind))
        if wrong:
            raise AssertionError(f"{'; '.join(wrong)}: {error}") from error
        refused.error = error
    except AssertionError:
        raise  # the block's own
    except Exception as error:
        raise AssertionError(f"should be rejected, but was made and failed: {error!r}") from error
    else:
        raise AssertionError("should be rejected, but nothing was: the block ended well")


def assert_gate(
    gear: Switchgear,
    exchange: str,
    *,
    scope: Scope | str | None = None,
    account: str | None = None,
    closed: bool = True,
    reason: str | None = None,
) -> GateView | None:
    """
    One of an exchange's gates is closed, which is given; with closed=False none is, and None is given.

    Args:
        gear: Whose gates.
        exchange: Name, in any case.
        scope: Only gates of this scope; None for all.
        account: Only gates of this account; None for all.
        closed: Whether one is closed.
        reason: Only gates with this in the reason; None for all.

    Raises:
        AssertionError: It is not so; says how all of them stand.
        SettingsError: There is no such scope.
    """
    __tracebackhide__ = True
    wanted = _wanted("scope", Scope, scope)
    mine = [gate for gate in gear.gates() if gate.exchange == fold("exchange", exchange)]
    found = [
        gate
        for gate in mine
        if gate.closed
        and wanted in {None, gate.scope}
        and (account is None or gate.account == fold("account", account))
        and (reason is None or reason in gate.reason)
    ]
    if bool(found) is closed:
        return max(found, key=_wait_s) if found else None
    what = "a gate should be closed, and none is" if closed else "no gate should be closed"
    asked = {
        "scope": None if wanted is None else wanted.value,
        "account": account,
        "reason": reason,
    }
    only = "".join(f", {name} {value}" for name, value in asked.items() if value is not None)
    stand = [f"  {_gate_words(gate)}" for gate in mine] or ["  it has none: it was never called"]
    raise AssertionError("\n".join([f"{exchange}{only}: {what}", *stand]))


def _wait_s(gate: GateView) -> float:
    return gate.retry_after_s


def _wanted(name: str, kind: type[E], value: E | str | None) -> E | None:
    if value is None or isinstance(value, kind):
        return value
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(str(one.value) for one in kind)
        raise SettingsError(name, value, f"must be one of {known}") from None


def _wrong(
    view: CircuitView,
    state: CircuitState | None,
    scope: Scope | None,
    reason: str | None,
    failures: int | None,
) -> Iterator[str]:
    if state not in {None, view.state}:
        yield f"should be {_name(state)}, is {_name(view.state)}"
    if scope not in {None, view.scope}:
        yield f"should be decided by the circuit of the {_name(scope)}, is by that of the {_name(view.scope)}"
    if reason is not None and reason not in view.reason:
        yield f"{reason!r} should be in its reason, which is {view.reason!r}"
    if failures not in {None, view.failures}:
        yield f"should have {failures} failures, has {view.failures}"


def _wrong_refusal(
    error: Rejected, scope: Scope | None, reason: str | None, kind: type[Rejected]
) -> Iterator[str]:
    if not isinstance(error, kind):
        yield f"should be a {kind.__name__}, is a {type(error).__name__}"
    if scope not in {None, error.scope}:
        yield f"the {_name(scope)} should have said no, the {_name(error.scope)} did"
    if reason is not None and reason not in error.reason:
        yield f"{reason!r} should be in the reason"


def _name(word: Enum | None) -> str:
    return "" if word is None else str(word.value).replace("_", " ")


def _standing(gear: Switchgear, view: CircuitView) -> Iterator[str]:
    """How things stand, line by line."""
    next_try = "" if view.retry_after_s is None else f", next try in {view.retry_after_s:.1f} s"
    until = f", held by {view.by}" if view.by else next_try
    yield f"  circuit: {_name(view.state)} for {view.since_s:.1f} s{until} (scope {_name(view.scope)})"
    yield f"  reason: {view.reason or 'none'}"
    opens = view.rules.failure_threshold
    bound = "" if opens is None else f" of {opens}"
    yield f"  counts: {view.failures} failures{bound} in a row, {view.openings} openings"
    if view.window is not None:
        yield f"  window: {view.window}"
    key = view.key
    seen = gear.metrics(*key)
    if not key.is_scope:
        yield (
            f"  calls: {seen.total_calls} made, {seen.success_calls} succeeded, {seen.failed_calls} failed, "
            f"{seen.rejected_calls} rejected, {seen.in_flight} in flight"
        )
    for gate in gear.gates():
        if gate.closed and gate.exchange == key.exchange:
            yield f"  {_gate_words(gate)}"
    yield from _last(gear, view)


def _last(gear: Switchgear, view: CircuitView) -> Iterator[str]:
    method = None if view.key.is_scope else view.key.method
    records = gear.logs(exchange=view.key.exchange, method=method, limit=_RECORDS)
    yield "  last, newest first:" if records else "  nothing happened yet"
    for record in records:
        at = datetime.fromtimestamp(record.at_ms / 1000, UTC)
        words = f"{record.event} {record.method}: {record.message}"
        yield f"    {at:%H:%M:%S}.{record.at_ms % 1000:03} {record.level.name} {words}"


def _gate_words(gate: GateView) -> str:
    only = " for new orders" if gate.orders_only else ""
    only = " for calls without a key" if gate.public_only else only
    whose = f" of {gate.account}" if gate.account else ""
    how = f"closed for {gate.retry_after_s:.1f} s more" if gate.closed else "open"
    why = f" ({gate.reason})" if gate.reason else ""
    return f"{_name(gate.scope)} gate{only}{whose}: {how}{why}"
