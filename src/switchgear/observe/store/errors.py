"""Owns the error of a store that cannot be read or written right now.

A file that never can be is a SettingsError.
"""

from __future__ import annotations

from switchgear.core.errors import SwitchgearError


class StoreError(SwitchgearError):
    """The file is locked, full, read-only or damaged; the same call can work later."""
