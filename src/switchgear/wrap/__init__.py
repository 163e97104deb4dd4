"""
Owns finding out what a client is that somebody already has; who knows such clients puts the guard round it.

No library is imported here: a client is known by the names of its classes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from switchgear.core.errors import SettingsError
from switchgear.core.redact import is_secret_name, register_secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switchgear.wrap.wire import Desk

_KINDS = {
    "ccxt.base.exchange.BaseExchange": "ccxt_exchange",
    "ccxt.base.exchange.Exchange": "ccxt_exchange",
    "requests.sessions.Session": "requests_session",
    "httpx.Client": "httpx_client",
    "httpx.AsyncClient": "httpx_client",
    "httpx2.Client": "httpx_client",
    "httpx2.AsyncClient": "httpx_client",
    "aiohttp.client.ClientSession": "aiohttp_session",
}
"""The class by its qualified name, and the module that knows it."""


def wrap(
    desk: Desk,
    client: Any,
    exchange: str | None = None,
    account: str = "main",
    routes: Sequence[str] = (),
) -> Any:
    """
    The client, guarded; the same object, of the same class.

    Args:
        desk: Where guards come from.
        client: An exchange of ccxt, a session of requests or aiohttp, or a client of httpx or httpx2.
        exchange: What its calls are filed under; by the host of each request when not given.
        account: Which key of the exchange it acts for.
        routes: Paths with `{}` where they vary, such as `/v2/orders/{id}`; others are told by their first parts.

    Raises:
        SettingsError: It is none of these, or a route is none.
    """
    names = {f"{cls.__module__}.{cls.__qualname__}" for cls in type(client).__mro__}
    for name, module in _KINDS.items():
        if name in names:
            guard: Any = import_module(f"switchgear.wrap.{module}").guard
            _keep_secret(client)
            return guard(desk, client, exchange, account, routes)
    allowed = "must be an exchange of ccxt, a session of requests or aiohttp, or a client of httpx"
    raise SettingsError("client", type(client).__qualname__, allowed)


def _keep_secret(client: Any) -> None:
    """Have the keys among the headers of each request masked in all that is kept, wherever an exchange repeats them."""
    found: Any = getattr(client, "headers", None) or getattr(client, "_default_headers", None) or {}
    for name, value in found.items():
        if isinstance(value, str) and is_secret_name(str(name)):
            register_secret(value.rpartition(" ")[2])
