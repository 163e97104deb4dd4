"""Owns the history file: its shape, what is written to it, what is asked of it.

SQL is known here and nowhere else.
"""

from switchgear.observe.store.errors import StoreError
from switchgear.observe.store.model import CircuitSnapshot, Run
from switchgear.observe.store.reading import StoreView
from switchgear.observe.store.writing import Store

__all__ = ["CircuitSnapshot", "Run", "Store", "StoreError", "StoreView"]
