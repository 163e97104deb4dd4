"""Tests that headers and bodies that went over the wire are shown to operators, and to no viewer by any way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from switchgear.core.event import Wire
from switchgear.core.words import Key
from tests.server.login_kit import OPERATOR, VIEWER, Doorway

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY, HEADER = "quantity-that-only-operators-see", "strategy-7"
KEY = Key("binance", "create_order", "main")
WAYS = (
    "logs",
    "logs?event=wire",
    "logs/binance/create_order/77",
    "logs/around/{id}",
    "logs/export?format=jsonl",
    "logs/export?format=csv",
    "live?after_id=0",
)


@pytest.fixture
def door() -> Iterator[Doorway]:
    """A gear that kept one request with its headers and bodies."""
    with Doorway() as doorway:
        wire = Wire(
            at_s=doorway.clock.monotonic_s(),
            key=KEY,
            call_id=77,
            attempt=1,
            duration_s=0.1,
            request_method="POST",
            url="/api/v3/order",
            request_headers={"x-note": HEADER},
            request_body=BODY,
            status=200,
            answer_headers={"x-note": HEADER},
            answer_body=BODY,
            error="",
        )
        doorway.gear.hub.emit(wire)
        doorway.gear.flush()
        yield doorway


def told(door: Doorway, token: str, way: str) -> str:
    """What this way tells of the request; of a tail, what comes until it is there."""
    number = door.gear.logs(level="DEBUG")[0].id
    path = f"/api/v1/{way.format(id=number)}"
    with door.client(token) as client, client.stream("GET", path) as answer:
        assert answer.status_code == 200
        found = ""
        for part in answer.iter_text():
            found += part
            if way.startswith("live") and "create_order" in found:
                break
        return found


@pytest.mark.parametrize("way", WAYS)
def test_a_viewer_sees_that_it_went_out_and_no_more(door: Doorway, way: str) -> None:
    """Method, address and status stand there; headers and bodies are withheld, and it says so."""
    found = told(door, VIEWER, way)
    assert "/api/v3/order" in found
    assert "for operators" in found
    assert BODY not in found
    assert HEADER not in found


@pytest.mark.parametrize("way", WAYS)
def test_an_operator_sees_all_of_it(door: Doorway, way: str) -> None:
    """What was kept, redacted when it was."""
    found = told(door, OPERATOR, way)
    assert BODY in found
    assert HEADER in found


def test_other_records_are_the_same_for_both(door: Doorway) -> None:
    """Only what went over the wire is told less of."""
    pages = [
        json.loads(told(door, each, "logs?level=info"))["records"] for each in (VIEWER, OPERATOR)
    ]
    assert pages[0] == pages[1] != []
