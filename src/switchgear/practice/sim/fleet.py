"""Owns several practice venues that run at once, one port each; each of them is a server's Sim."""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack
from typing import TYPE_CHECKING, Self

from switchgear.core.clock import SystemClock
from switchgear.practice.sim.server import HOST, SEED, Sim, SimThread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from switchgear.core.clock import Clock

PORT = 9100
VENUES = ("binance", "alpaca", "coinbase")
"""In the order of their ports."""


class Fleet:
    """
    A practice server for each venue, all on one clock; an async context manager.

    Iterating gives the servers in the order of their ports.
    """

    def __init__(
        self,
        seed: int = SEED,
        clock: Clock | None = None,
        host: str = HOST,
        port: int = 0,
        venues: Sequence[str] = VENUES,
    ) -> None:
        """
        Nothing is bound before the context is entered.

        Args:
            seed: Of prices and faults, for all of them.
            clock: The machine's own when not given.
            host: Where all of them listen.
            port: Of the first venue, each next one has the next; at 0 the system chooses.
            venues: Which, by name.

        Raises:
            ValueError: A venue is unknown, or named twice.
        """
        self.clock: Clock = SystemClock() if clock is None else clock
        self._sims = {
            name: Sim(seed, self.clock, host, own, venue=name)
            for name, own in _ports(venues, port).items()
        }
        self._running = AsyncExitStack()

    def __getitem__(self, venue: str) -> Sim:
        """The server of this venue; KeyError when it is not one of them."""
        return self._sims[venue]

    def __contains__(self, venue: object) -> bool:
        return venue in self._sims

    def __iter__(self) -> Iterator[Sim]:
        return iter(self._sims.values())

    async def __aenter__(self) -> Self:
        """Start all of them, or none; raises OSError when a port is taken."""
        async with AsyncExitStack() as starting:
            for sim in self:
                await starting.enter_async_context(sim)
            self._running = starting.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._running.aclose()

    def mend(self) -> None:
        """Take all rules away, those of the wire too, and listen again."""
        for sim in self:
            sim.mend()


class FleetThread:
    """The same for callers without an event loop: a thread for each venue; a context manager."""

    def __init__(
        self,
        seed: int = SEED,
        clock: Clock | None = None,
        host: str = HOST,
        port: int = 0,
        venues: Sequence[str] = VENUES,
    ) -> None:
        """Take the same as Fleet, and raise the same."""
        self._sims = {
            name: SimThread(seed, clock, host, own, venue=name)
            for name, own in _ports(venues, port).items()
        }
        self._running = ExitStack()

    def __getitem__(self, venue: str) -> SimThread:
        """The server of this venue; KeyError when it is not one of them."""
        return self._sims[venue]

    def __contains__(self, venue: object) -> bool:
        return venue in self._sims

    def __iter__(self) -> Iterator[SimThread]:
        return iter(self._sims.values())

    def __enter__(self) -> Self:
        """Start all of them, or none; raises OSError when a port is taken."""
        with ExitStack() as starting:
            for sim in self:
                starting.enter_context(sim)
            self._running = starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def mend(self) -> None:
        """Take all rules away, those of the wire too, and listen again."""
        for sim in self:
            sim.mend()


def _ports(venues: Sequence[str], port: int) -> dict[str, int]:
    ports = {name: port + place if port else 0 for place, name in enumerate(venues)}
    if len(ports) < len(venues):
        raise ValueError(f"venues is {list(venues)}; allowed: each venue once")
    return ports
