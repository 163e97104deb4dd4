"""Owns where the demo keeps records and orders: what cannot be is refused, records that are lost later are told."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from switchgear.core.errors import SettingsError
from switchgear.core.event import StoreBack, StoreLost
from switchgear.observe.store.errors import StoreError
from switchgear.order.opening import open_journal

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from switchgear.gear import Switchgear
    from switchgear.order.journal import Journal
    from switchgear.practice.demo.narrator import Narrator


def check_kept(gear: Switchgear, path: Path) -> None:
    """
    Begin the history of this gear, which otherwise waits for the first record.

    Raises:
        SettingsError: The file cannot be made or written now.
    """
    history = gear.history
    if history is None or not history.flush() or history.run is None:
        why = "cannot be written: is the disk full, the place read-only, or the file in use?"
        raise SettingsError("history", str(path), why)


@contextmanager
def kept_orders(gear: Switchgear, path: Path) -> Generator[Journal]:
    """
    The journal of the demo's orders, closed at the end.

    Raises:
        SettingsError: The file cannot be made now.
    """
    try:
        journal = open_journal(gear, path)
    except StoreError as error:
        raise SettingsError("journal", str(path), f"cannot be made: {error}") from None
    try:
        yield journal
    finally:
        journal.close()


def tell_losses(gear: Switchgear, narrator: Narrator) -> None:
    """Have it told when records begin to be lost, and when they are kept again."""
    began_s = gear.clock.monotonic_s()
    gear.on(StoreLost, lambda event: narrator.losing(event.at_s - began_s, event.error))
    gear.on(StoreBack, lambda event: narrator.keeping(event.at_s - began_s, event.lost))


def lost_of(gear: Switchgear) -> int:
    """How many records are not in the history; final once the gear is closed."""
    unkept = 0 if gear.history is None else sum(gear.history.lost.values())
    dropped = gear.hub.dropped
    # What a listener or a foreign sink missed is in the history all the same.
    return unkept + dropped["below_warning"] + dropped["from_warning"]
