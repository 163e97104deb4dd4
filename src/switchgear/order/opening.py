"""Owns opening a journal by the place where it is kept; what a place can do is its store's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.order.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path

    from switchgear.gear import Switchgear


def open_journal(gear: Switchgear, where: str | Path) -> Journal:
    """
    The journal at a place, made when there is none; close it when the desks on it have ended.

    Args:
        gear: Whose clock dates it, and whose log tells of it.
        where: The path of a file, or `postgresql://…` where several machines share one.

    Raises:
        SettingsError: It is something else, or of a newer version.
        StoreError: It cannot be used now.
    """
    from switchgear.order.sql_store import SqlStore  # here: SQL is an extra

    return Journal(SqlStore(where), gear.clock, gear.hub.emit)
