"""Owns whether an event loop runs in this thread, asked without loading asyncio."""

from __future__ import annotations

import sys


def loop_runs() -> bool:
    """Whether an event loop runs in this thread; a program that never loaded asyncio has none."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
