"""Owns how many wrong tokens are looked at: by address and in all, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict, deque
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switchgear.core.clock import Clock

WINDOW_S = 60.0
OF_ADDRESS_MAX = 5
"""Wrong tokens of one address in a window; with more, none is looked at."""
IN_ALL_MAX = 100
"""The same of all addresses together."""
ADDRESSES_MAX = 1_024
"""Addresses that are remembered; the one that was wrong longest ago is forgotten first."""

_Wrong = tuple[float, bytes]


class Throttle:
    """
    Counts wrong tokens.

    Args:
        clock: What tells how long ago one was.
        in_all_max: How many of all addresses together in a window.
    """

    def __init__(self, clock: Clock, in_all_max: int = IN_ALL_MAX) -> None:
        self._clock = clock
        self._of: OrderedDict[str, deque[_Wrong]] = OrderedDict()
        self._all: deque[_Wrong] = deque(maxlen=in_all_max)
        self._in_all_max = in_all_max

    def wait_s(self, address: str) -> float:
        """Seconds until a token of this address is looked at again; 0 when it is now."""
        of_address = self._of.get(_of_one_hand(address), deque())
        waits = (
            self._left_s(of_address, OF_ADDRESS_MAX),
            self._left_s(self._all, self._in_all_max),
        )
        return max(waits)

    def wrong(self, address: str, digest: bytes = b"") -> bool:
        """
        Count a wrong token of an address; whether it was the last one that is looked at for now.

        Args:
            address: Whose.
            digest: Of the token; the same one again is no further guess. Without, each counts.
        """
        now_s, name = self._clock.monotonic_s(), _of_one_hand(address)
        mine = self._of.setdefault(name, deque(maxlen=OF_ADDRESS_MAX))
        self._of.move_to_end(name)
        if len(self._of) > ADDRESSES_MAX:
            self._of.popitem(last=False)
        if digest and any(each == digest and now_s - at < WINDOW_S for at, each in mine):
            return False
        mine.append((now_s, digest))
        self._all.append((now_s, b""))
        return self.wait_s(address) > 0

    def _left_s(self, wrong: deque[_Wrong], most: int) -> float:
        if len(wrong) < most:
            return 0.0
        return max(0.0, wrong[0][0] + WINDOW_S - self._clock.monotonic_s())


def _of_one_hand(address: str) -> str:
    """An address, or the network of an IPv6 one: a single machine has 2**64 of those."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(IPv6Address(int(parsed) >> 64 << 64))
