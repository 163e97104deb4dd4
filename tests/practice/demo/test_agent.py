"""Proves what the demo's agents make of each way in which an order can end, at each venue, over real sockets."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import switchgear as sg
from switchgear.core.words import TRUTH
from switchgear.practice.demo.facts import Facts
from switchgear.practice.demo.orders import Outcome
from switchgear.practice.demo.plan import Plan
from switchgear.practice.demo.records import kept_orders
from switchgear.practice.demo.run import SETTINGS
from switchgear.practice.demo.stand import TRADES, opened
from switchgear.practice.demo.summary import summed
from switchgear.practice.sim.server import Sim
from switchgear.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from switchgear.practice.demo.agent import Agent
    from switchgear.practice.demo.stand import Stand

pytestmark = pytest.mark.anyio
VENUES = tuple(TRADES)
ONCE = {"match": "order.create", "count": 1}
NO = {
    "binance": {"action": "answer", "status": 400, "code": -2010},
    "alpaca": {"action": "answer", "status": 403, "code": 40310000},
    "coinbase": {"action": "answer", "status": 200, "code": "INSUFFICIENT_FUND"},
}
"""How each venue says that there is no money for an order."""
LOOK_UP = {"binance": "order.get", "alpaca": "order.get", "coinbase": "orders.list"}
"""What an order is found by: its name, or where there is no such way, the list of all."""

NEVER_BOOKED = {"binance": Outcome.ABSENT, "alpaca": Outcome.AGAIN, "coinbase": Outcome.AGAIN}
"""What comes of an order that was lost on its way there: where an id is taken once for ever, it is sent again."""


class House(NamedTuple):
    """A practice venue, and who trades on it."""

    sim: Sim
    stand: Stand
    clock: FakeClock

    @property
    def agent(self) -> Agent:
        """The trader."""
        return self.stand.agent

    def truth(self) -> list[str]:
        """The orders that the venue has, by name."""
        return [each["client_order_id"] for each in self.sim.state()["orders"]]


@pytest.fixture(params=VENUES)
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    """Each venue in turn, with an agent that trades on it through a desk and the wire's proxy."""
    clock = FakeClock()
    with (
        sg.Switchgear(settings=SETTINGS, clock=clock) as gear,
        kept_orders(gear, tmp_path / "orders.db") as journal,
    ):
        async with (
            Sim(clock=clock, venue=request.param) as sim,
            opened(gear, journal, Facts(gear), sim, 1) as stand,
        ):
            await looked_round(gear, sim.venue)
            yield House(sim, stand, clock)


async def looked_round(gear: sg.Switchgear, venue: str) -> None:
    """Wait until the desk has seen what is open there: moved under way, the clock would cut it."""
    never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    while not gear.metrics(venue, TRUTH).success_calls:
        await asyncio.wait([never], timeout=0.005)


async def ended(house: House) -> tuple[Outcome, list[str]]:
    """What became of the next order, once it is settled, and nothing is wrong with the sums."""
    entry = await house.agent.next_order()
    await house.agent.settle()
    assert entry is not None
    assert summed(await house.stand.account()).faults == ()
    assert house.truth() in ([], [entry.name])
    return entry.outcome, house.truth()


@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        (None, Outcome.BOOKED),
        ({"action": "reset_after"}, Outcome.FOUND),
        ({"action": "cut"}, Outcome.FOUND),
        ({"action": "answer", "status": 503, "booked": True}, Outcome.FOUND),
        ({"action": "delay", "delay_s": 5}, Outcome.FOUND),
        ({"action": "reset_before"}, NEVER_BOOKED),
        ({"action": "html", "status": 502}, NEVER_BOOKED),
        ({"action": "answer", "status": 429}, Outcome.REFUSED),
    ],
)
async def test_an_order_ends_as_the_venue_has_it(
    house: House, rule: dict[str, Any] | None, outcome: Outcome | dict[str, Outcome]
) -> None:
    """However the answer gets lost, the agent ends up knowing, and the order is there once or not."""
    outcome = outcome if isinstance(outcome, Outcome) else outcome[house.sim.venue]
    if rule is not None:
        house.sim.add_faults({**ONCE, **rule})
    told, truth = await ended(house)
    assert told is outcome
    assert len(truth) == (outcome in {Outcome.BOOKED, Outcome.FOUND, Outcome.AGAIN})


async def test_a_refusal_in_the_venues_own_words_is_one(house: House) -> None:
    """What each venue says when there is no money for an order is an answer: nothing is asked."""
    house.sim.add_faults({**ONCE, **NO[house.sim.venue]})
    assert await ended(house) == (Outcome.REFUSED, [])


async def test_an_answer_swallowed_on_the_wire_is_looked_up(house: House) -> None:
    """The venue believes that it has answered; the agent's own limit ends the wait, and it asks."""
    await house.agent.tick()  # what a first order asks for beside itself is known from here on
    [rule] = house.sim.add_wire(
        {"match": "POST */order*", "action": "half_open", "side": "answer", "count": 1}
    )
    sending = asyncio.create_task(house.agent.next_order())
    while not house.truth():
        await asyncio.wait([sending], timeout=0.005)
    assert house.sim.wire()["rules"][0]["fired"] == 1, rule
    house.clock.advance(1.0)
    entry = await sending
    await house.agent.settle()
    assert entry is not None
    assert (entry.outcome, house.truth()) == (Outcome.FOUND, [entry.name])
    assert house.sim.state()["lost_answers"] == []
    sums = summed(await house.stand.account())
    assert (sums.orders.lost, sums.orders.matched, sums.faults) == (1, 1, ())


async def test_an_order_that_cannot_leave_is_not_sent(house: House) -> None:
    """A refused connection is no order: it is neither asked for nor counted as sent."""
    await house.agent.tick()
    house.sim.add_wire({"action": "refuse", "duration_s": 600})
    entry = await house.agent.next_order()
    assert entry is not None
    assert entry.outcome is Outcome.UNSENT
    assert house.agent.book.questions() == []


async def test_a_question_waits_until_it_can_be_asked(house: House) -> None:
    """When the look-up fails too, the order stays a question, and settling answers it."""
    house.sim.add_faults(
        [{**ONCE, "action": "reset_after"}, {"match": LOOK_UP[house.sim.venue], "action": "cut"}]
    )
    entry = await house.agent.next_order()
    assert entry is not None
    assert (entry.outcome, house.agent.book.questions()) == (Outcome.ASKED, [entry])
    house.sim.mend()
    await house.agent.settle()
    assert (entry.outcome, house.agent.book.questions()) == (Outcome.FOUND, [])


async def test_a_cancelled_order_is_a_question(house: House) -> None:
    """An order that was under way when the agent was stopped is asked for, not forgotten."""
    await house.agent.tick()
    sending = asyncio.create_task(house.agent.next_order())
    while not house.agent.book.questions():
        await asyncio.wait([sending], timeout=0)
    sending.cancel()
    await asyncio.wait([sending])
    await house.agent.settle()
    assert house.agent.book.questions() == []
    assert [entry.name for entry in house.agent.book.of(Outcome.FOUND)] == house.truth()


async def test_a_calm_venue_takes_every_order(house: House) -> None:
    """While nothing breaks nothing is refused, not where the account begins without coins either."""
    for _ in range(80):
        await house.agent.tick()
        house.clock.advance(1.0)  # or it would be more than the venue takes
    assert house.agent.book.counts().keys() == {Outcome.BOOKED.value}
    statuses = [each["status"] for each in house.sim.state()["orders"]]
    cancelled = sum(entry.cancelled for entry in house.agent.book.entries.values())
    assert statuses.count("CANCELED") == cancelled > 0
    assert statuses.count("NEW") <= 5
    sums = summed(await house.stand.account())
    assert sums.faults == ()
    assert (sums.calls.failed, sums.orders.sent) == (0, 40)


async def test_what_is_out_of_reach_is_refused(house: House) -> None:
    """The venue's no is an answer: nothing is asked, nothing is there, no circuit has opened."""
    await house.agent.overreach()
    assert house.agent.book.counts() == {Outcome.REFUSED.value: 1}
    assert house.agent.seen.without == 1
    assert (house.truth(), house.stand.is_well()) == ([], True)
    [told] = house.sim.state()["refused"]
    assert "balance" in told["msg"]


async def test_a_key_that_was_put_right_is_used_again(house: House) -> None:
    """A revoked key closes the account's gate, and renewing it opens it at once."""
    house.sim.add_faults({"match": "venue", "action": "key_revoked"})
    await house.agent.tick()
    await house.agent.next_order()
    assert not house.stand.is_well()
    house.sim.mend()
    house.stand.renew_key()
    assert house.stand.is_well()
    entry = await house.agent.next_order()
    assert entry is not None
    assert entry.outcome is Outcome.BOOKED


@pytest.mark.parametrize("venue", VENUES)
def test_the_plan_follows_from_seed_and_venue(venue: str) -> None:
    """The same seed wants the same, another one something else; both kinds and both sides occur."""
    quote = TRADES[venue].quote
    plans = [
        [Plan(seed, name, quote).wish(number) for number in range(50)]
        for seed, name in ((1, venue), (1, venue), (2, venue), (1, "another"))
    ]
    assert plans[0] == plans[1]
    assert plans[0] not in plans[2:]
    assert len({(one.side, one.type) for one in plans[0]}) == 4


def test_no_plan_runs_out_of_coins() -> None:
    """However long it goes on, what is sold was bought before, if each order is filled at once."""
    plan, held = Plan(7, "alpaca", "USD"), dict[str, Decimal]()
    for number in range(2_000):
        wanted = plan.wish(number)
        sign = {"buy": 1, "sell": -1}[wanted.side]
        held[wanted.symbol] = held.get(wanted.symbol, Decimal(0)) + sign * wanted.quantity
        assert held[wanted.symbol] >= 0
    assert all(amount < 1 for amount in held.values())
