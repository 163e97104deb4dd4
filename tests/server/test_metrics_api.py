"""Tests /api/v1/metrics over real HTTP, from each source: every field of CallMetrics, of every key."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest

from switchgear.observe.metrics import CallMetrics

if TYPE_CHECKING:
    from tests.server.kit import House


def calls(house: House) -> dict[tuple[str, str], dict[str, Any]]:
    """The metrics by exchange and method."""
    return {(one["exchange"], one["method"]): one for one in house.get("metrics")["calls"]}


def test_each_key_has_every_field(told: House) -> None:
    """The fields are those of CallMetrics, no more and no less, and every key that was called is there once."""
    found = told.get("metrics")["calls"]
    assert {name for one in found for name in one} == {one.name for one in fields(CallMetrics)}
    assert sorted(calls(told)) == [
        ("binance", "create_order"),
        ("binance", "get_account_balance"),
        ("binance", "get_market_price"),
        ("coinbase", "get_market_price"),
    ]


def test_the_counts_are_those_of_the_story(told: House) -> None:
    """What succeeded, failed, was retried, rejected and served from elsewhere, and what the circuit does."""
    order = calls(told)["binance", "create_order"]
    assert (order["failed_calls"], order["rejected_calls"], order["circuit_openings"]) == (3, 1, 1)
    assert order["circuit_state"] == "open"
    assert "ConnectionResetError" in order["last_error"]
    assert order["last_error_at"].startswith("2026-01-01T00:00:0")
    assert calls(told)["binance", "get_account_balance"]["retried_attempts"] == 1
    price = calls(told)["binance", "get_market_price"]
    assert price["average_duration_ms"] == pytest.approx(12, rel=0.01)
    assert price["min_duration_ms"] <= price["p50_ms"] <= price["max_duration_ms"]
    assert calls(told)["coinbase", "get_market_price"]["fallback_calls"] == 1
