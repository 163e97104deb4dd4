"""Proves the blocking form of the clients, over real sockets, from threads, and beside event loops."""

from __future__ import annotations

import os
import signal
import threading
import warnings
from concurrent.futures import CancelledError, ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.exchange import OrderStatus, SyncApi
from switchgear.practice.sim.server import SimThread
from tests.exchange.venues import CASES, Case

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    """One venue after the other."""
    found: Case = request.param
    return found


@pytest.fixture
def sim(case: Case) -> Iterator[SimThread]:
    """The practice exchange, on a thread and in real time."""
    with SimThread(venue=case.name) as running:
        yield running


@pytest.fixture
def api(case: Case, sim: SimThread) -> Iterator[SyncApi[Any]]:
    """A client that blocks, with a gear in real time."""
    with sg.Switchgear() as gear, SyncApi(case.client(gear, sim)) as made:
        yield made


def test_everything_can_be_had_without_a_loop(api: SyncApi[Any], case: Case) -> None:
    """Each method gives what the client gives."""
    price = api.get_market_price(case.symbol)
    assert isinstance(price, Decimal)
    assert set(api.get_market_prices([case.symbol])) == {case.symbol}
    assert len(api.get_market_data(case.symbol, limit=3)) == 3
    assert api.get_order_book(case.symbol, 1).asks
    assert api.get_symbol(case.symbol) == api.get_symbols()[case.symbol]
    order = api.create_order(case.resting(client_order_id="mine-1"))
    assert api.get_order(case.symbol, order_id=order.order_id).status is OrderStatus.OPEN
    assert len(api.get_open_orders()) == 1
    found = api.resolve(case.symbol, "mine-1")
    assert found is not None
    assert api.cancel_order(case.symbol, order_id=order.order_id).status is OrderStatus.CANCELED
    assert api.cancel_all().accepted == ()
    assert api.get_trades(case.symbol) == []
    api.create_order(case.market())
    assert api.get_account_balance().keys() == api.get_portfolio().balances.keys()
    assert api.get_positions()
    assert api.served("get_market_price", case.symbol).source == "primary"


def test_threads_share_one(api: SyncApi[Any], case: Case) -> None:
    """Eight threads ask at once, over one loop."""
    with ThreadPoolExecutor(8) as pool:
        prices = list(pool.map(api.get_market_price, [case.symbol] * 8))
    assert all(price > 0 for price in prices)
    names = [each.name for each in threading.enumerate()]
    assert names.count("switchgear-sync-api") == 1


def test_it_can_be_closed_and_used_again(api: SyncApi[Any], case: Case) -> None:
    """Close ends the thread; the next call begins another."""
    api.get_market_price(case.symbol)
    api.close()
    api.close()
    assert "switchgear-sync-api" not in {each.name for each in threading.enumerate()}
    assert api.get_market_price(case.symbol) > 0


def test_errors_are_the_clients(api: SyncApi[Any], case: Case) -> None:
    """A refusal comes through as it is."""
    with pytest.raises(sg.OrderRefused):
        api.create_order(case.resting(quantity=Decimal(5)))


@pytest.mark.anyio
async def test_inside_a_loop_it_says_what_to_use(api: SyncApi[Any], case: Case) -> None:
    """It would block the loop, so it refuses and names the client."""
    with pytest.raises(RuntimeError, match="await the client"):
        api.get_market_price(case.symbol)


def test_a_close_ends_the_calls_of_other_threads(
    api: SyncApi[Any], case: Case, sim: SimThread
) -> None:
    """A call that hangs in another thread is cancelled there; nobody waits for ever."""
    sim.add_faults({"match": "*", "action": "delay", "delay_s": 60})
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(api.get_market_price, case.symbol)
        while not sim.state()["requests"]:
            assert not hanging.done()
        api.close()
        with pytest.raises(CancelledError):
            hanging.result(timeout=10)


def test_an_interrupted_order_has_its_name(api: SyncApi[Any], case: Case, sim: SimThread) -> None:
    """The note on the error names the order, so that it can be looked up."""
    api.get_symbol(case.symbol)
    sim.add_faults({"match": "order.create", "action": "delay", "delay_s": 60})
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(api.create_order, case.market())
        while "order.create" not in sim.state()["requests"]:
            assert not sending.done()
        api.close()
        with pytest.raises(CancelledError) as caught:
            sending.result(timeout=10)
    [note] = caught.value.__notes__
    assert "sg-" in note


def test_the_child_of_a_fork_has_a_thread_of_its_own(api: SyncApi[Any], case: Case) -> None:
    """The loop of the parent has no thread in the child; a call there begins anew, and comes back."""
    api.get_market_price(case.symbol)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that a thread runs is the point
        child = os.fork()
    if not child:
        signal.alarm(10)
        try:
            os._exit(0 if api.get_market_price(case.symbol) > 0 else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert api.get_market_price(case.symbol) > 0
