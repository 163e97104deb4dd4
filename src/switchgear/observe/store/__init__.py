"""Owns the history's store, a file or a server: its tables, what is written to them, what is asked of them.

SQL is known here and nowhere else.
"""

from switchgear.observe.store.errors import StoreError
from switchgear.observe.store.model import CircuitSnapshot, Run
from switchgear.observe.store.reading import StoreView
from switchgear.observe.store.writing import Limits, Store

__all__ = ["CircuitSnapshot", "Limits", "Run", "Store", "StoreError", "StoreView"]
