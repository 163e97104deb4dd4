"""Tests where a server listens and how it ends."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from switchgear.core.errors import SettingsError
from switchgear.gear import Switchgear
from switchgear.server import GearSource, serve
from switchgear.server.serving import listening
from tests.server.login_kit import VIEWER, credentials

if TYPE_CHECKING:
    from tests.server.kit import House


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "example.com", "", "127.0.0.1.x"])
def test_only_loopback_is_served(house: House, host: str) -> None:
    """Without credentials, an address that others can reach is refused, by name and with what would do."""
    with pytest.raises(SettingsError, match=r"loopback.*credentials.*--tokens") as caught:
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


@pytest.mark.parametrize("name", ["desk.example", "192.168.0.1", "0.0.0.0"])
def test_no_other_name_is_served_without_credentials(house: House, name: str) -> None:
    """A name that others call it by, through a proxy or a tunnel, would let all of them in."""
    with pytest.raises(SettingsError, match="credentials") as caught:
        serve(GearSource(house.gear), port=0, allowed_hosts=[name])
    assert (caught.value.field, caught.value.value) == ("allowed_hosts", name)


def test_with_credentials_every_address_may_be_listened_on(house: House) -> None:
    """It answers by the names that were given and by those of this machine, to those who are known."""
    bearer = {"authorization": f"Bearer {VIEWER}"}
    source = GearSource(house.gear)
    given = {"credentials": credentials(), "allowed_hosts": ["desk.example"]}
    with serve(source, host="0.0.0.0", port=0, **given) as server:  # type: ignore[arg-type]  # as they are
        assert server.url == f"http://desk.example:{server.port}"
        assert server.login_link().startswith(f"{server.url}/login#")
        assert not server.is_local
        url = f"http://127.0.0.1:{server.port}/api/v1/status"
        assert httpx.get(url, headers=bearer).status_code == 200
        assert httpx.get(url, headers={**bearer, "host": "desk.example"}).status_code == 200
        assert httpx.get(url, headers={**bearer, "host": "other.example"}).status_code == 403
        assert httpx.get(url, headers={"host": "desk.example"}).status_code == 401


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_an_address_that_is_none_needs_a_name(house: House, host: str) -> None:
    """Every address of the machine is no name that a browser could say."""
    with pytest.raises(SettingsError, match="every address") as caught:
        serve(GearSource(house.gear), host=host, port=0, credentials=credentials())
    assert caught.value.field == "allowed_hosts"


@pytest.mark.parametrize(
    "name", ["desk.example:8080", "https://desk.example", "", "::1", "*.example"]
)
def test_a_name_is_one_as_in_an_address(house: House, name: str) -> None:
    """What no Host header can hold is refused."""
    with pytest.raises(SettingsError, match="without a port"):
        serve(GearSource(house.gear), port=0, credentials=credentials(), allowed_hosts=[name])


@pytest.mark.parametrize("host", ["no.such.host.invalid", "no host", "x" * 300, "192.0.2.1"])
def test_an_address_of_another_machine_is_said(house: House, host: str) -> None:
    """What is not here cannot be listened on, with credentials either."""
    with pytest.raises(SettingsError):
        serve(GearSource(house.gear), host=host, port=0, credentials=credentials())


def test_ipv6_is_asked_for_in_brackets(house: House) -> None:
    """The address that is listened on is a name of it, as a browser writes it."""
    with serve(GearSource(house.gear), host="::1", port=0, credentials=credentials()) as server:
        assert server.url == f"http://[::1]:{server.port}"
        bearer = {"authorization": f"Bearer {VIEWER}"}
        assert httpx.get(f"{server.url}/api/v1/me", headers=bearer).status_code == 200


def test_a_gear_serves_with_credentials() -> None:
    """The one method takes them too, and its close ends the server."""
    with Switchgear() as gear:
        server = gear.serve(0, credentials=credentials())
        assert httpx.get(f"{server.url}/api/v1/me").status_code == 401
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/api/v1/me")


def test_answers_do_not_wait_for_acknowledgements(house: House) -> None:
    """What is accepted sends at once: an answer in two parts would else take 40 ms."""
    bound = listening("127.0.0.1", 0)
    with bound, socket.create_connection(bound.getsockname()):
        accepted, _ = bound.accept()
        with accepted:
            assert (
                accepted.proto == socket.IPPROTO_TCP
            )  # by which asyncio knows what to send at once
