"""Owns how pages, API and access become one application; where it listens is left to serving."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

from switchgear.core.clock import SystemClock
from switchgear.server import errors
from switchgear.server.access import LOOPBACK, Access
from switchgear.server.api import Api
from switchgear.server.orders_api import OrdersApi
from switchgear.server.page import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from starlette.types import ASGIApp

    from switchgear.core.clock import Clock
    from switchgear.server.source import LogSource


def create_app(
    source: LogSource,
    *,
    allowed_hosts: Collection[str] = LOOPBACK,
    clock: Clock | None = None,
    closing: Callable[[], bool] = lambda: False,
) -> ASGIApp:
    """
    The pages and the API as one ASGI application.

    Args:
        source: What is shown.
        allowed_hosts: Names by which it may be asked, without a port; each port of them is allowed.
        clock: What the live tail waits by.
        closing: Whether the server is about to end; live tails end then, else they keep it up.
    """
    page = Page()
    api = Api(source, SystemClock() if clock is None else clock, closing)

    app = FastAPI(
        title="switchgear",
        summary="What happened to every call to an exchange, what its circuits do, and what became of orders.",
        version="1",
        docs_url=None,  # the ready-made pages load scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.include_router(api.router, prefix="/api/v1")
    app.include_router(OrdersApi(source).router, prefix="/api/v1")
    app.router.routes.extend(page.routes())
    errors.install(app)
    return Access(app, allowed_hosts, page.script_hash)
