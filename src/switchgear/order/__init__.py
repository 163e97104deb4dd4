"""Orders that survive the process that sent them: written down first, sent once, and seen through to the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.lazy import lazy

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

__getattr__, __dir__ = lazy(
    __name__,
    {
        "desk": "JournalDesk",
        "intent": "Intent Move StaleIntent State",
        "journal": "Journal",
        "limits": "OrderLimits",
        "opening": "open_journal",
        "store": "IntentQuery MemoryStore",
    },
)
