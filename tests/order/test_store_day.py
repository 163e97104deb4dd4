"""Tests that a day is never fuller than it may be: in every kind of store, and whoever writes at the same moment."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.dialects import sqlite

from switchgear.exchange.model import FieldError
from switchgear.observe.store.errors import StoreError
from switchgear.order import OrderLimits, sql_store
from switchgear.order.intent import Intent, State
from switchgear.order.sql_rows import NOTIONALS
from switchgear.order.store import (
    Change,
    Day,
    DayFull,
    DuplicateIntent,
    Halted,
    IntentQuery,
    Switch,
    Write,
)
from tests.order.bench import Bench
from tests.order.stores import BY, intent, request, wrote
from tests.order.test_sql_together import together

if TYPE_CHECKING:
    from switchgear.order.store import IntentStore, Outcome
    from tests.order.stores import Place

ALL = IntentQuery()
SINCE_MS = 1_000
TEN = Day(SINCE_MS, Decimal(10))
"""What is written by `intent` is dated just after it."""
NEAR_28_DIGITS = "1234567890123456789.000000000000000001"


def written(store: IntentStore, number: int, notional: str | None, day: Day = TEN) -> Outcome:
    """What became of an intent that is worth so much."""
    one = replace(intent(number), notional=notional)
    (outcome,) = store.apply([Write(one, BY, day)], durable=True)
    return outcome


def test_a_day_is_filled_to_the_brim_and_no_further(store: IntentStore) -> None:
    """Just what fits is kept; of what does not nothing is, and the refusal names what it would have come to."""
    assert isinstance(written(store, 1, "4.00"), Intent)
    assert isinstance(written(store, 2, "6"), Intent)
    refused = written(store, 3, "0.01")
    assert isinstance(refused, DayFull)
    assert (refused.total, refused.day) == (Decimal("10.01"), TEN)
    assert [each.intent_id for each in store.query(ALL)] == ["i2", "i1"]
    assert (store.get("i3"), store.moves("i3")) == (None, [])


def test_one_step_of_a_batch_sees_those_before_it(store: IntentStore) -> None:
    """Of three in one transaction the third does not fit, and it alone is refused."""
    each = [replace(intent(number), notional="4") for number in range(3)]
    outcomes = store.apply([Write(one, BY, TEN) for one in each], durable=True)
    assert [type(outcome) for outcome in outcomes] == [Intent, Intent, DayFull]


def test_what_counts_is_of_this_account_and_day_and_may_be_booked(store: IntentStore) -> None:
    """Another account, the day before, what is proved not to be booked and what has no worth do not fill it."""
    others: list[dict[str, Any]] = [
        {"account": "second"},
        {"exchange": "kraken"},
        {"created_ms": SINCE_MS - 1},
        {"state": State.REJECTED},
        {"state": State.ABSENT},
        {"state": State.ABANDONED},
        {"notional": None},
    ]
    made = [
        replace(intent(number), **{"notional": "10", **fields})
        for number, fields in enumerate(others)
    ]
    wrote(store, *made, replace(intent(20), created_ms=SINCE_MS, notional="1"))
    refused = written(store, 21, "10")
    assert isinstance(refused, DayFull)
    assert refused.total == 11
    assert isinstance(written(store, 22, "9"), Intent)
    assert isinstance(written(store, 23, None), Intent)


@pytest.mark.parametrize("state", [State.NEW, State.SENT, State.UNKNOWN, State.ACKED, State.FOUND])
def test_what_is_booked_or_may_be_counts(store: IntentStore, state: State) -> None:
    """Whatever of the two it is."""
    wrote(store, replace(intent(1), state=state, notional="7"))
    assert isinstance(written(store, 2, "4"), DayFull)


def test_what_is_refused_makes_room(store: IntentStore) -> None:
    """An order that the exchange refused is not counted from then on."""
    kept = written(store, 1, "10")
    assert isinstance(kept, Intent)
    store.apply([Change(kept.moved(State.REJECTED, 5, "refused"), State.NEW, BY)], durable=True)
    assert isinstance(written(store, 2, "10"), Intent)


def test_no_digit_is_rounded_away(store: IntentStore) -> None:
    """Sums of more digits than Python's own decimals have are exact: one unit of the last place does not fit."""
    most = Decimal("2469135780246913578.000000000000000002")
    day = Day(SINCE_MS, most)
    assert isinstance(written(store, 1, NEAR_28_DIGITS, day), Intent)
    refused = written(store, 2, "1234567890123456789.000000000000000002", day)
    assert isinstance(refused, DayFull)
    assert str(refused.total) == "2469135780246913578.000000000000000003"
    assert isinstance(written(store, 3, NEAR_28_DIGITS, day), Intent)


def test_who_comes_again_is_told_so_on_a_full_day(store: IntentStore) -> None:
    """A duplicate is one whatever the day says."""
    first = replace(intent(1), notional="10", idempotency_key="k")
    store.apply([Write(first, BY, TEN)], durable=True)
    again = replace(intent(2), notional="10", idempotency_key="k")
    (refused,) = store.apply([Write(again, BY, TEN)], durable=True)
    assert isinstance(refused, DuplicateIntent)
    assert refused.found == first
    named = replace(intent(3, request=request("c1")), notional="10")
    (refused,) = store.apply([Write(named, BY, TEN)], durable=True)
    assert isinstance(refused, DuplicateIntent)


def test_a_halt_is_told_before_a_full_day(store: IntentStore) -> None:
    """The reason that a person gave comes first."""
    store.apply([Switch(on=True, at_ms=1, by="ann", why="odd")], durable=True)
    assert isinstance(written(store, 1, "11"), Halted)


@pytest.mark.usefixtures("patient")
def test_of_many_at_once_exactly_what_fits_is_kept(place: Place) -> None:
    """Three stores, each as another process has it, write at the same moment: the day is full, and not more."""
    outcomes: list[Outcome] = []

    def write(first: int) -> None:
        store = place.open()
        outcomes.extend(written(store, number, "0.7") for number in range(first, first + 10))

    together(*(lambda first=first: write(first) for first in (0, 10, 20)))
    kept = [each for each in outcomes if isinstance(each, Intent)]
    assert len(kept) == 14
    assert all(isinstance(each, Intent | DayFull) for each in outcomes)
    assert len(place.open().query(ALL)) == 14


@pytest.mark.usefixtures("impatient")
def test_the_sum_waits_for_intents_under_way(schema: Place) -> None:
    """What another transaction has written and not yet committed is never left out: it is waited for."""
    store = schema.open()
    with (
        schema.halfway(f"select pg_advisory_xact_lock_shared({sql_store._TURN})"),
        pytest.raises(StoreError, match="lock timeout"),
    ):
        written(store, 1, "1")
    assert isinstance(written(store, 1, "1"), Intent)


def test_a_day_is_found_by_an_index(file: Place) -> None:
    """A long journal costs nothing: only the rows of the day are read."""
    file.open()
    asked = NOTIONALS.params(exchange="binance", account="main", since_ms=SINCE_MS)
    text = asked.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    plan = " ".join(str(row[-1]) for row in file.ask(f"explain query plan {text}"))
    assert "intent_by_account (exchange=? AND account=? AND created_ms>?)" in plan


# ------------------------------------------------------------------------------------ with desks


def test_two_desks_share_a_day() -> None:
    """Two programs weigh their orders at the same moment: one of them finds that there is no room."""
    with Bench(limits=OrderLimits(notional_day_max=Decimal(100))) as bench:
        other = bench.program("two")[2]

        async def both() -> list[Any]:
            calls = [desk.submit(bench.market()) for desk in (bench.desk, other)]
            return await asyncio.gather(*calls, return_exceptions=True)

        found = bench.run(both())
        assert sorted(type(each).__name__ for each in found) == ["FieldError", "Order"]
        (error,) = [each for each in found if isinstance(each, FieldError)]
        assert error.field == "notional of today"
        assert error.allowed == "notional_day_max is 100"
        assert len(bench.booked) == len(bench.intents) == 1


def test_an_order_at_midnight_is_of_the_day_it_is_dated_in() -> None:
    """Each order counts in the day of its own date, and the next day begins empty."""
    with Bench(limits=OrderLimits(notional_day_max=Decimal(70))) as bench:
        bench.submit(bench.market())
        with pytest.raises(FieldError, match="notional of today"):
            bench.submit(bench.market())
        bench.clock.advance(86_400)
        bench.submit(bench.market())


def test_a_replay_passes_a_full_day() -> None:
    """The same caller gets the first order, whatever limits it fills, and whether the market can be asked."""
    limits = OrderLimits(notional_day_max=Decimal(100), open_orders_max=1)
    with Bench(limits=limits) as bench:
        first = bench.submit(bench.limit("30000"), idempotency_key="k")
        again = bench.submit(bench.limit("30000"), idempotency_key="k")
        assert again.order_id == first.order_id
        with pytest.raises(FieldError, match="open orders"):
            bench.submit(bench.limit("30000"), idempotency_key="another")
        bench.gear.hold(
            "binance", "get_open_orders", state="open", by="ops", why="a test", for_s=None
        )
        again = bench.submit(bench.limit("30000"), idempotency_key="k")
        assert again.order_id == first.order_id
        assert len(bench.booked) == 1
