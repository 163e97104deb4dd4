"""Owns the fixtures of wrapped clients: a server, a gear on a clock moved by hand, each kind of client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from switchgear.testing import FakeClock
from tests.wrap.kit import CALLERS, Caller, Server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[Server]:
    """It answers 200 until it is told otherwise."""
    server = Server()
    yield server
    server.close()


@pytest.fixture
def gear() -> Iterator[sg.Switchgear]:
    """On a clock that waits for nobody."""
    with sg.Switchgear(clock=FakeClock()) as gear:
        yield gear


@pytest.fixture(params=CALLERS)
def bare(request: pytest.FixtureRequest, server: Server) -> Iterator[Caller]:
    """Each kind of client, with nothing round it."""
    caller = CALLERS[request.param](server.url)
    yield caller
    caller.close()


@pytest.fixture
def caller(bare: Caller, gear: sg.Switchgear) -> Caller:
    """Each kind of client, guarded."""
    return bare.wrapped(gear)
