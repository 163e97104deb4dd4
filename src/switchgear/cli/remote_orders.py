"""Owns the orders of a running server as the commands ask for them: looking alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from switchgear.cli.remote_errors import RemoteError
from switchgear.server import orders_query
from switchgear.server.orders_model import IntentOut, OrderLife, OrderPage, SwitchesOut, SwitchOut
from switchgear.server.orders_source import NoIntent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchgear.cli.remote import Remote

_ORDERS = "orders"
_INTENT_ID = re.compile(r"(?!(?:board|switch)\Z)[A-Za-z0-9_-]{1,64}")
"""Whatever else it is, it is no name below `orders/` that stands for something else."""


class RemoteOrders:
    """
    The orders of a server.

    Args:
        remote: The server.

    Every method raises RemoteError where it refuses, fails or does not answer.
    """

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def intents(self, given: Mapping[str, str]) -> list[IntentOut]:
        """
        Those that match, newest first.

        Raises:
            SettingsError: A filter cannot be.
            RemoteError: Also where the server has no journal.
        """
        orders_query.parse(given)
        answer = self._remote.asked(
            _ORDERS, {name: value for name, value in given.items() if value}
        )
        try:
            page = OrderPage.model_validate(answer)
        except ValueError as error:
            raise self._remote.not_ours(_ORDERS, error) from None
        if not page.journals:
            raise RemoteError(f"{self._remote.shown} has no journal: it knows of no orders")
        return page.intents

    def switches(self) -> list[SwitchOut]:
        """The kill switches that are on."""
        path = f"{_ORDERS}/switch"
        try:
            return SwitchesOut.model_validate(self._remote.asked(path)).switches
        except ValueError as error:
            raise self._remote.not_ours(path, error) from None

    def life(self, intent_id: str) -> OrderLife:
        """One order with every move that it made; raises NoIntent, or RemoteError, where there is none."""
        if not _INTENT_ID.fullmatch(intent_id):
            raise NoIntent(f"intent_id={intent_id!r}: no journal here has it")
        path = f"{_ORDERS}/{intent_id}"
        try:
            return OrderLife.model_validate(self._remote.asked(path))
        except ValueError as error:
            raise self._remote.not_ours(path, error) from None
