"""Owns a sink that remembers every event, for tests; what the events mean is left to the test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.core.event import Event
    from switchgear.gear import Switchgear

E = TypeVar("E")


class Recorder:
    """
    Every event it was given, in order; use the object itself as an Emit, or `Recorder.on(gear)`.

    On a gear it never misses what happened before it is asked: asking hands over what is still on its way.
    """

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._catch_up: Callable[[], object] | None = None
        self._end: Callable[[], None] | None = None

    @classmethod
    def on(cls, gear: Switchgear) -> Self:
        """One that hears everything that happens in a gear from now on, until `off`."""
        made = cls()
        made._catch_up, made._end = gear.flush, gear.on(object, made)  # type: ignore[arg-type]  # every event is one
        return made

    def off(self) -> None:
        """Hear nothing more of the gear; what was heard stays."""
        self._caught_up()
        if self._end is not None:
            self._end()
        self._catch_up = self._end = None

    def __call__(self, event: Event) -> None:
        """Remember one event."""
        self._events.append(event)

    @property
    def events(self) -> list[Event]:
        """Every event, in order; the list itself, which grows."""
        self._caught_up()
        return self._events

    def of(self, kind: type[E]) -> list[E]:
        """The events of one type, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    def names(self) -> list[str]:
        """What the events are called in records, in order, such as call_failed and circuit_moved."""
        from switchgear.observe.record import event_name  # here: an Emit alone needs no records

        kinds: list[type[object]] = [type(event) for event in self.events]
        return [event_name(kind) for kind in kinds]  # type: ignore[arg-type]  # mypy looks at the hash of instances

    def clear(self) -> None:
        """Forget what was heard so far."""
        self.events.clear()

    def _caught_up(self) -> None:
        if self._catch_up is not None:
            self._catch_up()
