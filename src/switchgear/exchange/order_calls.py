"""Owns that a call about one order tells which; what is made of it, and of its requests, is wiretap's."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from switchgear.core.policy.wiretap import here

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from switchgear.core.guarded import Guarded

ABOUT_ONE_ORDER = frozenset({"create_order", "cancel_order", "get_order"})


def about_its_order(
    guard: Guarded, method: str, run: Callable[..., Coroutine[Any, Any, Any]]
) -> Callable[..., Coroutine[Any, Any, Any]]:
    """
    How a method asks the exchange, saying which order it is about, where it is about one.

    Only its client order id is told: an order that is named by the exchange's own id alone stays untold.
    """
    if method not in ABOUT_ONE_ORDER:
        return run
    guard.policy.trace()

    @wraps(run)
    async def named(*args: Any, **kwargs: Any) -> Any:
        mark = here()
        if mark is not None:
            first = args[0] if args else kwargs.get("request")
            name = kwargs.get("client_order_id") or getattr(first, "client_order_id", None)
            mark.about(name)
        return await run(*args, **kwargs)

    return named
