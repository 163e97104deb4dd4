"""Proves that a proxy that has ended stays ended."""

from __future__ import annotations

import errno
import socket

import pytest

from switchgear.practice.sim.proxy import Proxy
from switchgear.testing.clock import FakeClock

pytestmark = pytest.mark.anyio


async def test_a_refusal_that_outlives_its_proxy_opens_nothing() -> None:
    """Mending after the stop does not take the port again."""
    proxy = Proxy("127.0.0.1", 9, clock=FakeClock(autojump=False), seed=1)
    await proxy.start()
    proxy.add({"action": "refuse", "duration_s": 60})
    await proxy.stop()
    proxy.clear()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", proxy.port)) == errno.ECONNREFUSED
