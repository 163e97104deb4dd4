"""Owns what circuits did lately, told from the records of their moves: spans of state, spells, openings."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from switchgear.core.words import CircuitState, Key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from switchgear.observe.record import LogRecord
    from switchgear.server.source import Circuit

SPELLS_MAX = 50
"""Spells of one circuit, the newest."""
_CLOSED = CircuitState.CLOSED.value
_OPEN = CircuitState.OPEN.value
_HALF_OPEN = CircuitState.HALF_OPEN.value
_HELD = frozenset({"forced_open", "forced_closed", "metrics_only"})


class Span(NamedTuple):
    """A state, and how long it lasted."""

    state: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Spell:
    """A time in which a circuit was not closed."""

    state: str
    """What it began with: open, or held by a person."""
    opened_ms: int | None
    """None when it began before anything is known."""
    closed_ms: int | None
    """None while it lasts."""
    why: str
    by: str
    until_ms: int | None
    """When its last state ends by itself; None when it does not."""
    record_id: int | None
    """The move that it began with; None when that is not known."""
    openings: int


@dataclass(frozen=True, slots=True)
class Past:
    """What one circuit did lately."""

    key: Key
    openings: int
    """By itself, within the last day."""
    spans: tuple[Span, ...]
    """Without gaps, the oldest first, up to now; time of which nothing is known is left out."""
    spells: tuple[Spell, ...]
    """Of the last day, the newest first."""


class Window(NamedTuple):
    """What time is looked at, in epoch ms."""

    since_ms: int
    known_ms: int
    """Before this nothing is known."""
    now_ms: int


class _Point(NamedTuple):
    """From an instant on, a state; with the move that told it, if one did."""

    at_ms: int
    state: str
    move: LogRecord | None = None


def past_of(moves: Iterable[LogRecord], board: Iterable[Circuit], window: Window) -> list[Past]:
    """
    What circuits did, by key.

    Args:
        moves: The records of moves, the newest first, as the log gives them; those of a day at least.
        board: The circuits as they stand now.
        window: What is shown of their spans.
    """
    by_key: dict[Key, list[LogRecord]] = {}
    for move in moves:
        by_key.setdefault(Key(move.exchange, move.method, move.account), []).append(move)
    now = {Key(one.exchange, one.method, one.account): one for one in board}
    return [
        _past(key, by_key.get(key, [])[::-1], now.get(key), window)
        for key in sorted(by_key.keys() | now.keys())
    ]


def _past(key: Key, moves: Sequence[LogRecord], circuit: Circuit | None, window: Window) -> Past:
    points = _points(moves, circuit, window)
    opened = sum(_opens(move.detail) for move in moves)
    return Past(key, opened, _spans(points, window), tuple(_spells(points)[: -SPELLS_MAX - 1 : -1]))


def _opens(detail: Mapping[str, object]) -> bool:
    return detail.get("new") == _OPEN and detail.get("old") not in _HELD


def _points(moves: Sequence[LogRecord], circuit: Circuit | None, window: Window) -> list[_Point]:
    """Every change of state, the oldest first: the moves, holds whose time ended untold, and what stands now."""
    points: list[_Point] = []
    if moves:
        points.append(_Point(window.known_ms, _state_before(moves[0])))
    for move, following in pairwise([*moves, None]):
        assert move is not None
        new, end_ms = str(move.detail.get("new", _CLOSED)), _end_ms(move)
        points.append(_Point(move.at_ms, new, move))
        next_ms = window.now_ms if following is None else following.at_ms
        if new in _HELD and end_ms is not None and end_ms < next_ms:
            old = str(move.detail.get("old", _CLOSED))
            points.append(_Point(end_ms, _CLOSED if old in _HELD else old))
    return points if circuit is None else [*points, *_present(points, circuit, window)]


def _state_before(move: LogRecord) -> str:
    """What a circuit was before the first move that is known."""
    old, new = (str(move.detail.get(name, _CLOSED)) for name in ("old", "new"))
    # That a hold has ended is told by the first call afterwards, which may be much later.
    return new if old in _HELD and new not in _HELD and not move.detail.get("by") else old


def _present(points: Sequence[_Point], circuit: Circuit, window: Window) -> list[_Point]:
    """What stands now, where the moves do not say it: it never moved, or the record of it is gone."""
    state = circuit.state.value
    if not points:
        return [_Point(max(circuit.since_ms, window.known_ms), state)]
    last = points[-1]
    if last.state == state:
        return []
    since_ms = circuit.since_ms
    if state == _HALF_OPEN and last.move is not None:  # its time came, and nobody has called yet
        since_ms = _end_ms(last.move) or since_ms
    return [_Point(max(last.at_ms, since_ms), state)]


def _end_ms(move: LogRecord) -> int | None:
    for_s = move.detail.get("for_s")
    return move.at_ms + round(for_s * 1000) if isinstance(for_s, int | float) else None


def _spans(points: Sequence[_Point], window: Window) -> tuple[Span, ...]:
    begin_ms = max(window.since_ms, window.known_ms)
    ends = [*(point.at_ms for point in points[1:]), window.now_ms]
    found: list[Span] = []
    for point, until_ms in zip(points, ends, strict=False):
        start_ms, end_ms = max(point.at_ms, begin_ms), min(until_ms, window.now_ms)
        if end_ms <= start_ms:
            continue
        if found and found[-1].state == point.state:
            start_ms = found.pop().start_ms
        found.append(Span(point.state, start_ms, end_ms))
    return tuple(found)


def _spells(points: Sequence[_Point]) -> list[Spell]:
    """The times in which a circuit was not closed, the oldest first."""
    spells: list[Spell] = []
    begun: list[_Point] = []
    for point in points:
        if point.state != _CLOSED:
            begun.append(point)
        elif begun:
            spells.append(_spell(begun, point.at_ms))
            begun = []
    return [*spells, _spell(begun, None)] if begun else spells


def _spell(begun: Sequence[_Point], closed_ms: int | None) -> Spell:
    first, moves = begun[0], [point.move for point in begun if point.move is not None]
    told = next(iter(moves), None)
    return Spell(
        state=first.state,
        opened_ms=None if first.move is None else first.at_ms,
        closed_ms=closed_ms,
        why="" if told is None else str(told.detail.get("reason", "")),
        by="" if told is None else str(told.detail.get("by", "")),
        until_ms=_end_ms(moves[-1]) if moves and begun[-1].move is moves[-1] else None,
        record_id=None if first.move is None else first.move.id,
        openings=sum(_opens(move.detail) for move in moves),
    )
