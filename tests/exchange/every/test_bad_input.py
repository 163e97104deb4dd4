"""Proves that what cannot be is refused before anything is sent, by every client in the same words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

import switchgear as sg
from switchgear.exchange import FieldError
from switchgear.exchange.client import VenueApi
from switchgear.practice.sim.server import Sim
from tests.exchange.every.kit import kind_of
from tests.exchange.venues import Case

pytestmark = pytest.mark.anyio


def wrong_orders(case: Case) -> dict[str, Any]:
    """By the field that is named: what makes an order that its pair does not allow."""
    return {
        "symbol": lambda: replace(case.resting(), symbol="NOPE/USD"),
        "price": lambda: case.resting(price=case.tick * 3000000 + case.tick / 1000000000),
        "quantity": lambda: case.resting(quantity=Decimal("0.000000000000001")),
    }


@pytest.mark.parametrize("field", ["symbol", "price", "quantity"])
async def test_an_order_that_breaks_a_rule_is_refused_here(
    api: VenueApi, case: Case, sim: Sim, field: str
) -> None:
    """The error names field, value and rule, and no order was sent."""
    request = wrong_orders(case)[field]()
    with pytest.raises(FieldError) as caught:
        await api.create_order(request)
    assert caught.value.field == field
    assert case.name in str(caught.value)
    assert "order.create" not in sim.state()["requests"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("quantity", Decimal("NaN")),
        ("quantity", Decimal(-1)),
        ("quantity", Decimal(0)),
        ("quantity", 0.01),
        ("price", 30000.0),
        ("price", Decimal("Infinity")),
    ],
)
def test_what_is_no_amount_makes_no_order(case: Case, field: str, value: object) -> None:
    """NaN, below 0, a float: the order cannot even be written down."""
    with pytest.raises(FieldError) as caught:
        case.resting(**{field: value})
    assert caught.value.field == field


Call = Callable[[Any, str], Any]
WRONG_CALLS: tuple[tuple[Call, str], ...] = (
    (lambda api, s: api.get_market_price("BTCUSD"), "symbol"),
    (lambda api, s: api.get_market_prices([]), "symbols"),
    (lambda api, s: api.get_market_prices(s), "symbols"),
    (lambda api, s: api.get_market_prices([s, s]), "symbols"),
    (lambda api, s: api.get_market_data(s, "7m"), "interval"),
    (lambda api, s: api.get_market_data(s, limit=0), "limit"),
    (lambda api, s: api.get_market_data(s, limit=10001), "limit"),
    (lambda api, s: api.get_market_data(s, since=datetime(2026, 1, 1)), "since"),  # noqa: DTZ001  that is the point
    (
        lambda api, s: api.get_market_data(
            s, since=datetime(2026, 1, 2, tzinfo=UTC), until=datetime(2026, 1, 1, tzinfo=UTC)
        ),
        "since",
    ),
    (lambda api, s: api.get_order_book(s, 101), "depth"),
    (lambda api, s: api.get_trades(s, limit=1001), "limit"),
    (lambda api, s: api.get_open_orders("nope"), "symbol"),
    (lambda api, s: api.cancel_all("nope"), "symbol"),
    (lambda api, s: api.get_order(s), "order_id"),
    (lambda api, s: api.get_order(s, order_id="1", client_order_id="a"), "order_id"),
    (lambda api, s: api.get_order(s, order_id="../x"), "order_id"),
    (lambda api, s: api.get_order(s, order_id=7), "order_id"),
    (lambda api, s: api.served("get_market_prices", iter(())), "symbols"),
    (lambda api, s: api.get_order(s, client_order_id="a b"), "client_order_id"),
    (lambda api, s: api.create_order("buy"), "request"),
)


@pytest.mark.parametrize(("call", "field"), WRONG_CALLS)
async def test_an_argument_that_cannot_be_is_named(
    api: VenueApi, case: Case, sim: Sim, gear: sg.Switchgear, call: Call, field: str
) -> None:
    """Nothing is sent and nothing is counted."""
    with pytest.raises(FieldError) as caught:
        await call(api, case.symbol)
    assert caught.value.field == field
    assert sim.state()["requests"] == {}
    assert all(found.total_calls == 0 for found in gear.all_metrics())


async def test_a_key_without_its_secret_is_refused(
    case: Case, gear: sg.Switchgear, sim: Sim
) -> None:
    """Key and secret go together."""
    with pytest.raises(sg.SettingsError, match="secret"):
        case.client(gear, sim, secret="")


async def test_a_wrong_key_closes_the_accounts_gate(
    case: Case, gear: sg.Switchgear, sim: Sim
) -> None:
    """The exchange refuses the key; the next call is not even sent, and no circuit moved."""
    key = f"{sim.key[:-1]}{'A' if sim.key[-1] != 'A' else 'B'}"
    async with case.client(gear, sim, key=key) as api:
        with pytest.raises(sg.ApiError) as caught:
            await api.get_account_balance()
        assert kind_of(caught.value) is sg.Kind.AUTHENTICATION
        with pytest.raises(sg.GateClosedError):
            await api.get_account_balance()
    assert gear.circuit(case.name, "get_account_balance").failures == 0


async def test_every_method_is_guarded_under_its_name(
    api: VenueApi, case: Case, gear: sg.Switchgear
) -> None:
    """Each method has a key of its own, ready before the first call."""
    assert set(api.methods) <= {view.key.method for view in gear.circuits()}
    with pytest.raises(sg.SettingsError, match="get_market_price"):
        await api.served("get_nothing")
    served = await api.served("get_market_price", case.symbol)
    assert served.source == "primary"


async def test_secrets_stay_out_of_everything(
    api: VenueApi, case: Case, gear: sg.Switchgear, sim: Sim
) -> None:
    """Neither key's secret nor a token is in records, metrics or errors."""
    sim.add_faults({"match": "*", "action": "html", "status": 502})
    with pytest.raises(sg.ApiError) as caught:
        await api.get_account_balance()
    shown = f"{caught.value!r} {gear.logs()!r} {gear.all_metrics()!r} {api!r}"
    secrets = [line for line in sim.secret.splitlines() if not line.startswith("-----")]
    assert not any(secret in shown for secret in secrets)
