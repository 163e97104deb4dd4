"""Under which key a request is filed: few names, whatever the addresses are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import switchgear as sg
from switchgear.wrap.routes import ROUTES_MAX, Routes


@pytest.mark.parametrize(
    ("verb", "path", "method"),
    [
        ("GET", "/api/v3/ticker/price", "get_api_v3_ticker_price"),
        ("POST", "/api/v3/order", "post_api_v3_order"),
        ("DELETE", "/v2/orders/904837e3-3b76-47ec-b432-046db621571b", "delete_v2_orders_id"),
        ("GET", "/v2/assets/AAPL", "get_v2_assets_id"),
        ("GET", "/products/BTC-USD/book", "get_products_id_book"),
        ("GET", "/orders/12345", "get_orders_id"),
        ("GET", "/a/b/c/d/e/f", "get_a_b_c_d"),
        ("GET", "/", "get"),
        ("GET", "", "get"),
        ("GET", "/api/v1/%F0%9F%92%A9", "get_api_v1_f0_9f_92_a9"),
    ],
)
def test_a_route_is_told_by_its_first_parts(verb: str, path: str, method: str) -> None:
    """What names one thing among many is left out."""
    assert Routes("x", ()).of(verb, "h", path) == ("x", method)


@pytest.mark.parametrize(
    ("host", "exchange"),
    [
        ("api.binance.com", "binance"),
        ("api1.BINANCE.com.", "binance"),
        ("paper-api.alpaca.markets", "alpaca"),
        ("api.coinbase.com", "coinbase"),
        ("notbinance.com", "notbinance.com"),
        ("api.kraken.com", "api.kraken.com"),
        ("[::1]", "1"),
        ("müller.example", "mller.example"),
        ("", "unknown"),
    ],
)
def test_a_host_is_an_exchange(host: str, exchange: str) -> None:
    """One of a known venue is filed under its name, so that its limits and codes are known."""
    assert Routes(None, ()).of("GET", host, "/")[0] == exchange


@given(verb=st.text(max_size=12), host=st.text(max_size=90), path=st.text(max_size=300))
def test_any_request_has_a_key(verb: str, host: str, path: str) -> None:
    """Whatever stands in the address, it is a name that a key may have."""
    exchange, method = Routes(None, ()).of(verb or "GET", host, path)
    sg.Key.of(exchange, method or "get")


def test_routes_are_bounded() -> None:
    """Addresses without end are filed under one name, and those met before keep theirs."""
    routes = Routes("x", ())
    names = {
        routes.of("GET", "h", f"/p{'q' * (number % 20)}/{'r' * (number // 20)}")[1]
        for number in range(400)
    }
    assert len(names) == ROUTES_MAX + 1
    assert "get_other" in names
    assert routes.of("GET", "h", "/p/") == ("x", "get_p")


def test_a_template_is_a_path() -> None:
    """And says so when it is not."""
    with pytest.raises(sg.SettingsError, match="routes='orders'"):
        Routes("x", ["orders"])
