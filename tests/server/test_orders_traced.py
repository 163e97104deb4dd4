"""Tests what stays of placing and cancelling over HTTP: who did it, in the log, and what is told if the desk ends."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from switchgear.order.store import IntentQuery
from switchgear.practice.sim.server import SimThread
from tests.server.place_kit import LIMIT, SAID, Program, booked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from switchgear.order.intent import Intent


@pytest.fixture
def sim() -> Iterator[SimThread]:
    """A practice Binance on which nothing was ordered yet."""
    with SimThread() as made:
        yield made


@pytest.fixture
def program(sim: SimThread, tmp_path: Path) -> Iterator[Program]:
    """A program with a desk of it."""
    with Program(sim, tmp_path) as made:
        yield made


def test_a_loop_that_ends_meanwhile_is_a_504(program: Program, sim: SimThread) -> None:
    """The order is booked though nobody told: whoever waits hears that it may be, and what to do."""
    slow = {"action": "delay", "delay_s": 3, "count": 1, "when": "after"}
    sim.add_faults({"match": "order.create", **slow})
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(program.place)
        until(lambda: bool(booked(sim)))
        program.stop_desk()
        error = program.error(waiting.result(), 504)
    assert list(booked(sim).values()) == [1]
    assert error["reason"] == "unknown"
    assert "may be booked or not: come again with the same key" in error["message"]
    (intent,) = written(program)
    (note,) = notes(program)
    assert "to be placed by local: not known: " in note
    assert note.endswith(f"(intent {intent.intent_id})")


def test_a_cancel_whose_loop_ends_meanwhile_is_a_504(program: Program, sim: SimThread) -> None:
    """It is cancelled though nobody told: the answer says that it may be, and to cancel it again."""
    intent_id = program.place().json()["intent_id"]
    slow = {"action": "delay", "delay_s": 3, "count": 1, "when": "after"}
    sim.add_faults({"match": "order.cancel", **slow})
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(program.http.post, f"orders/{intent_id}/cancel", json=SAID)
        until(lambda: [one["status"] for one in sim.state()["orders"]] == ["CANCELED"])
        program.stop_desk()
        error = program.error(waiting.result(), 504)
    assert error["reason"] == "unknown"
    assert "may be cancelled or not: cancel it again" in error["message"]
    assert "to be cancelled by anna: incident 12; not known: " in notes(program)[0]


# ----------------------------------------------------------------------------------- who placed it


def test_who_placed_an_order_is_written_down(program: Program, sim: SimThread) -> None:
    """One note with who, the intent and what came of it: booked, not known, refused, halted; none for a replay."""
    first = program.place().json()
    program.place()
    lost = {"match": "order.create", "action": "reset_after", "count": 1}
    sim.add_faults([lost, {"match": "order.get", "action": "reset_before"}])
    unknown = program.post({**LIMIT, "deadline_s": 0.2}, "k2").json()
    sim.clear_faults()
    program.place("k3", quantity="5")
    refused = next(one for one in written(program) if one.idempotency_key == "k3")
    limit, *rest = reversed(notes(program))
    name = first["order"]["client_order_id"]
    said = f"order {name} of binance, account main to be placed by local: it is open"
    assert limit == f"{said} (intent {first['intent_id']})"
    assert "to be placed by local: not known yet: " in rest[0]
    assert rest[0].endswith(f"(intent {unknown['intent_id']})")
    assert "to be placed by local: not done: " in rest[1]
    assert rest[1].endswith(f"(intent {refused.intent_id})")
    assert len(rest) == 2
    program.http.post("orders/switch", json={"on": True, **SAID})
    program.place("k4")
    assert "to be placed by local: not done: " in notes(program)[0]
    assert "(intent" not in notes(program)[0]


def until(happens: Callable[[], bool]) -> None:
    """Wait until something is so at the exchange."""
    for _ in range(10_000):
        if happens():
            return
    raise AssertionError("it did not happen")


def written(program: Program) -> list[Intent]:
    """What its journal has, whether or not a desk of it is at work."""
    return asyncio.run(program.journal.query(IntentQuery()))


def notes(program: Program) -> list[str]:
    """What was done by hand, in words, newest first."""
    program.gear.flush()
    records = program.http.get("logs", params={"event": "note"}).json()["records"]
    return [one["message"] for one in records]
