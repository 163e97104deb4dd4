"""Owns reading the parameters of a question; what they may be is left to whoever answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.errors import SettingsError

if TYPE_CHECKING:
    from starlette.requests import Request


def given(request: Request) -> dict[str, str]:
    """The parameters of a question; raises SettingsError for one that comes twice."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in found:
            raise SettingsError(name, value, "may be given once")
        found[name] = value
    return found
