"""Owns the errors of a store that cannot be read or written right now.

A place that never can be one is a SettingsError.
"""

from __future__ import annotations

from switchgear.core.errors import SwitchgearError


class StoreError(SwitchgearError):
    """The store is locked, full, read-only, damaged or out of reach; the same call can work later."""


class ValueRefused(StoreError, ValueError):
    """A value is none that the store can hold; `clean` it. To who reads, it is a question that cannot be answered."""


class StoreBroken(StoreError):
    """What is open cannot be used any more, a damaged file or a connection; whoever writes opens it anew."""
