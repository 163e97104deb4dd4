"""Proves that a clock that is off and a revoked key do at Alpaca and Coinbase what they do there."""

from __future__ import annotations

import pytest

from tests.practice.coinbase.kit import HOST, token, token_parts
from tests.practice.station import Station

pytestmark = pytest.mark.anyio
ACCOUNTS = "/api/v3/brokerage/accounts"
PUBLIC = "/api/v3/brokerage/market/products/BTC-USD/ticker"


async def coinbase_status(station: Station) -> tuple[int, str]:
    """Status and words of a signed look-up at Coinbase, made by the true clock."""
    now_s = int(station.clock.wall().timestamp())
    parts = token_parts(station.sim.key, "GET", ACCOUNTS, now_s)
    signed = {"Host": HOST, "Authorization": f"Bearer {token(station.sim.secret, *parts)}"}
    reply = await station.call("GET", ACCOUNTS, headers=signed)
    return reply.status, str(reply.json)


async def alpaca_status(station: Station) -> int:
    """Status of a look-up with a key at Alpaca."""
    keyed = {"APCA-API-KEY-ID": station.sim.key, "APCA-API-SECRET-KEY": station.sim.secret}
    return (await station.call("GET", "/v2/account", headers=keyed)).status


@pytest.mark.parametrize(
    ("skew_ms", "status", "words"),
    [(150_000, 401, "expired"), (-30_000, 401, "Unauthorized"), (60_000, 200, "accounts")],
)
async def test_coinbase_checks_tokens_by_its_clock(skew_ms: int, status: int, words: str) -> None:
    """Tokens have expired, or are not valid yet, when the clock is off by more than they live."""
    async with Station(venue="coinbase") as station:
        station.sim.add_faults({"match": "venue", "action": "clock_skew", "skew_ms": skew_ms})
        given, said = await coinbase_status(station)
        assert given == status
        assert words in said
        station.sim.clear_faults()
        assert (await coinbase_status(station))[0] == 200


async def test_a_revoked_key_at_coinbase() -> None:
    """The token is refused in plain text; what needs no key goes on."""
    async with Station(venue="coinbase") as station:
        station.sim.add_faults({"match": "venue", "action": "key_revoked"})
        assert await coinbase_status(station) == (401, "Unauthorized")
        assert (await station.call("GET", PUBLIC)).status == 200
        assert station.sim.state()["faults"] == {"key_revoked": 1}


async def test_alpaca_refuses_nothing_for_its_clock_and_a_revoked_key_at_once() -> None:
    """Its requests carry no time, so a skew moves its clock alone; an unknown key is a 401."""
    async with Station(venue="alpaca") as station:
        station.sim.add_faults({"match": "venue", "action": "clock_skew", "skew_ms": 3_600_000})
        assert await alpaca_status(station) == 200
        station.sim.add_faults({"match": "venue", "action": "key_revoked"})
        assert await alpaca_status(station) == 401
        station.sim.clear_faults()
        assert await alpaca_status(station) == 200
