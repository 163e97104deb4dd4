"""Owns how pages, API and access become one application; where it listens is left to serving."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from switchgear.core.clock import SystemClock
from switchgear.server import errors
from switchgear.server.access import LOOPBACK, Access, Rules
from switchgear.server.api import Api
from switchgear.server.audit import Audit
from switchgear.server.circuit_history_api import CircuitHistoryApi
from switchgear.server.control_api import ControlApi
from switchgear.server.gates import TokenGate, gate_of
from switchgear.server.head import Head
from switchgear.server.login import LOGIN, Login
from switchgear.server.metrics_api import MetricsApi
from switchgear.server.model import Error
from switchgear.server.orders_api import OrdersApi
from switchgear.server.page import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from starlette.types import ASGIApp

    from switchgear.core.clock import Clock
    from switchgear.server.gates import Auth
    from switchgear.server.source import LogSource

_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token, from a program."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "switchgear-8080",
        "description": "From signing in; its name has the port by which the browser came.",
    },
}
_REFUSED: dict[int | str, dict[str, Any]] = {
    401: {"model": Error, "description": "Who asks is not known."},
    403: {"model": Error, "description": "They may not, or the request comes from another site."},
}


class _App(FastAPI):
    """Whose document says how one is known."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            document["components"]["securitySchemes"] = _SCHEMES
            document["security"] = [{name: []} for name in _SCHEMES]
            if login := document["paths"].get(LOGIN):
                login["post"]["security"] = []
        return super().openapi()


def create_app(
    source: LogSource,
    *,
    auth: Auth,
    allowed_hosts: Collection[str] = LOOPBACK,
    clock: Clock | None = None,
    closing: Callable[[], bool] = lambda: False,
    https: bool = False,
) -> ASGIApp:
    """
    The pages and the API as one ASGI application.

    Args:
        source: What is shown.
        auth: Who may ask: `Credentials`; "external" where the application around it has looked already; or a
            function of the ASGI scope, async or not, that gives None or role and name, as `("viewer", "anna")`.
        allowed_hosts: Names by which it may be asked, without a port; each port of them is allowed. `"*"` among
            them is any, where the application around it has looked already.
        clock: What the live tail waits by, and sessions end by.
        closing: Whether the server is about to end; live tails end then, else they keep it up.
        https: Browsers come by https, whatever the scope says: a proxy in front speaks TLS.

    Raises:
        SettingsError: `auth` is none of these.
    """
    clock = SystemClock() if clock is None else clock
    gate = gate_of(auth, clock)
    page, audit = Page(), Audit(source.note, clock)
    login = Login(gate if isinstance(gate, TokenGate) else None, audit)

    app = _App(
        title="switchgear",
        summary="What happened to every call to an exchange, what its circuits do, and what became of orders.",
        version="1",
        docs_url=None,  # the ready-made pages load scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    for router in (
        Api(source, clock, closing, audit).router,
        ControlApi(source).router,
        CircuitHistoryApi(source).router,
        MetricsApi(source).router,
        OrdersApi(source).router,
        login.router,
    ):
        app.include_router(router, prefix="/api/v1", responses=_REFUSED)
    app.router.routes.extend(page.routes(login=isinstance(gate, TokenGate)))
    errors.install(app)
    rules = Rules(allowed_hosts, page.script_hash, page.paths, https)
    return Access(Head(app), gate, clock, rules)
