"""Owns handing records to the standard logging module, under the logger `switchgear`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switchgear.observe.record import LogRecord

LOGGER = logging.getLogger("switchgear")
LOGGER.addHandler(logging.NullHandler())  # a library prints nothing of its own


class LoggingSink:
    """Writes each record that the logger wants as one line, its fields in `extra["switchgear"]`."""

    name = "logging"

    @property
    def level(self) -> int:
        """The logger's own level, as it stands; beyond every level while no handler listens."""
        return LOGGER.getEffectiveLevel() if _is_heard() else logging.CRITICAL + 1

    def write(self, batch: Sequence[LogRecord]) -> None:
        """Log the records, in order."""
        for record in batch:
            if LOGGER.isEnabledFor(record.level):
                where = f"{record.exchange}.{record.method}" if record.method else record.exchange
                LOGGER.log(
                    record.level,
                    "%s %s",
                    where or "switchgear",
                    record.message,
                    extra={"switchgear": record},
                )


def _is_heard() -> bool:
    logger: logging.Logger | None = LOGGER
    while logger is not None:
        if any(not isinstance(handler, logging.NullHandler) for handler in logger.handlers):
            return True
        logger = logger.parent if logger.propagate else None
    return False
