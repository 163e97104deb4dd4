"""
Owns the same wire and the same kills met without a journal: what programs lose that send orders as most do.

What is counted is the program's own idea of its orders beside the venue's. The ways to send are those of libraries,
written down by what they do; the libraries themselves do not run in virtual time.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from switchgear.core.errors import ApiError, SwitchgearError
from switchgear.exchange.api import name_here
from tests.order.mortal import Killed
from tests.order.net import executions_per_client_id
from tests.order.world import PROCESSES, Process, World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from switchgear.exchange.model import Order, OrderRequest

TRIES = 4
_AGAIN = (429, 504)
"""What alpaca-py's session sends again, orders too: three times after the first, without an id of the caller's."""


@dataclass
class Lost:
    """What came of a seed, by the venue's truth."""

    orders: int = 0
    doubled: int = 0
    """Orders that were booked more than once."""
    lost: int = 0
    """Orders that are booked and the program thinks they are not, or does not know of."""
    faults: list[str] = field(default_factory=list[str])


class Bare(World):
    """Programs without a journal: what they know they forget when they are killed."""

    is_named = True
    """Each order has one client order id, whatever is tried."""

    async def send(self, process: Process, request: OrderRequest) -> Order:
        """Place one order as this program does; without any way of its own, in one attempt."""
        maker: Any = process
        order: Order = await maker.attempt(request)
        return order

    async def run(self) -> Any:
        """Orders and kills, then the count."""
        self.bare = Lost()
        self.names: dict[str, list[str]] = {}
        self.believed: Counter[str] = Counter()
        await self._gathered()
        self.is_calm = True
        self.net.drain()
        booked = executions_per_client_id(self.practice)
        for label, names in self.names.items():
            count = sum(booked.get(name, 0) for name in names)
            self.bare.orders += 1
            self.bare.doubled += count > 1
            self.bare.lost += count > self.believed[label]
        return self.bare

    async def _order(self, process: Process) -> None:
        label = process.journal.draw()
        self.names[label] = []
        request = self._request()
        try:
            await self.send(_Noting(self, process, label), request)  # type: ignore[arg-type]  # as far as it is used
        except SwitchgearError:
            return
        except Killed:
            process.end()
            return
        self.believed[label] += 1


class _Noting:
    """A process that notes under which ids an order goes out, and may die at each request."""

    def __init__(self, world: Bare, process: Process, label: str) -> None:
        self._world, self._process, self._label = world, process, label
        access = process.desk.access
        self._send: Callable[[OrderRequest], Awaitable[Order]] = access.send
        self._name = f"sg-{process.journal.draw()}"

    async def attempt(self, request: OrderRequest) -> Order:
        """One request."""
        world, process = self._world, self._process
        if not world.is_named:
            self._name = f"sg-{process.journal.draw()}"
        named = replace(request, client_order_id=self._name)
        world.names[self._label].append(self._name)
        name_here(named)
        process.at("before sent")
        order = await self._send(named)
        process.at("after sent")
        return order


class Once(Bare):
    """Sends once, and takes every error for a failure: ccxt, and what is written on it by the book."""


class Blind(Bare):
    """Tries again on every error of the network and every 5xx, with the same id."""

    async def send(self, process: Any, request: OrderRequest) -> Order:
        """Up to four times."""
        return await _tried(
            process, request, lambda error: error.status is None or error.status >= 500
        )


class AsAlpacaPy(Bare):
    """Tries again on 429 and 504, and names no order: each try is an order of its own."""

    is_named = False

    async def send(self, process: Any, request: OrderRequest) -> Order:
        """Up to four times."""
        return await _tried(process, request, lambda error: error.status in _AGAIN)


async def _tried(process: Any, request: OrderRequest, again: Callable[[ApiError], bool]) -> Order:
    for left in reversed(range(TRIES)):
        try:
            order: Order = await process.attempt(request)
        except ApiError as error:
            if not left or not again(error):
                raise
        else:
            return order
    raise AssertionError("the last try returns or raises")


WAYS: dict[str, type[Bare]] = {
    "sent once, an error is a failure (ccxt)": Once,
    "blind retry, one id": Blind,
    "retried on 429 and 504, no id (alpaca-py)": AsAlpacaPy,
}
assert PROCESSES > 1
