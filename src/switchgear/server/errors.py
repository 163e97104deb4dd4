"""Owns how a failed request is answered: always JSON of one shape, whatever failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from switchgear.core.errors import SettingsError
from switchgear.observe.history import CountChanged, StoreError
from switchgear.order.intent import StaleIntent
from switchgear.server.orders_source import JournalBroken, NoIntent

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

_SHOWN_CHARS_MAX = 200


def install(app: FastAPI) -> None:
    """Answer every error of the application in the one shape."""
    app.add_exception_handler(SettingsError, _bad_filter)
    app.add_exception_handler(RequestValidationError, _bad_shape)
    app.add_exception_handler(CountChanged, _conflict)
    app.add_exception_handler(StoreError, _unavailable)
    app.add_exception_handler(NoIntent, _not_there)
    app.add_exception_handler(StaleIntent, _conflict)
    app.add_exception_handler(JournalBroken, _broken)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _crash)


def answer(status: int, message: str, **detail: str) -> Response:
    """An error as the API gives it; what is no text in UTF-8, such as half a character, is told by its number."""
    told = {name: _written(text) for name, text in {"message": message, **detail}.items()}
    return JSONResponse({"error": told}, status)


async def _bad_filter(_request: Request, error: Exception) -> Response:
    assert isinstance(error, SettingsError)
    value = str(error.value)[:_SHOWN_CHARS_MAX]
    return answer(400, str(error), field=error.field, value=value, allowed=error.allowed)


async def _bad_shape(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:]) or "body"
    allowed = str(first["msg"])
    if field == "token" or request.url.path.endswith(
        "/login"
    ):  # whatever came there may be a secret
        return answer(400, f"{field}: {allowed}", field=field, allowed=allowed)
    value = str(first.get("input", ""))[:_SHOWN_CHARS_MAX]
    return answer(400, f"{field}={value!r}: {allowed}", field=field, value=value, allowed=allowed)


async def _conflict(_request: Request, error: Exception) -> Response:
    return answer(409, str(error))


async def _unavailable(_request: Request, error: Exception) -> Response:
    return answer(503, f"the history cannot be read now: {error}")


async def _not_there(_request: Request, error: Exception) -> Response:
    return answer(404, str(error))


async def _broken(_request: Request, error: Exception) -> Response:
    return answer(503, str(error))


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return answer(error.status_code, str(error.detail))


async def _crash(_request: Request, _error: Exception) -> Response:
    # What went wrong goes to the program's log, by the server; a page is told that it did.
    return answer(500, "the server failed; its log says why")


def _written(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
