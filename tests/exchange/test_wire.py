"""What each venue's client tells of its requests, and how one gets from an order to its calls and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.observe.query import LogQuery
from switchgear.practice.sim.server import Sim
from tests.exchange.venues import CASES, Case

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from switchgear.testing import FakeClock

pytestmark = pytest.mark.anyio


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    """Each venue."""
    found: Case = request.param
    return found


@pytest.fixture
async def sim(clock: FakeClock, case: Case) -> AsyncIterator[Sim]:
    """Its practice exchange."""
    async with Sim(clock=clock, venue=case.name) as running:
        yield running


@pytest.fixture
async def api(gear: sg.Switchgear, sim: Sim, case: Case) -> AsyncIterator[Any]:
    """Its client, on a gear that tells what goes over the wire."""
    gear.configure("*", wire=True)
    async with case.client(gear, sim) as made:
        yield made


def of(gear: sg.Switchgear, **filters: Any) -> list[sg.LogRecord]:
    """The records that match, the oldest first."""
    return gear.query(LogQuery(**filters))[::-1]


async def test_an_order_leads_to_its_calls_and_each_call_to_its_order(
    api: Any, case: Case, gear: sg.Switchgear
) -> None:
    """By the client order id: the call that placed it, the one that asked for it, the one that cancelled it."""
    order = await api.create_order(case.resting())
    name = order.client_order_id
    await api.get_order(case.symbol, client_order_id=name)
    await api.resolve(order)
    await api.cancel_order(case.symbol, client_order_id=name)
    called = of(gear, order_id=name, event="order_called")
    assert [record.method for record in called] == [
        "create_order",
        "get_order",
        "get_order",
        "cancel_order",
    ]
    assert len({(record.method, record.call_id) for record in called}) == 4
    for record in called:
        key = {"exchange": record.exchange, "method": record.method, "call_id": record.call_id}
        assert of(gear, **key, event="call_succeeded")
        assert {wire.order_id for wire in of(gear, **key, event="wire")} == {name}


async def test_a_call_of_an_order_is_known_without_the_wire(
    api: Any, case: Case, gear: sg.Switchgear
) -> None:
    """What goes over the wire is told to whoever asks; whose order it was is always known."""
    gear.configure("*", wire=False)
    order = await api.create_order(case.resting())
    (called,) = of(gear, order_id=order.client_order_id)
    (ended,) = of(gear, method="create_order", call_id=called.call_id, event="call_succeeded")
    assert (called.attempt, called.level, ended.attempt) == (1, sg.Level.DEBUG, 1)
    assert of(gear, event="wire") == []


async def test_every_request_is_told_with_what_a_curl_needs(
    api: Any, sim: Sim, case: Case, gear: sg.Switchgear
) -> None:
    """Method, whole address, headers and body as they went out, but for what proves that they are ours."""
    await api.create_order(case.market())
    sent = [record.detail for record in of(gear, method="create_order", event="wire")]
    posted: Any = next(each for each in sent if each["request"]["method"] == "POST")  # type: ignore[index]  # pyright: ignore[reportIndexIssue]  a table
    assert posted["request"]["url"].startswith(sim.base_url)
    assert "BTC" in posted["request"]["body"]
    assert posted["answer"]["status"] == 200
    assert posted["answer"]["body"].startswith("{")
    assert "***" in str(posted["request"])
    assert sim.key not in str(sent)


async def test_a_refusal_and_a_broken_connection_are_told(
    api: Any, sim: Sim, case: Case, gear: sg.Switchgear
) -> None:
    """The answer that refused, and the error where there was no answer; each attempt by itself."""
    gear.configure("*", retries=1)
    sim.add_faults({"match": "*", "action": "reset_before", "count": 1})
    await api.get_order_book(case.symbol, 5)
    found = of(gear, method="get_order_book", event="wire")
    assert [record.status for record in found][-1] == 200
    assert any(record.status is None and "NetworkError" in record.message for record in found)
    assert {record.attempt for record in found} == {1, 2}


async def test_an_attempt_that_was_cut_is_told(
    api: Any, sim: Sim, case: Case, gear: sg.Switchgear
) -> None:
    """Our own time limit ended it: there is no status, and that is said."""
    await api.get_order_book(case.symbol, 5)
    gear.configure("*", retries=0, timeout_s=1)
    sim.add_faults({"match": "*", "action": "delay", "delay_s": 5, "count": 1})
    with pytest.raises(sg.AttemptTimeout):
        await api.get_order_book(case.symbol, 6)
    *_, last = of(gear, method="get_order_book", event="wire")
    assert (last.status, "CancelledError" in last.message) == (None, True)
