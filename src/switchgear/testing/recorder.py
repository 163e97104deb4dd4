"""Owns a sink that remembers every event, for tests; what the events mean is left to the test."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from switchgear.core.event import Event

E = TypeVar("E")


class Recorder:
    """Every event it was given, in order; use the object itself as an Emit or with `gear.on`."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        """Remember one event."""
        self.events.append(event)

    def of(self, kind: type[E]) -> list[E]:
        """The events of one type, in order."""
        return [event for event in self.events if isinstance(event, kind)]
