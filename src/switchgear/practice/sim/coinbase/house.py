"""Owns what an endpoint of the practice Coinbase works on: the books of the one user, and a call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from switchgear.practice.sim.accounts import Account, Order
    from switchgear.practice.sim.coinbase.keys import ApiKey
    from switchgear.practice.sim.coinbase.queries import Query
    from switchgear.practice.sim.coinbase.shapes import Owner
    from switchgear.practice.sim.ledger import Ledger


@dataclass(slots=True)
class House:
    """The ledger, the user's account in it, and what was not booked."""

    ledger: Ledger
    account: Account
    owner: Owner
    refused: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Orders that were not booked: client_order_id, code, msg, status, via."""
    _orders: dict[str, Order] = field(default_factory=dict[str, "Order"])

    def order(self, order_id: str) -> Order | None:
        """The order with this id, those that came through the backend included; else None."""
        for order in self.account.orders[len(self._orders) :]:
            self._orders[self.owner.order_id(order)] = order
        return self._orders.get(order_id)

    def note_refused(self, name: str | None, code: str, msg: str) -> None:
        """Note that an order was not booked."""
        note = {"client_order_id": name, "code": code, "msg": msg}
        self.refused.append(note | {"status": "REJECTED", "via": "coinbase"})


@dataclass(slots=True)
class Call:
    """One call of an endpoint."""

    body: bytes
    query: Query
    part: str
    """What its path names, empty where it names nothing."""
    key: ApiKey | None
    """None where no key is asked for."""
    booked: Order | None = None
    """The order that it put in the ledger."""

    @property
    def signed(self) -> ApiKey:
        """The key of an endpoint that asks for one."""
        assert self.key is not None
        return self.key
