"""
Owns a running practice server: its doors, the proxy before it, its life, and a threaded form.

Several venues at once are a fleet's.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

from switchgear.core.clock import SystemClock
from switchgear.practice.sim.control import Control
from switchgear.practice.sim.door import Door
from switchgear.practice.sim.practice import Practice
from switchgear.practice.sim.proxy import Proxy
from switchgear.practice.sim.refusals import Refusals
from switchgear.practice.sim.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from aiohttp import web

    from switchgear.core.clock import Clock

_T = TypeVar("_T")
HOST = "127.0.0.1"
SEED = 1
VENUE = "binance"


class Sim:
    """
    A practice venue with its backend, on loopback unless host says otherwise.

    An async context manager. base_url serves everything; wire_url the same through a proxy that
    breaks connections as it is told; control_url the control alone and backend_url the backend
    alone, so that both outlast a refusal of the venue.
    """

    def __init__(
        self,
        seed: int = SEED,
        clock: Clock | None = None,
        host: str = HOST,
        port: int = 0,
        *,
        venue: str = VENUE,
        control_port: int = 0,
        backend_port: int = 0,
        wire_port: int = 0,
    ) -> None:
        """
        Nothing is bound before start; port 0 is one that the system chooses.

        Raises:
            ValueError: There is no venue of this name.
        """
        self._clock: Clock = SystemClock() if clock is None else clock
        self._at = (host, port, control_port, backend_port)
        self._wire_port = wire_port
        self._practice = Practice(seed, self._clock, venue)
        self._refusals = Refusals(self._clock, self._shut, self._listen)
        self._control = Control(self._practice, self._refusals, self._proxy)
        self._doors: list[Door] = []
        self._before: Proxy | None = None

    @property
    def venue(self) -> str:
        """The name of the venue."""
        return self._practice.venue.name

    @property
    def credentials(self) -> Mapping[str, str]:
        """What a client needs to trade on the one account, as the venue calls for it."""
        return self._practice.venue.credentials

    @property
    def key(self) -> str:
        """The API key of the one account."""
        return self._practice.venue.credentials["key"]

    @property
    def secret(self) -> str:
        """Its secret: what the venue's own clients are given, a PEM text where it is a key pair."""
        return self._practice.venue.credentials["secret"]

    @property
    def base_url(self) -> str:
        """Where the venue, the backend and the control answer."""
        return self._doors[0].url

    @property
    def wire_url(self) -> str:
        """The same, through the proxy that add_wire tells what to break."""
        return self._proxy().url

    @property
    def control_url(self) -> str:
        """Where the control answers always."""
        return self._doors[1].url

    @property
    def backend_url(self) -> str:
        """Where the backend answers while the venue refuses connections."""
        return self._doors[2].url

    async def start(self) -> Self:
        """Take the ports and listen; raises OSError when one is taken, HostError for the host."""
        host, port, control_port, backend_port = self._at
        wire = Wire(self._practice, self._control, self._refusals.begin)
        wanted = (
            (wire.everything, port),
            (self._only_control, control_port),
            (wire.backend_only, backend_port),
        )
        try:
            for handler, number in wanted:
                self._doors.append(Door(handler, host, number))
                self._doors[-1].open()
            self._before = self._proxy_to(self._doors[0], host)
            await self._before.start()
        except BaseException:
            await self.stop()
            raise
        return self

    def _proxy_to(self, door: Door, host: str) -> Proxy:
        target = str(urlsplit(door.url).hostname)
        seed, port = self._practice.seed, self._wire_port
        return Proxy(target, door.port, clock=self._clock, seed=seed, host=host, port=port)

    def _proxy(self) -> Proxy:
        assert self._before is not None, "start first"
        return self._before

    async def stop(self) -> None:
        """Reset what is connected and give the ports back. The state can still be read."""
        self._refusals.stop()
        if self._before is not None:
            await self._before.stop()
        for door in self._doors:
            await door.close()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def state(self) -> dict[str, Any]:
        """What GET /_sim/state answers."""
        return self._control.state()

    def add_faults(self, rules: object) -> list[int]:
        """Put a rule or a list in force, as JSON or Rule; raises RuleError (a ValueError)."""
        return self._control.add_faults(rules)

    def clear_faults(self) -> None:
        """Take all rules away, and listen again."""
        self._control.clear_faults()

    def mend(self) -> None:
        """Take all rules away, those of the wire too, and listen again."""
        self.clear_faults()
        self.clear_wire()

    def remove_fault(self, rule_id: int) -> bool:
        """Take one rule away; False when there is none with this id."""
        return self._control.remove_fault(rule_id)

    def faults(self) -> list[dict[str, Any]]:
        """The rules in force, each with its id and how often it was asked and fired."""
        return self._control.faults()

    def wire(self) -> dict[str, Any]:
        """What GET /_sim/wire answers: what went through the proxy, and its rules in force."""
        return self._proxy().state()

    def add_wire(self, rules: object) -> list[int]:
        """Put a rule or a list of the wire in force; raises RuleError (a ValueError)."""
        return self._proxy().add(rules)

    def remove_wire(self, rule_id: int) -> bool:
        """Take one rule of the wire away; False when there is none with this id."""
        return self._proxy().remove(rule_id)

    def clear_wire(self) -> None:
        """Take all rules of the wire away, and listen again."""
        self._proxy().clear()

    async def _only_control(self, request: web.BaseRequest) -> web.StreamResponse:
        return await self._control.handle(request)

    def _shut(self) -> None:
        self._doors[0].shut(spare=self._control.asking)

    def _listen(self) -> None:
        self._doors[0].open()


class SimThread:
    """A Sim on a thread and event loop of its own, for callers without one; a context manager."""

    def __init__(
        self,
        seed: int = SEED,
        clock: Clock | None = None,
        host: str = HOST,
        port: int = 0,
        *,
        venue: str = VENUE,
    ) -> None:
        self._sim = Sim(seed, clock, host, port, venue=venue)

    @property
    def venue(self) -> str:
        """The name of the venue."""
        return self._sim.venue

    @property
    def credentials(self) -> Mapping[str, str]:
        """What a client needs to trade on the one account, as the venue calls for it."""
        return self._sim.credentials

    @property
    def key(self) -> str:
        """The API key of the one account."""
        return self._sim.key

    @property
    def secret(self) -> str:
        """Its secret."""
        return self._sim.secret

    @property
    def base_url(self) -> str:
        """Where the venue, the backend and the control answer."""
        return self._sim.base_url

    @property
    def wire_url(self) -> str:
        """The same, through the proxy that add_wire tells what to break."""
        return self._sim.wire_url

    @property
    def control_url(self) -> str:
        """Where the control answers always."""
        return self._sim.control_url

    @property
    def backend_url(self) -> str:
        """Where the backend answers while the venue refuses connections."""
        return self._sim.backend_url

    def start(self) -> Self:
        """Listen on return; raises OSError when the port is taken. Starts once."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sim", daemon=True)
        self._thread.start()
        try:
            self._wait_for(self._sim.start())
        except BaseException:
            self._end()
            raise
        return self

    def stop(self) -> None:
        """Give the ports back and end the thread. Nothing can be asked afterwards."""
        self._wait_for(self._sim.stop())
        self._end()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def state(self) -> dict[str, Any]:
        """What GET /_sim/state answers."""
        return self._ask(self._sim.state)

    def add_faults(self, rules: object) -> list[int]:
        """Put a rule or a list in force; raises RuleError (a ValueError)."""
        return self._ask(lambda: self._sim.add_faults(rules))

    def clear_faults(self) -> None:
        """Take all rules away, and listen again."""
        self._ask(self._sim.clear_faults)

    def add_wire(self, rules: object) -> list[int]:
        """Put a rule or a list of the wire in force; raises RuleError (a ValueError)."""
        return self._ask(lambda: self._sim.add_wire(rules))

    def clear_wire(self) -> None:
        """Take all rules of the wire away, and listen again."""
        self._ask(self._sim.clear_wire)

    def mend(self) -> None:
        """Take all rules away, those of the wire too, and listen again."""
        self._ask(self._sim.mend)

    def _ask(self, question: Callable[[], _T]) -> _T:
        async def ask() -> _T:
            return question()

        return self._wait_for(ask())

    def _wait_for(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
