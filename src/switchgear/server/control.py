"""Owns what a person does to circuits by hand: hold, release, reset; each is written down with its before and after."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from switchgear.core.errors import SettingsError, SwitchgearError
from switchgear.core.event import Note
from switchgear.core.redact import safe_words
from switchgear.core.words import CircuitState, Key, Level
from switchgear.registry.holds import matches, patterns
from switchgear.server.orders_source import checked_words
from switchgear.settings import above_zero
from switchgear.settings.checks import is_wild

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchgear.gear import Switchgear
    from switchgear.registry.holds import Hold

FOR_S_MAX = 366 * 86_400
"""The longest hold with an end, in seconds."""
HELD = frozenset({CircuitState.FORCED_OPEN, CircuitState.FORCED_CLOSED, CircuitState.METRICS_ONLY})
_WRITTEN_MAX = 100
_NAMED_MAX = 12
_DID = {"open": "held open", "closed": "held closed", "metrics_only": "held at metrics only"}


class NothingHeld(SwitchgearError):
    """Nothing that is meant is held: there is nothing to release."""


class Place(NamedTuple):
    """Which circuits are meant: names or patterns, folded."""

    exchange: str
    method: str
    account: str

    def __str__(self) -> str:
        whose = {"*": "[all accounts]", "main": ""}.get(self.account, f"[{self.account}]")
        return f"{self.exchange}.{self.method}{whose}"


class Said(NamedTuple):
    """Who does it, and why."""

    by: str
    why: str


class Touched(NamedTuple):
    """A circuit that was meant, before and after."""

    key: Key
    before: CircuitState
    after: CircuitState


class Done(NamedTuple):
    """What was done."""

    did: str
    """In the past tense: `held open`."""
    place: Place
    touched: tuple[Touched, ...]
    opened: tuple[str, ...] = ()
    """The gates that were opened, in words."""
    until_ms: int | None = None
    """Epoch ms at which it ends by itself; None when it does not."""


class Control:
    """The circuits of a gear in this process, for somebody to turn by hand; may be called from any thread."""

    def __init__(self, gear: Switchgear) -> None:
        self._gear = gear

    def hold(self, place: Place, said: Said, state: str, for_s: float | None) -> Done:
        """
        Hold circuits, those that come later too, as `gear.hold` does.

        Args:
            place: Which.
            said: Who and why.
            state: open, closed or metrics_only.
            for_s: Seconds after which it ends by itself, at most FOR_S_MAX; None until it is released.

        Raises:
            SettingsError: One of these cannot be, or no circuit is meant.
        """
        place = self._known(place, said)
        if state not in _DID:
            raise SettingsError("state", state, f"must be one of {', '.join(_DID)}")
        if for_s is not None and above_zero("for_s", for_s) > FOR_S_MAX:
            raise SettingsError("for_s", for_s, f"must be above 0, and at most {FOR_S_MAX:,}")
        before = self._states(place)
        exchange, method, account = place
        self._gear.hold(
            exchange, method, account=account, state=state, by=said.by, why=said.why, for_s=for_s
        )
        until_ms = None if for_s is None else self._now_ms() + round(for_s * 1000)
        done = Done(_DID[state], place, self._touched(place, before), until_ms=until_ms)
        return self._told(done, said)

    def release(self, place: Place, said: Said) -> Done:
        """
        End holds; each circuit goes on as it was before.

        Raises:
            SettingsError: One of these cannot be, or no circuit is meant.
            NothingHeld: Nothing that is meant is held.
        """
        place = self._known(place, said)
        before = self._states(place)
        held = {key: state for key, state in before.items() if state in HELD}
        if not held and not any(one.within(*place) for one in self.holds()):
            raise NothingHeld(f"nothing to release: no circuit of {place} is held")
        exchange, method, account = place
        self._gear.release(exchange, method, account=account, by=said.by, why=said.why)
        return self._told(Done("released", place, self._touched(place, held)), said)

    def reset(self, place: Place, said: Said) -> Done:
        """
        Close circuits and forget what they have seen; holds end, and gates of the scopes that are meant open.

        Raises:
            SettingsError: One of these cannot be, or no circuit is meant.
        """
        place = self._known(place, said)
        before, closed = self._states(place), self._closed_gates(place)
        exchange, method, account = place
        self._gear.reset(exchange, method, account=account, by=said.by, why=said.why)
        opened = tuple(sorted(closed - self._closed_gates(place)))
        return self._told(Done("reset", place, self._touched(place, before), opened), said)

    def holds(self) -> list[Hold]:
        """The holds that are on, each on its names or patterns, the oldest first."""
        now_s = self._gear.clock.monotonic_s()
        return self._gear.registry.holds.lasting(now_s)

    def until_ms(self, hold: Hold) -> int | None:
        """Epoch ms at which a hold ends by itself; None when it does not."""
        if hold.until_s is None:
            return None
        return self._now_ms() + round((hold.until_s - self._gear.clock.monotonic_s()) * 1000)

    def _known(self, place: Place, said: Said) -> Place:
        """The place, folded; SettingsError unless something is there, for a slip in a name would look like a hold."""
        checked_words(said.by, said.why)
        place = Place(*patterns(*place))
        for field, parts in (
            ("exchange", (place.exchange, "*", "*")),
            ("method", (place.exchange, place.method, "*")),
            ("account", place),
        ):
            if not self._gear.registry.breakers(*parts):
                wider = (*parts[: _FIELDS.index(field)], "*", "*", "*")[:3]
                names = {getattr(one.key, field) for one in self._gear.registry.breakers(*wider)}
                raise SettingsError(
                    field, getattr(place, field), f"must be known here; known: {_named(names)}"
                )
        return place

    def _states(self, place: Place) -> dict[Key, CircuitState]:
        found = self._gear.registry.breakers(*place)
        return {one.key: one.view().state for one in sorted(found, key=lambda each: each.key)}

    def _touched(self, place: Place, before: dict[Key, CircuitState]) -> tuple[Touched, ...]:
        # All at once: to look for each by its name goes through all circuits for each.
        after = {one.key: one.view().state for one in self._gear.registry.breakers(*place)}
        return tuple(Touched(key, state, after.get(key, state)) for key, state in before.items())

    def _closed_gates(self, place: Place) -> set[str]:
        return {
            f"{gate.exchange} {gate.scope.value}{f' {gate.account}' if gate.account else ''}"
            for gate in self._gear.gates()
            if gate.closed
            and matches(Key.of_scope(gate.exchange, gate.scope, gate.account or "main"), *place)
        }

    def _told(self, done: Done, said: Said) -> Done:
        """Write it down; a note of WARNING is never dropped for want of room."""
        clock = self._gear.clock
        until = None
        if done.until_ms is not None:
            after_ms = done.until_ms - self._now_ms()
            until = (clock.wall() + timedelta(milliseconds=after_ms)).isoformat(timespec="seconds")
        metadata = {
            "control": done.did,
            "by": said.by,
            "why": safe_words(said.why),
            "until": until,
            "circuits": [
                {"circuit": str(one.key), "before": one.before.value, "after": one.after.value}
                for one in done.touched[:_WRITTEN_MAX]
            ],
            "circuits_in_all": len(done.touched),
            "gates_opened": list(done.opened),
        }
        text = f"by {said.by}: {done.did} {done.place}, {f'until {until}' if until else _LASTS[done.did]}"
        text += f": {safe_words(said.why)} ({_moves(done.touched)})"
        key = Key(*("" if is_wild(part) else part for part in done.place))
        self._gear.hub.emit(Note(clock.monotonic_s(), key, Level.WARNING, text, metadata))
        return done

    def _now_ms(self) -> int:
        return round(self._gear.clock.wall().timestamp() * 1000)


_FIELDS = ("exchange", "method", "account")
_LASTS = dict.fromkeys(_DID.values(), "until released") | {
    "released": "as it was before",
    "reset": "closed and counting anew",
}


def _named(names: Iterable[str]) -> str:
    shown = sorted(names)
    more = f" and {len(shown) - _NAMED_MAX} more" if len(shown) > _NAMED_MAX else ""
    return ", ".join(shown[:_NAMED_MAX]) + more if shown else "nothing yet: nothing was called"


def _moves(touched: Iterable[Touched]) -> str:
    """What became of how many, in words: `closed -> forced_open`, or `closed -> forced_open of 11, …`."""
    counted = Counter(f"{one.before.value} -> {one.after.value}" for one in touched)
    if counted.total() == 1:
        return next(iter(counted))
    return ", ".join(f"{move} of {number}" for move, number in counted.most_common()) or "none yet"
