"""Owns the fault script: what breaks in each act, and for how long; telling of it is the narrator's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from switchgear.core.words import CircuitState
from switchgear.practice.demo.plan import TOO_BIG

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from switchgear.gear import Switchgear
    from switchgear.practice.demo.agent import Agent
    from switchgear.practice.sim.server import Sim

TICK_S = 0.1
ROUND_S = 17.0
"""What one round of all acts takes, on a machine that is not too busy."""
LOST_ANSWERS = 6
"""Answers that are lost after booking, in one round."""
_RECOVERY_S_MAX = 4.0


class Stage:
    """What an act plays on."""

    def __init__(self, sim: Sim, gear: Switchgear, agent: Agent) -> None:
        self.sim = sim
        self.gear = gear
        self.agent = agent

    def breaks(self, match: str, action: str, **more: Any) -> None:
        """Put one fault in force."""
        self.sim.add_faults({"match": match, "action": action, **more})

    async def trade(self, for_s: float) -> None:
        """Let the agent work."""
        until_s = self.gear.clock.monotonic_s() + for_s
        while self.gear.clock.monotonic_s() < until_s:
            await self.agent.tick()
            await self.gear.clock.sleep_async(TICK_S)

    async def trade_until(self, reached: Callable[[], bool], at_most_s: float) -> None:
        """Let the agent work until something is so, or at most_s seconds are over."""
        until_s = self.gear.clock.monotonic_s() + at_most_s
        while not reached() and self.gear.clock.monotonic_s() < until_s:
            await self.trade(TICK_S)

    async def recover(self) -> None:
        """Mend everything, and let the agent work until circuits and gates have noticed."""
        self.sim.clear_faults()
        await self.trade_until(self._is_well, _RECOVERY_S_MAX)

    def is_open(self, method: str) -> bool:
        """Whether the circuit of a method of the exchange is open."""
        return self.gear.circuit("binance", method).state is CircuitState.OPEN

    def is_gated(self) -> bool:
        """Whether a gate is closed."""
        return any(gate.closed for gate in self.gear.gates())

    def _is_well(self) -> bool:
        circuits = all(one.state is CircuitState.CLOSED for one in self.gear.circuits())
        return circuits and not self.is_gated()


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that breaks."""

    breaks: str
    """In words."""
    play: Callable[[Stage], Awaitable[None]]


async def _calm(stage: Stage) -> None:
    await stage.trade(1.0)


async def _slow(stage: Stage) -> None:
    stage.breaks("account", "delay", delay_s=3, count=1)
    stage.breaks("ticker.price", "delay", delay_s=0.4, count=3)
    await stage.trade(1.5)


async def _overloaded(stage: Stage) -> None:
    stage.breaks("ticker.price", "answer", status=503)
    await stage.trade_until(lambda: stage.is_open("get_market_price"), 2.0)
    await stage.trade(0.8)
    await stage.recover()


async def _refusals(stage: Stage) -> None:
    await stage.agent.order(TOO_BIG)
    await stage.agent.watch("NOPE/USDT")
    await stage.trade(0.2)


async def _reset_before(stage: Stage) -> None:
    for _ in range(2):
        stage.breaks("order.create", "reset_before", count=1)
        await stage.agent.next_order()
        await stage.agent.next_order()


async def _lost_answers(stage: Stage) -> None:
    for number in range(LOST_ANSWERS):
        stage.breaks("order.create", "cut" if number % 2 else "reset_after", count=1)
        await stage.agent.next_order()
        await stage.trade(TICK_S)
        await stage.agent.next_order()  # an answered one between: lost ones alone open the circuit


async def _html(stage: Stage) -> None:
    stage.breaks("order.create", "html", status=502, count=1)
    stage.breaks("account", "html", status=502, count=3)
    await stage.agent.next_order()
    await stage.trade(0.6)
    await stage.recover()


async def _refused(stage: Stage) -> None:
    stage.sim.add_faults({"action": "refuse", "duration_s": 30})
    await stage.trade(1.2)
    await stage.recover()


async def _limited(stage: Stage) -> None:
    await _gated(stage, status=429, retry_after_s=1)


async def _banned(stage: Stage) -> None:
    await _gated(stage, status=418, retry_after_s=2)


async def _gated(stage: Stage, **answer: int) -> None:
    stage.breaks("ticker.price", "answer", count=1, **answer)
    await stage.trade_until(stage.is_gated, 2.0)
    await stage.recover()


CALM = Act("nothing breaks", _calm)
ACTS = (
    CALM,
    Act("answers are slow, one hangs", _slow),
    Act("prices answer 503", _overloaded),
    Act("no funds for an order, no such symbol", _refusals),
    Act("connections reset before an order is booked", _reset_before),
    Act(f"{LOST_ANSWERS} answers lost after the order is booked", _lost_answers),
    Act("a proxy answers 502 in HTML", _html),
    Act("connections are refused", _refused),
    Act("429, try again in 1 s", _limited),
    Act("418, banned for 2 s", _banned),
)
"""One round, in order."""
