"""Owns one venue of the demo: its practice server, its client, its agent; when what happens is the story's."""

from __future__ import annotations

from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from switchgear.core.policy.fallback import last_good, source
from switchgear.core.words import CircuitState, Scope
from switchgear.exchange.alpaca import AlpacaApi
from switchgear.exchange.backend import BackendApi
from switchgear.exchange.binance import BinanceApi
from switchgear.exchange.coinbase import CoinbaseApi
from switchgear.order.desk import JournalDesk
from switchgear.order.store import IntentQuery
from switchgear.order.ways import ways_of
from switchgear.practice.demo.agent import Agent, Seen
from switchgear.practice.demo.plan import Plan
from switchgear.practice.demo.summary import Account

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from switchgear.gear import Switchgear
    from switchgear.order.journal import Journal
    from switchgear.order.ways import Ways
    from switchgear.practice.demo.facts import Facts
    from switchgear.practice.sim.server import Sim

Client: TypeAlias = BinanceApi | AlpacaApi | CoinbaseApi
_PRICE_S_MAX, _PORTFOLIO_S_MAX = 1.5, 2.0
"""How old a remembered value may be."""
_DEADLINE_S = 0.05
"""The agent waits for one look at an order in doubt, no longer: what comes after that is the reconciler's."""
_UNDER_WAY_S, _SETTLE_S, _LOOK_S = 1.0, 0.5, 0.2
"""
When an order that is not there counts as absent, and how often it is looked for.

A real exchange is given from a quarter of a minute to five minutes. Here nothing holds a copy back for long: what
breaks loses it, or lets it through.
"""
_ALL = 2**31 - 1


class Trade(NamedTuple):
    """How a venue is traded on."""

    api: type[Client]
    quote: str
    pace_s: float
    """Between two rounds of the agent's work, while the scenario goes at its own speed."""
    pace_s_min: float
    """The same, however fast the scenario goes: within the venue's limits."""
    has_second_way: bool
    """The portfolio can be had from the backend too; where not, it can go missing."""


TRADES = {
    "binance": Trade(BinanceApi, "USDT", 0.2, 0.08, has_second_way=True),
    # Alpaca takes 200 calls a minute, and as many for market data.
    "alpaca": Trade(AlpacaApi, "USD", 0.7, 0.2, has_second_way=True),
    # Coinbase takes 10 calls of its public endpoints a second.
    "coinbase": Trade(CoinbaseApi, "USD", 0.25, 0.18, has_second_way=False),
}


class Span(NamedTuple):
    """What happened at one venue from one moment to another."""

    facts: Counter[str]
    """Events by name."""
    seen: Seen
    """What the agent got to see."""
    orders: Counter[str]
    """Orders by what became of them."""


class Stand:
    """One venue, and who trades on it."""

    def __init__(self, desk: JournalDesk, api: Client, facts: Facts, sim: Sim, seed: int) -> None:
        self.venue = sim.venue
        self.api = api
        self._gear, self._desk = api.gear, desk
        plan = Plan(seed, sim.venue, TRADES[sim.venue].quote)
        self.agent = Agent(api, desk, self._gear.clock, plan)
        self._facts = facts
        self._sim = sim
        self._before: tuple[Counter[str], Counter[str]] = (Counter(), Counter())

    def mark(self) -> None:
        """Begin a new span."""
        self._before = self._facts.of(self.venue), self.agent.book.counts()
        self.agent.seen = Seen()

    def span(self) -> Span:
        """What has happened since the last mark."""
        facts, orders = self._before
        return Span(
            self._facts.of(self.venue) - facts, self.agent.seen, self.agent.book.counts() - orders
        )

    def is_well(self) -> bool:
        """Whether no circuit is open here, and no gate closed."""
        states = [one.state for one in self._gear.circuits() if one.key.exchange == self.venue]
        return not self._closed_gates() and set(states) <= {CircuitState.CLOSED}

    def renew_key(self) -> None:
        """
        Do what a person does who has put a refused key right: open the account's gate.

        Nobody else can know of it, so the gate would stay closed for half a minute and more. All
        methods of the account share it.
        """
        if Scope.ACCOUNT in self._closed_gates():
            self._gear.reset(self.venue, "@account", by="demo", why="the key is right again")

    async def account(self) -> Account:
        """All that is known of this venue, once no more orders are sent there."""
        journal = self._desk.journal
        # First: it waits until all is carried out that was handed over.
        await journal.unsettled(*self._desk.place)
        intents = await journal.query(IntentQuery(*self._desk.place, limit=_ALL))
        facts = self._facts.of(self.venue)
        metrics = [one for one in self._gear.all_metrics() if one.exchange == self.venue]
        return Account(self.venue, metrics, facts, intents, self.agent.book, self._sim.state())

    def _closed_gates(self) -> set[Scope]:
        return {
            gate.scope for gate in self._gear.gates() if gate.closed and gate.exchange == self.venue
        }


@asynccontextmanager
async def opened(
    gear: Switchgear, journal: Journal, facts: Facts, sim: Sim, seed: int
) -> AsyncGenerator[Stand]:
    """A stand at this venue, called through the proxy that breaks the wire; closed at the end."""
    trade = TRADES[sim.venue]
    async with BackendApi(sim.backend_url, clock=gear.clock) as backend:
        portfolio: list[object] = [last_good(_PORTFOLIO_S_MAX)]
        if trade.has_second_way:
            portfolio.append(source(backend.get_portfolio, name="backend"))
        price = [last_good(_PRICE_S_MAX), source(backend.get_market_price, name="backend")]
        fallbacks = {"get_market_price": price, "get_portfolio": portfolio}
        async with (
            trade.api(
                gear, key=sim.key, secret=sim.secret, base_url=sim.wire_url, fallbacks=fallbacks
            ) as api,
            JournalDesk(api, journal, deadline_s=_DEADLINE_S, ways=_ways_of(api)) as desk,
        ):
            yield Stand(desk, api, facts, sim, seed)


def _ways_of(api: Client) -> Ways:
    """What the venue's rules allow, in the demo's times."""
    ways = ways_of(api.exchange, api.order_expires_s)
    return replace(ways, expires_s=_UNDER_WAY_S, settle_s=_SETTLE_S, every_s=_LOOK_S)
