"""Proves that rules of the wire are read strictly, written back as they were, and drawn by seed."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from switchgear.practice.sim.proxy import Proxy
from switchgear.practice.sim.rules import RuleError
from switchgear.practice.sim.wire_rules import (
    Delay,
    Drip,
    Reset,
    Side,
    WireRule,
    parse_wire_rule,
    show_wire_rule,
)
from switchgear.testing.clock import FakeClock
from tests.practice.test_proxy import GET, ONCE, Bench, left, resets

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """A bench with nothing broken."""
    async with Bench() as made:
        yield made


GOOD: list[dict[str, Any]] = [
    {"action": "refuse", "duration_s": 2, "match": None},
    {"action": "refuse", "duration_s": 2, "match": "POST /api/*"},
    {"action": "reset", "side": "request", "at_byte": 0},
    {"action": "reset", "side": "answer", "at_byte": 7, "after": 2, "count": 3},
    {"action": "delay", "delay_s": 0.5, "side": "request", "match": "/api/*"},
    {"action": "delay", "delay_s": 0.5, "side": "answer", "probability": 0.25},
    {"action": "drip", "bytes": 10, "every_s": 0.5, "match": "*"},
    {"action": "cut", "at_byte": 9},
    {"action": "half_open", "side": "request", "duration_s": None},
    {"action": "half_open", "side": "answer", "duration_s": 3},
]


@pytest.mark.parametrize("rule", GOOD, ids=lambda rule: rule["action"])
def test_a_rule_reads_back_as_it_was_written(rule: dict[str, Any]) -> None:
    """Each kind keeps its fields on the way in and out."""
    shown = show_wire_rule(parse_wire_rule(rule))
    assert parse_wire_rule(shown) == parse_wire_rule(rule)
    assert {name: shown[name] for name in rule} == rule


@pytest.mark.parametrize(
    ("rule", "shown"),
    [
        ({"action": "reset", "side": "answer"}, {"at_byte": 0}),
        ({"action": "cut"}, {"at_byte": 0, "match": "*"}),
        ({"action": "half_open"}, {"side": "request", "duration_s": None}),
        ({"action": "refuse", "duration_s": 1}, {"match": None}),
    ],
    ids=lambda part: str(part)[:40],
)
def test_what_is_left_out_has_a_value(rule: dict[str, Any], shown: dict[str, Any]) -> None:
    """The defaults: the first byte, the request, without end; a refusal begins at once."""
    common = {"probability": 1.0, "count": None, "after": 0}
    assert show_wire_rule(parse_wire_rule(rule)).items() >= {**common, **shown}.items()


BAD: list[tuple[Any, str]] = [
    (7, "rule"),
    (None, "rule"),
    ({}, "action"),
    ({"action": ["cut"]}, "action"),
    ({"action": "reset_before"}, "action"),
    ({"action": "cut", "colour": 1}, "colour"),
    ({"action": "cut", "side": "answer"}, "side"),
    ({"action": "cut", "at_byte": -1}, "at_byte"),
    ({"action": "cut", "at_byte": 1.5}, "at_byte"),
    ({"action": "cut", "at_byte": True}, "at_byte"),
    ({"action": "reset"}, "side"),
    ({"action": "reset", "side": "both"}, "side"),
    ({"action": "reset", "side": 1}, "side"),
    ({"action": "reset", "side": "answer", "at_byte": "0"}, "at_byte"),
    ({"action": "delay", "side": "answer"}, "delay_s"),
    ({"action": "delay", "delay_s": 1}, "side"),
    ({"action": "delay", "delay_s": -1, "side": "answer"}, "delay_s"),
    ({"action": "delay", "delay_s": float("nan"), "side": "answer"}, "delay_s"),
    ({"action": "delay", "delay_s": "1", "side": "answer"}, "delay_s"),
    ({"action": "delay", "delay_s": True, "side": "answer"}, "delay_s"),
    ({"action": "delay", "delay_s": 1, "when": "before", "side": "answer"}, "when"),
    ({"action": "drip", "every_s": 1}, "bytes"),
    ({"action": "drip", "bytes": 0, "every_s": 1}, "bytes"),
    ({"action": "drip", "bytes": 1}, "every_s"),
    ({"action": "drip", "bytes": 1, "every_s": 100_000}, "every_s"),
    ({"action": "refuse"}, "duration_s"),
    ({"action": "refuse", "duration_s": float("inf")}, "duration_s"),
    ({"action": "half_open", "side": None}, "side"),
    ({"action": "half_open", "duration_s": -1}, "duration_s"),
    ({"action": "cut", "probability": 1.1}, "probability"),
    ({"action": "cut", "count": 0}, "count"),
    ({"action": "cut", "after": -1}, "after"),
    ({"action": "cut", "match": ""}, "match"),
    ({"action": "cut", "match": "order.create"}, "match"),
    ({"action": "cut", "match": "/a\n"}, "match"),
    ({"action": "cut", "match": "BLAH /*"}, "match"),
    ({"action": "cut", "match": "post /api"}, "match"),
    ({"action": "cut", "match": "POST api/v3"}, "match"),
    ({"action": "cut", "match": "/" * 201}, "match"),
    ({"action": "cut", "match": 5}, "match"),
    (WireRule(Drip(0, 1)), "bytes"),
    (WireRule(Delay(-1, Side.ANSWER)), "delay_s"),
    (WireRule(Reset(Side.ANSWER), match="order.*"), "match"),
]


@pytest.mark.parametrize(("rule", "field"), BAD, ids=lambda part: str(part)[:60])
def test_a_wrong_rule_names_field_value_and_what_is_allowed(rule: Any, field: str) -> None:
    """A wrong rule is a ValueError that tells all three, and no rule beside it is taken."""
    proxy = Proxy("127.0.0.1", 1, clock=FakeClock(), seed=1)
    with pytest.raises(RuleError) as caught:
        proxy.add([{"action": "cut"}, rule])
    assert isinstance(caught.value, ValueError)
    assert caught.value.field == field
    assert caught.value.allowed in str(caught.value)
    assert repr(caught.value.value) in str(caught.value)
    assert proxy.state()["rules"] == []


# ----------------------------------------------------------------------------------------- drawing


@pytest.mark.anyio
async def test_other_connections_are_left_alone(bench: Bench) -> None:
    """A kept connection works on, and is kept, while the one beside it breaks."""
    async with bench.raw() as (reader, writer):
        for _ in range(2):
            bench.proxy.add({**ONCE, "action": "reset", "side": "request"})
            await resets(asyncio.create_task(bench.call()))
            writer.write(GET)
            assert (await reader.readuntil(b"0123456789")).startswith(b"HTTP/1.1 200 OK\r\n")
    assert bench.booked == ["GET /ping"] * 2


async def draw(seed: int, count: int) -> list[bool]:
    """Which of so many requests were cut, by chance."""
    cut: list[bool] = []
    async with Bench(seed) as bench:
        bench.proxy.add({"action": "cut", "probability": 0.4})
        for _ in range(count):
            try:
                await bench.call()
                cut.append(False)
            except aiohttp.ServerDisconnectedError:
                cut.append(True)
    return cut


@pytest.mark.anyio
async def test_chance_repeats_with_its_seed() -> None:
    """The same seed cuts the same requests, another seed others; about the wanted share of them."""
    first = await draw(7, 60)
    assert first == await draw(7, 60)
    assert first != await draw(8, 60)
    assert 12 <= sum(first) <= 36


@pytest.mark.anyio
async def test_after_and_count_bound_a_rule(bench: Bench) -> None:
    """It lets so many matching requests pass, then fires so often, and no more."""
    bench.proxy.add({"match": "POST /a*", "action": "cut", "after": 2, "count": 1})
    await bench.call("/b")
    for path in ("/a?x=1", "/a/b"):
        await bench.call(path)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await bench.call("/a")
    await bench.call("/a")
    rule = bench.proxy.state()["rules"][0]
    assert (rule["seen"], rule["fired"]) == (4, 1)


@pytest.mark.anyio
async def test_the_state_is_json(bench: Bench) -> None:
    """Counts, bytes each way, faults by kind, and rules that can be added again as they are shown."""
    ids = bench.proxy.add([{**ONCE, "action": "cut"}, {"action": "refuse", "duration_s": 0.5}])
    assert ids == [1, 2]
    bench.clock.advance(1)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await bench.call()
    await left(bench)
    state = json.loads(json.dumps(bench.proxy.state()))
    forwarded = state.pop("bytes")
    assert forwarded["request"] > forwarded["answer"] == 0
    refusal = {"action": "refuse", "match": None, "count": None, "duration_s": 0.5}
    shown = {"match": "POST /a", "probability": 1.0, "count": 1, "after": 0}
    assert state == {
        "connections": 1,
        "open": 0,
        "requests": 1,
        "refusing": False,
        "faults": {"cut": 1, "refuse": 1},
        "rules": [
            {"id": 1, "seen": 1, "fired": 1, **shown, "action": "cut", "at_byte": 0},
            {"id": 2, "seen": 0, "fired": 1, **shown, **refusal},
        ],
    }
