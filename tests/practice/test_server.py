"""Proves the life of a practice server: ports, threads, and the form that a command runs."""

from __future__ import annotations

import asyncio
import socket
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from switchgear.practice.sim.server import Sim, SimThread, run


def test_a_thread_serves_callers_without_a_loop() -> None:
    """Started on a system-chosen loopback port, faulted, read and stopped from plain code."""
    with SimThread(seed=4) as sim:
        assert urlsplit(sim.base_url).hostname == "127.0.0.1"
        with urlopen(f"{sim.base_url}/api/v3/ping") as answer:
            assert answer.read() == b"{}"
        assert sim.add_faults({"action": "html", "status": 502}) == [1]
        sim.clear_faults()
        with urlopen(f"{sim.backend_url}/portfolio") as answer:
            assert answer.status == 200
        with pytest.raises(ValueError, match="action is 'x'"):
            sim.add_faults({"action": "x"})
        state = sim.state()
        assert (state["seed"], state["requests"]) == (4, {"ping": 1, "backend.portfolio": 1})
        port = int(urlsplit(sim.base_url).port or 0)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_taken_port_is_an_error() -> None:
    """A second server does not share a port in silence, and leaves no thread behind."""
    with SimThread() as sim:
        port = int(urlsplit(sim.base_url).port or 0)
        second = SimThread(port=port)
        with pytest.raises(OSError, match="in use"):
            second.start()
        assert not second._thread.is_alive()


@pytest.mark.anyio
async def test_run_serves_until_it_is_cancelled() -> None:
    """Run tells when it listens, ends on cancel, and gives the port back."""
    started: asyncio.Future[Sim] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(run(port=0, seed=5, on_start=started.set_result))
    sim = await started
    assert sim.state()["seed"] == 5
    port = int(urlsplit(sim.base_url).port or 0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with Sim(port=port) as again:
        assert again.base_url == f"http://127.0.0.1:{port}"
