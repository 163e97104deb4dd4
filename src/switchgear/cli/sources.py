"""Owns what the commands ask of whoever has records, circuits and orders: what is kept here, or a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

    from switchgear.core.policy.gate import GateView
    from switchgear.core.words import Scope
    from switchgear.observe.history import CircuitSnapshot
    from switchgear.observe.query import LogQuery
    from switchgear.observe.record import LogRecord
    from switchgear.server.orders_model import IntentOut, OrderLife, SwitchOut


class Logs(Protocol):
    """A log; every method raises a SwitchgearError when it cannot be read now."""

    def page(self, query: LogQuery) -> Sequence[LogRecord]:
        """The newest records that match, newest first, at most the query's limit."""
        ...

    def export(self, query: LogQuery) -> Iterator[LogRecord]:
        """Every record that matches, newest first, whatever the query's limit."""
        ...

    def followed(self, query: LogQuery) -> Generator[Sequence[LogRecord]]:
        """
        The page, the newest last, and then what comes, some at a time.

        It has no end of its own; close it.
        """
        ...


class Board(NamedTuple):
    """Circuits and gates at one instant."""

    circuits: Sequence[CircuitSnapshot]
    holders: Sequence[Scope | None]
    """Of each circuit: the scope of the widest one that holds it back."""
    gates: Sequence[GateView]
    """Those that are closed."""
    now_ms: int
    """The instant, by the clock of whoever tells it."""


class Orders(Protocol):
    """Orders that were written down; every method raises a SwitchgearError when they cannot be read now."""

    def intents(self, given: Mapping[str, str]) -> list[IntentOut]:
        """Those that match, newest first; the parameters are those of `orders_query.parse`."""
        ...

    def switches(self) -> list[SwitchOut]:
        """The kill switches that are on."""
        ...

    def life(self, intent_id: str) -> OrderLife:
        """One order with every move that it made; raises where there is none."""
        ...
