"""Owns what people see of circuits, gates, limits and counts, and what they do to them by hand; calls are gear's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.words import Key, Scope
from switchgear.observe.health import health_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchgear.core.clock import Clock
    from switchgear.core.policy.budget import BudgetView
    from switchgear.core.policy.circuit_view import CircuitView
    from switchgear.core.policy.gate import GateView
    from switchgear.core.policy.weight import LedgerView
    from switchgear.observe.health import Health
    from switchgear.observe.metrics import CallMetrics
    from switchgear.registry import Registry

_SERVED_LATELY_S = 60.0


class Board:
    """The half of a gear that people look at and turn by hand."""

    clock: Clock
    registry: Registry

    def circuit(self, exchange: str, method: str, account: str = "main") -> CircuitView:
        """
        The circuit that decides about calls of a key now; closed and untouched for a key that was never called.

        It is the method's own, unless one that is wider refuses: the view's scope says which. `@exchange`,
        `@address` and `@account` in the method's place give the wider ones by themselves.
        """
        return self.registry.view(Key.of(exchange, method, account))

    def circuits(self) -> list[CircuitView]:
        """Every circuit at this instant, by key; those wider than a method once they have counted something."""
        return sorted(self.registry.views(), key=lambda view: view.key)

    def gates(self) -> list[GateView]:
        """Every gate at this instant."""
        return [gate.view() for gate in self.registry.gates]

    def budgets(self) -> list[BudgetView]:
        """What each exchange's retries have left, by exchange."""
        commons = dict(self.registry.commons)
        return [commons[name].budget.view() for name in sorted(commons)]

    def limits(self) -> list[LedgerView]:
        """What is used of each exchange's limits, as far as they are known."""
        commons = dict(self.registry.commons)
        return [view for name in sorted(commons) for view in commons[name].quotas.views()]

    def limit(
        self,
        exchange: str,
        name: str,
        capacity: float,
        *,
        period_s: float | None = None,
        scope: Scope = Scope.ADDRESS,
    ) -> None:
        """
        Set how large a limit of an exchange is, or tell one that switchgear does not know; what is used stays.

        Args:
            exchange: Whose limit it is.
            name: As `limits` has it, such as `orders_10s` of Binance; any other name makes a new one.
            capacity: Requests, orders or weight in a window, from 1.
            period_s: How long a window of a new limit is, above 0, a day at most.
            scope: Of a new limit: ADDRESS, or ACCOUNT for one of each key.

        Raises:
            SettingsError: One of these cannot be, or a new limit has no period.
        """
        key = Key.of(exchange, "limit")
        self.registry.common(key.exchange).quotas.limit(name, capacity, period_s, scope)

    def heard(
        self,
        exchange: str,
        headers: Mapping[str, str],
        *,
        account: str = "main",
        signed: bool = True,
        method: str = "",
        sent_s: float | None = None,
    ) -> None:
        """
        Tell what the headers of an answer say of the exchange's limits; what says nothing of them changes nothing.

        Our own clients do this by themselves. Call it from a client that is not ours.

        Args:
            exchange: Whose answer it is.
            headers: As received, names in any case.
            account: Whose key the request carried.
            signed: Whether it carried one.
            method: What it was made for.
            sent_s: When it was sent, by the gear's clock (`gear.clock.monotonic_s()`); with it an answer that came
                late is told from one that opens a new window.
        """
        key = Key.of(exchange, method or "unknown", account)
        quotas = self.registry.common(key.exchange).quotas
        quotas.heard(headers, key.account, signed, key.method if method else "", sent_s)

    def health(self) -> Health:
        """How things stand, in words."""
        lately_s = self.clock.monotonic_s() - _SERVED_LATELY_S
        return health_of(self.circuits(), self.gates(), self.registry.served_since(lately_s))

    def hold(
        self,
        exchange: str,
        method: str = "*",
        *,
        account: str = "*",
        state: str = "open",
        by: str,
        why: str,
        for_s: float | None = None,
    ) -> None:
        """
        Hold circuits by hand: open (nothing passes), closed (everything passes), metrics_only (as closed).

        Args:
            exchange: Name or pattern; keys that come later are bound too.
            method: As above.
            account: As above; every account when not given.
            state: open, closed or metrics_only.
            by: Who.
            why: For those who ask later.
            for_s: Seconds after which it ends by itself; None until released.

        Raises:
            SettingsError: The state is none of the three, or for_s is not above 0.
        """
        self.registry.hold(exchange, method, account, state=state, by=by, why=why, for_s=for_s)

    def release(
        self, exchange: str, method: str = "*", *, account: str = "*", by: str, why: str = ""
    ) -> None:
        """End the holds that names or patterns match; each circuit goes on as it was before."""
        self.registry.release(exchange, method, account, by=by, why=why)

    def reset(
        self, exchange: str, method: str = "*", *, account: str = "*", by: str, why: str = ""
    ) -> None:
        """
        Close circuits by hand, forgetting what they have seen; open the gates of the scopes that are meant.

        A gate is shared, so it is opened by its scope's name or a pattern of it: `@account` after a key was put
        right, `*` for everything of the exchange; the reset of one method opens none.
        """
        self.registry.reset(exchange, method, account, by=by, why=why)

    def metrics(self, exchange: str, method: str, account: str = "main") -> CallMetrics:
        """What happened to a key's calls; all zero for a key that was never called."""
        return self.registry.metrics(Key.of(exchange, method, account))

    def all_metrics(self) -> list[CallMetrics]:
        """What happened to every key's calls, by key."""
        return [self.registry.metrics(key) for key in sorted(self.registry.policies)]
