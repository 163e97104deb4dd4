"""Orders that survive the process that sent them: written down first, sent once, and seen through to the end."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switchgear.order.desk import JournalDesk as JournalDesk
    from switchgear.order.intent import Intent as Intent
    from switchgear.order.intent import Move as Move
    from switchgear.order.intent import StaleIntent as StaleIntent
    from switchgear.order.intent import State as State
    from switchgear.order.journal import Journal as Journal
    from switchgear.order.limits import OrderLimits as OrderLimits
    from switchgear.order.opening import open_journal as open_journal
    from switchgear.order.store import IntentQuery as IntentQuery
    from switchgear.order.store import MemoryStore as MemoryStore

_HOMES = {
    "desk": "JournalDesk",
    "intent": "Intent Move StaleIntent State",
    "journal": "Journal",
    "limits": "OrderLimits",
    "opening": "open_journal",
    "store": "IntentQuery MemoryStore",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'switchgear.order' has no attribute {name!r}")
    found = getattr(import_module(f"switchgear.order.{home}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME_OF])
