"""Tests where a server listens and how it ends."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from switchgear.core.errors import SettingsError
from switchgear.server import GearSource, serve

if TYPE_CHECKING:
    from tests.server.kit import House


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "example.com", "", "127.0.0.1.x"])
def test_only_loopback_is_served(house: House, host: str) -> None:
    """There is no login yet, so an address that others can reach is refused, by name."""
    with pytest.raises(SettingsError, match="loopback") as caught:
        serve(GearSource(house.gear), host=host, port=0)
    assert (caught.value.field, caught.value.value) == ("host", host)


@pytest.mark.parametrize("port", [-1, 65_536, True, "8080", 1.5])
def test_a_port_must_be_one(house: House, port: object) -> None:
    """What is no port is refused with what is allowed."""
    with pytest.raises(SettingsError, match="65535") as caught:
        serve(GearSource(house.gear), port=port)  # type: ignore[arg-type]  # that is what is tested
    assert caught.value.field == "port"


def test_a_taken_port_is_said(house: House) -> None:
    """A port that somebody else has is a clear error, and at once."""
    with pytest.raises(SettingsError, match="cannot be had") as caught:
        serve(GearSource(house.gear), port=house.server.port)
    assert caught.value.value == house.server.port


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_it_answers_from_the_moment_it_is_made(house: House, host: str) -> None:
    """The first request needs no waiting for the server's thread."""
    with serve(GearSource(house.gear), host=host, port=0) as server:
        assert httpx.get(f"{server.url}/api/v1/status").status_code == 200


def test_closing_gives_the_port_back(house: House) -> None:
    """After close the port is free, and a second close does nothing."""
    server = serve(GearSource(house.gear), port=0)
    server.close()
    server.close()
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", server.port))


def test_closing_ends_live_tails(house: House) -> None:
    """An open tail does not keep the server up: it ends well, without an error."""
    server = serve(GearSource(house.gear), port=0)
    with httpx.stream("GET", f"{server.url}/api/v1/live", timeout=10) as tail:
        lines = tail.iter_lines()
        assert next(lines) == "event: ready"
        server.close()
        assert not [line for line in lines if line.startswith("event:")]


def test_two_servers_show_two_gears(house: House) -> None:
    """Servers of one process stand apart: the end of one does not touch the other."""
    with serve(GearSource(house.gear), port=0) as second:
        assert second.port != house.server.port
    assert house.get("status")["source"] == "program"
