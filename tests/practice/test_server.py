"""Proves the life of a practice server: its ports, and its thread."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from switchgear.practice.sim.door import HostError
from switchgear.practice.sim.server import Sim, SimThread


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
async def test_a_stopped_server_gives_its_ports_back() -> None:
    """Door, control, backend and wire can be had again, on the same numbers; what happened can be read."""
    async with Sim() as first:
        urls = [first.base_url, first.control_url, first.backend_url, first.wire_url]
    assert first.state()["wire"]["connections"] == 0
    port, control, backend, wire = (int(urlsplit(url).port or 0) for url in urls)
    async with Sim(port=port, control_port=control, backend_port=backend, wire_port=wire) as again:
        assert [again.base_url, again.control_url, again.backend_url, again.wire_url] == urls


@pytest.mark.anyio
async def test_a_stopped_server_stays_stopped() -> None:
    """Who mends it late, such as a scenario that is cancelled at the end, opens nothing again."""
    async with Sim() as sim:
        sim.add_faults({"action": "refuse", "duration_s": 60})
    sim.clear_faults()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(urlsplit(sim.base_url).port or 0))) != 0


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["999.1.1.1", "192.0.2.1"])
async def test_a_host_that_is_not_ours_is_named(host: str) -> None:
    """No address, or one of another machine: the error is the host's, and not the port's."""
    with pytest.raises(HostError, match=f"host is '{host}'"):
        await Sim(host=host).start()


@pytest.mark.anyio
async def test_a_taken_wire_port_is_an_error() -> None:
    """When the proxy cannot listen, nothing does."""
    async with Sim() as first:
        taken = int(urlsplit(first.wire_url).port or 0)
        second = Sim(wire_port=taken)
        with pytest.raises(OSError, match="in use"):
            await second.start()
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", int(urlsplit(second.base_url).port or 0))) != 0
