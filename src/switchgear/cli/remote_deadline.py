"""Owns ending what goes over a socket once its time is over, however busily the other side drips."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Timer


class Deadline:
    """An end that is set, and set anew, for one socket after the other; end it in any case."""

    def __init__(self) -> None:
        self.over = False
        """Whether a time was over: what was read last is not all there is, though it may look so."""
        self.limit_s = 0.0
        """The one that was set last."""
        self._timer: Timer | None = None

    def set(self, wire: socket.socket, limit_s: float | None) -> None:
        """
        From now on the socket has so many seconds; None is no limit.

        Raises:
            TimeoutError: The time before was over.
        """
        self.end()
        if limit_s is None:
            return
        self.limit_s = limit_s
        self._timer = Timer(limit_s, self._cut, [wire])
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        """The socket has time again; raises TimeoutError where it was over."""
        self.stop()
        if self.over:
            raise TimeoutError

    def stop(self) -> None:
        """Nothing is cut off from now on; the socket may be closed."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
            timer.join()

    def _cut(self, wire: socket.socket) -> None:
        self.over = True
        with suppress(OSError):
            # Not TLS's own shutdown, which takes from the reader what it is reading with; and not close, which
            # wakes nobody who reads.
            socket.socket.shutdown(wire, socket.SHUT_RDWR)
