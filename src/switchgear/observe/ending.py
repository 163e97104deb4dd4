"""
Owns what is kept when the process is told to end: by itself, SIGTERM ends a program without a word to anybody in it.

What is to be done then is whoever asks for it; a program that has a way of its own with SIGTERM keeps it.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_CLOSES: list[Callable[[], object]] = []


def before_sigterm(close: Callable[[], object]) -> None:
    """
    Have it called before SIGTERM ends the process, which then ends just as it would have without.

    A second SIGTERM does not wait. Nothing happens where the program handles or ignores SIGTERM, and when this is not
    called in its main thread, for only there a handler can be set.
    """
    _CLOSES.append(close)
    in_main = threading.current_thread() is threading.main_thread()
    if in_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _told_to_end)


def forget(close: Callable[[], object]) -> None:
    """It is done already."""
    with suppress(ValueError):
        _CLOSES.remove(close)


def _told_to_end(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # A thread of its own: whatever was interrupted here may hold the very lock that closing needs.
    threading.Thread(target=_end, name="switchgear-ending").start()


def _end() -> None:
    try:
        while _CLOSES:
            with suppress(Exception):  # one that fails must not keep the others, nor the end
                _CLOSES.pop()()
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
