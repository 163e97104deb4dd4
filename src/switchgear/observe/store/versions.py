"""
Owns which shapes of a store this version knows, and bringing one up to date.

The steps themselves are migrations'.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from switchgear.core.errors import SettingsError

if TYPE_CHECKING:
    from sqlalchemy import Connection

REVISIONS = ("0001", "0002", "0003")
"""Every shape that this version can read or bring up to date, oldest first."""
HEAD = REVISIONS[-1]


def version_table(dialect: str) -> str:
    """Where a store says its revision; on a server another program's may stand under Alembic's own name."""
    return "alembic_version" if dialect == "sqlite" else "history_version"


def checked_revision(found: str, shown: str) -> str:
    """
    The revision, when this version knows it.

    Raises:
        SettingsError: A newer version wrote the store.
    """
    if found not in REVISIONS:
        allowed = (
            f"is from a newer version of switchgear: its shape is {found}, known is up to {HEAD}"
        )
        raise SettingsError("history", shown, allowed)
    return found


def upgrade(connection: Connection) -> None:
    """Bring a store up to date in the transaction under way, or make one where there is nothing."""
    from alembic import (
        command,
    )  # here: it is slow to import, and a store that is up to date needs none of it
    from alembic.config import Config

    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
