"""Proves what the demo's agent makes of each way in which an order can end, over real sockets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.exchange import BinanceApi
from switchgear.practice.demo.agent import Agent
from switchgear.practice.demo.orders import Outcome
from switchgear.practice.demo.plan import TOO_BIG, wish
from switchgear.practice.demo.run import SETTINGS
from switchgear.practice.sim.server import Sim
from switchgear.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio
ONCE = {"match": "order.create", "count": 1}


@pytest.fixture
async def house() -> AsyncIterator[tuple[Sim, Agent]]:
    """A practice exchange and an agent that trades on it."""
    clock = FakeClock()
    with sg.Switchgear(settings=SETTINGS, clock=clock) as gear:
        async with (
            Sim(clock=clock) as sim,
            BinanceApi(gear, key=sim.key, secret=sim.secret, base_url=sim.base_url) as api,
        ):
            yield sim, Agent(api, clock, seed=1)


@pytest.mark.parametrize(
    ("rule", "outcome", "booked"),
    [
        (None, Outcome.BOOKED, 1),
        ({"action": "reset_after"}, Outcome.FOUND, 1),
        ({"action": "cut"}, Outcome.FOUND, 1),
        ({"action": "answer", "status": 503, "booked": True}, Outcome.FOUND, 1),
        ({"action": "reset_before"}, Outcome.ABSENT, 0),
        ({"action": "html", "status": 502}, Outcome.ABSENT, 0),
        ({"action": "answer", "status": 400, "code": -2010}, Outcome.REFUSED, 0),
        ({"action": "answer", "status": 429}, Outcome.REFUSED, 0),
    ],
)
async def test_an_order_ends_as_the_exchange_has_it(
    house: tuple[Sim, Agent], rule: dict[str, Any] | None, outcome: Outcome, booked: int
) -> None:
    """However the answer gets lost, the agent ends up knowing, and the order is there once or not."""
    sim, agent = house
    if rule is not None:
        sim.add_faults({**ONCE, **rule})
    entry = await agent.next_order()
    assert entry is not None
    assert entry.outcome is outcome
    assert [each["client_order_id"] for each in sim.state()["orders"]] == [entry.name] * booked


async def test_an_order_that_cannot_leave_is_not_sent(house: tuple[Sim, Agent]) -> None:
    """A refused connection is no order: it is neither asked for nor counted as sent."""
    sim, agent = house
    await agent.watch("BTC/USDT")
    sim.add_faults({"action": "refuse", "duration_s": 600})
    await agent.watch("BTC/USDT")  # the kept connection is gone: an order on it might have left
    entry = await agent.next_order()
    assert entry is not None
    assert entry.outcome is Outcome.UNSENT
    assert agent.book.questions() == []


async def test_a_question_waits_until_it_can_be_asked(house: tuple[Sim, Agent]) -> None:
    """When the lookup fails too, the order stays a question, and settling answers it."""
    sim, agent = house
    sim.add_faults([{**ONCE, "action": "reset_after"}, {"match": "order.get", "action": "cut"}])
    entry = await agent.next_order()
    assert entry is not None
    assert (entry.outcome, agent.book.questions()) == (Outcome.ASKED, [entry])
    sim.clear_faults()
    await agent.settle()
    assert (entry.outcome, agent.book.questions()) == (Outcome.FOUND, [])


async def test_an_answer_that_comes_too_late_is_a_lost_one(house: tuple[Sim, Agent]) -> None:
    """An order that was cut by its own timeout is looked up as well."""
    sim, agent = house
    sim.add_faults({**ONCE, "action": "delay", "delay_s": 5})
    entry = await agent.next_order()
    assert entry is not None
    assert entry.outcome is Outcome.FOUND


async def test_a_cancelled_order_is_a_question(house: tuple[Sim, Agent]) -> None:
    """An order that was under way when the agent was stopped is asked for, not forgotten."""
    sim, agent = house
    await agent.watch("BTC/USDT")
    sending = asyncio.create_task(agent.next_order())
    while not agent.book.questions():
        await asyncio.wait([sending], timeout=0)
    sending.cancel()
    await asyncio.wait([sending])
    await agent.settle()
    assert agent.book.questions() == []
    truth = [each["client_order_id"] for each in sim.state()["orders"]]
    assert [entry.name for entry in agent.book.of(Outcome.FOUND)] == truth


async def test_resting_orders_are_cancelled(house: tuple[Sim, Agent]) -> None:
    """The agent never leaves many orders resting."""
    sim, agent = house
    for _ in range(60):
        await agent.tick()
    statuses = [each["status"] for each in sim.state()["orders"]]
    assert statuses.count("CANCELED") == sum(e.cancelled for e in agent.book.entries.values()) > 0
    assert statuses.count("NEW") <= 6


async def test_an_order_beyond_the_funds_is_refused(house: tuple[Sim, Agent]) -> None:
    """The exchange's no is an answer: nothing is asked, nothing is there."""
    sim, agent = house
    entry = await agent.order(TOO_BIG)
    assert entry.outcome is Outcome.REFUSED
    assert sim.state()["orders"] == []


def test_the_plan_follows_from_the_seed() -> None:
    """The same seed wants the same orders, another one others; both kinds and both sides occur."""
    plans = [[wish(seed, number) for number in range(50)] for seed in (1, 1, 2)]
    assert plans[0] == plans[1] != plans[2]
    assert len({(one.side, one.type) for one in plans[0]}) == 4
