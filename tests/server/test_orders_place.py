"""Tests placing orders over HTTP against a practice exchange: once however often it is asked for, and told exactly."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from switchgear.order import OrderLimits
from switchgear.practice.sim.server import SimThread
from switchgear.server.orders_place_model import DEADLINE_S_MAX
from tests.server.place_kit import LIMIT, SAID, Program, booked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOST = {"match": "order.create", "action": "reset_after", "count": 1}
"""The order is booked, its answer is not sent."""


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


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A program for tests in which nothing is ever placed."""
    with SimThread() as sim, Program(sim, tmp_path_factory.mktemp("strict")) as made:
        yield made
        assert booked(sim) == {}


def test_an_order_is_placed(program: Program, sim: SimThread) -> None:
    """201 with the order to the last digit, where its life is found, and it is at the exchange once."""
    answer = program.place(quantity="0.00100")
    assert (answer.status_code, answer.headers.get("Idempotency-Replayed")) == (201, None)
    told = answer.json()
    order = told["order"]
    assert (order["status"], order["filled"], order["symbol"]) == ("open", "0.00000000", "BTC/USDT")
    assert (Decimal(order["quantity"]), Decimal(order["price"])) == (
        Decimal("0.001"),
        Decimal(30_000),
    )
    assert booked(sim) == {order["client_order_id"]: 1}
    where = answer.headers["Location"]
    assert where == f"/api/v1/orders/{told['intent_id']}"
    life = program.http.get(f"orders/{told['intent_id']}").json()["intent"]
    assert (life["idempotency_key"], life["quantity"]) == ("k1", "0.00100")


def test_the_same_again_is_the_first_order(program: Program, sim: SimThread) -> None:
    """200, marked as a replay, with the same ids; in code the key is the same one."""
    first = program.place()
    again = program.place()
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (200, "true")
    assert again.json() == {**first.json(), "is_replay": True}
    assert len(booked(sim)) == 1


def test_the_same_key_for_another_order_is_a_conflict(program: Program, sim: SimThread) -> None:
    """409 that names the key; nothing else is booked."""
    program.place()
    error = program.error(program.place(quantity="0.002"), 409)
    assert (error["reason"], error["field"], error["value"]) == (
        "name_taken",
        "idempotency_key",
        "k1",
    )
    assert "another order" in error["allowed"]
    assert len(booked(sim)) == 1


def test_a_client_order_id_is_used_once(program: Program) -> None:
    """Under another key, the same client order id is a conflict."""
    assert (
        program.place("a", client_order_id="mine-1").json()["order"]["client_order_id"] == "mine-1"
    )
    error = program.error(program.place("b", client_order_id="mine-1"), 409)
    assert (error["reason"], error["field"]) == ("name_taken", "client_order_id")


def test_twenty_at_once_are_one_order(program: Program, sim: SimThread) -> None:
    """Equal requests under one key, all at the same moment: one placed it, and all get the same order."""
    with ThreadPoolExecutor(20) as pool:
        answers = [each.result() for each in [pool.submit(program.place) for _ in range(20)]]
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["order"]["order_id"] for answer in answers}) == 1
    assert list(booked(sim).values()) == [1]


@pytest.mark.parametrize("kind", ["limit", "market"])
def test_a_lost_answer_is_one_order(program: Program, sim: SimThread, kind: str) -> None:
    """Booked, the answer lost: found, told as if nothing had been, and not sent again."""
    sim.add_faults(LOST)
    fields: dict[str, Any] = {"type": kind, "price": "30000" if kind == "limit" else None}
    first = program.place(**fields)
    assert first.status_code == 201
    assert program.place(**fields).json()["order"]["order_id"] == first.json()["order"]["order_id"]
    assert list(booked(sim).values()) == [1]


def test_what_is_not_known_in_time_is_a_202(program: Program, sim: SimThread) -> None:
    """With where to ask; once the exchange answers again, the same key gives the order: it was booked once."""
    sim.add_faults([LOST, {"match": "order.get", "action": "reset_before"}])
    answer = program.post({**LIMIT, "deadline_s": 0.2})
    assert answer.status_code == 202
    told = answer.json()
    assert answer.headers["Location"].endswith(f"/orders/{told['intent_id']}")
    assert told["client_order_id"].startswith("sg-")
    assert program.http.get(f"orders/{told['intent_id']}").json()["intent"]["state"] == "unknown"
    sim.clear_faults()
    again = program.place()
    assert (again.status_code, again.json()["intent_id"]) == (200, told["intent_id"])
    assert booked(sim) == {told["client_order_id"]: 1}


def test_a_replay_after_a_restart_is_the_first_order(sim: SimThread, tmp_path: Path) -> None:
    """A new program on the same journal knows the key, also of an order whose answer the first never had."""
    with Program(sim, tmp_path) as program:
        first = program.place("done").json()
        sim.add_faults([LOST, {"match": "order.get", "action": "reset_before"}])
        doubtful = program.post({**LIMIT, "deadline_s": 0.2}, "doubtful").json()
        sim.clear_faults()
    with Program(sim, tmp_path) as program:
        again = program.place("done")
        assert (again.status_code, again.json()["order"]) == (200, first["order"])
        found = program.place("doubtful")
        assert found.json()["order"]["client_order_id"] == doubtful["client_order_id"]
    assert list(booked(sim).values()) == [1, 1]


def test_a_caller_that_goes_away_leaves_no_half_order(program: Program, sim: SimThread) -> None:
    """The connection is gone before the answer: the order is booked and known, and the same key gives it."""
    sim.add_faults({"match": "order.create", "action": "delay", "delay_s": 0.5, "count": 1})
    body = json.dumps(LIMIT)
    head = (
        f"POST /api/v1/orders HTTP/1.1\r\nHost: 127.0.0.1:{program.server.port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nIdempotency-Key: k1\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", program.server.port)) as wire:
        wire.sendall(f"{head}{body}".encode())
        program.until_written()
    again = program.place()
    assert (again.status_code, again.json()["is_replay"]) == (200, True)
    assert list(booked(sim).values()) == [1]


# ------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize("field", ["quantity", "price", "stop_price", "quote_quantity"])
@pytest.mark.parametrize("value", [0.1, 1, True, "1e5", "NaN", "-1", " 1", "\u0661"])
def test_money_is_text(strict: Program, field: str, value: Any) -> None:
    """A JSON number is refused, and what is no plain decimal; the answer names the field."""
    changed: dict[str, Any] = {field: value}
    error = strict.error(strict.place(**changed), 400)
    assert error["field"] == field
    assert "as a string" in error["allowed"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"side": "hold"}, "side"),
        ({"type": "iceberg"}, "type"),
        ({"symbol": "BTC"}, "symbol"),
        ({"symbol": None}, "symbol"),
        ({"quantity": "0"}, "quantity"),
        ({"price": None}, "price"),
        ({"stop_price": "1"}, "stop_price"),
        ({"time_in_force": "GTD"}, "time_in_force"),
        ({"client_order_id": "a b"}, "client_order_id"),
        ({"post_only": "yes"}, "post_only"),
        ({"deadline_s": 0}, "deadline_s"),
        ({"deadline_s": DEADLINE_S_MAX + 1}, "deadline_s"),
        ({"exchange": "a b"}, "exchange, account"),
        ({"exchange": ""}, "exchange, account"),
        ({"leverage": 3}, "leverage"),
    ],
)
def test_a_field_that_cannot_be_is_named(
    strict: Program, fields: dict[str, Any], field: str
) -> None:
    """400 with the field and what is allowed; nothing is written down."""
    error = strict.error(strict.place(**fields), 400)
    assert error["field"] == field
    assert error["allowed"]
    assert strict.http.get("orders").json()["intents"] == []


@pytest.mark.parametrize("key", [None, "", "x" * 201, "caf\xe9"])
def test_an_order_needs_a_key(strict: Program, key: str | None) -> None:
    """Without one, or with one that cannot be, it is refused and says so."""
    error = strict.error(strict.post(LIMIT, key), 400)
    assert error["field"] == "Idempotency-Key"
    assert "must be given" in error["allowed"]


def test_a_broken_limit_is_named(sim: SimThread, tmp_path: Path) -> None:
    """400, nothing written down, and the key is still free for an order that keeps to it."""
    limits = OrderLimits(notional_max=Decimal(40))
    with Program(sim, tmp_path, desk={"limits": limits}) as program:
        error = program.error(program.place(quantity="0.002"), 400)
        assert (error["field"], error["value"]) == ("notional", "60.00000")
        assert "notional_max is 40" in error["allowed"]
        assert program.place().status_code == 201


@pytest.mark.parametrize(
    ("fields", "field", "value", "allowed"),
    [
        ({"price": "100.013"}, "price", "100.013", "must be a multiple of 0.01 "),
        ({"quantity": "0.000000001"}, "quantity", "0.000000001", "must be at least 0.00001 "),
        ({"quantity": "0.0010000001"}, "quantity", "0.0010000001", "must be a multiple of 0.0000"),
        ({"price": "100.00"}, "price times quantity", "0.10000", "must be at least 5 "),
        ({"symbol": "BTC/USDTT"}, "symbol", "BTC/USDTT", "is not traded at binance"),
    ],
)
def test_a_broken_rule_is_named(
    strict: Program, fields: dict[str, Any], field: str, value: str, allowed: str
) -> None:
    """422 with field, value and what is allowed, the first two as they were given; nothing is written down."""
    error = strict.error(strict.place(**fields), 422)
    assert (error["reason"], error["field"], error["value"]) == ("rule", field, value)
    assert error["allowed"].startswith(allowed)
    assert error["message"] == f"{field} {value} {error['allowed']}"
    assert strict.http.get("orders").json()["intents"] == []


def test_after_a_broken_rule_the_key_is_free(program: Program, sim: SimThread) -> None:
    """The same refusal as often as it is asked for, and the order that fits is placed under the same key."""
    first, again = (program.error(program.place(price="100.013"), 422) for _ in range(2))
    assert first == again
    placed = program.place()
    assert (placed.status_code, placed.json()["is_replay"]) == (201, False)
    assert (list(booked(sim).values()), sim.state()["refused"]) == ([1], [])


def test_rules_that_cannot_be_had_block_no_order(program: Program, sim: SimThread) -> None:
    """Then the exchange is asked by the order itself, and tells in its own words what does not fit."""
    sim.add_faults({"match": "exchange_info", "action": "answer", "status": 503})
    error = program.error(program.place(price="30000.013"), 409)
    assert (error["reason"], error["kind"]) == ("refused", "invalid_order")
    assert program.place("k2").status_code == 201


def test_a_replay_is_told_whatever_limits_say(sim: SimThread, tmp_path: Path) -> None:
    """The first order filled the limit; the same key gives it all the same, another key does not pass."""
    limits = OrderLimits(notional_day_max=Decimal(40), open_orders_max=1)
    with Program(sim, tmp_path, desk={"limits": limits}) as program:
        first = program.place().json()
        again = program.place()
        assert (again.status_code, again.json()["order"]) == (200, first["order"])
        assert program.error(program.place("k2"), 400)["field"] == "open orders"
        assert program.error(program.place("k3", type="market", price=None), 400)["field"] == (
            "notional of today"
        )


def test_a_desk_that_is_not_here_is_a_404(program: Program) -> None:
    """It names those there are; names fold as everywhere."""
    error = program.error(program.place(account="second"), 404)
    assert "binance, account second" in error["message"]
    assert "those there are: binance, account main" in error["message"]
    assert program.place(exchange="Binance", account="Main").status_code == 201


def test_a_refusal_is_told_in_the_exchanges_words(program: Program, sim: SimThread) -> None:
    """409 with kind, code and message; the same key says again that it is not booked."""
    error = program.error(program.place(quantity="5"), 409)
    assert (error["reason"], error["kind"], error["code"]) == (
        "refused",
        "insufficient_funds",
        "-2010",
    )
    assert "insufficient balance" in error["message"]
    assert program.error(program.place(quantity="5"), 409)["reason"] == "refused"
    assert booked(sim) == {}


def test_a_halt_refuses_new_orders_alone(program: Program, sim: SimThread) -> None:
    """503 with who and why; a replay is still told, and once orders go again the key is free."""
    first = program.place("before").json()
    program.http.post("orders/switch", json={"on": True, **SAID})
    answer = program.place("after")
    error = program.error(answer, 503)
    assert error["reason"] == "halted"
    assert "halted by anna: incident 12" in error["message"]
    assert program.place("before").json()["order"] == first["order"]
    program.http.post("orders/switch", json={"on": False, **SAID})
    assert program.place("after").status_code == 201


def test_an_open_circuit_says_when_to_come_again(program: Program, sim: SimThread) -> None:
    """503 with Retry-After where it is known; nothing was sent."""
    hold = program.gear.hold
    hold("binance", "create_order", state="open", by="ops", why="a test", for_s=60)
    answer = program.place()
    assert program.error(answer, 503)["reason"] == "not_admitted"
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert booked(sim) == {}


def test_a_journal_that_is_gone_is_a_503(program: Program, sim: SimThread, tmp_path: Path) -> None:
    """What cannot be written down is not sent."""
    (tmp_path / "orders.db").rename(tmp_path / "away.db")
    assert program.error(program.place(), 503)["reason"] == "journal"
    assert booked(sim) == {}


def test_a_desk_whose_loop_has_ended_is_a_503(program: Program, sim: SimThread) -> None:
    """A desk that nobody runs any more takes no orders, and the answer comes at once."""
    program.stop_desk()
    program.gear.desks.append(program.desk)
    assert program.error(program.place(), 503)["reason"] == "no_desk"
    assert booked(sim) == {}


# ------------------------------------------------------------------------------------ cancelling


def cancel(program: Program, intent_id: str, **body: Any) -> Any:
    """The answer to a cancel."""
    return program.http.post(f"orders/{intent_id}/cancel", json=body or SAID)


def test_an_order_is_cancelled_however_often(program: Program) -> None:
    """Each time it is told as cancelled; the log has who and why."""
    intent_id = program.place().json()["intent_id"]
    for _ in range(2):
        told = cancel(program, intent_id).json()
        assert (told["is_canceled"], told["order"]["status"]) == (True, "canceled")
    program.gear.flush()
    found = program.http.get("logs", params={"event": "note"}).json()["records"]
    assert [note["level"] for note in found] == ["WARNING"] * 3
    for note in found[:2]:
        assert "to be cancelled by anna: incident 12; it is canceled" in note["message"]


def test_what_is_filled_is_told_as_it_is(program: Program) -> None:
    """A cancel that comes too late is no error."""
    intent_id = program.place(type="market", price=None).json()["intent_id"]
    told = cancel(program, intent_id).json()
    assert (told["is_canceled"], told["order"]["status"]) == (False, "filled")


def test_a_cancel_whose_answer_is_lost_is_done(program: Program, sim: SimThread) -> None:
    """It is cancelled, and told so."""
    intent_id = program.place().json()["intent_id"]
    sim.add_faults({"match": "order.cancel", "action": "reset_after", "count": 1})
    assert cancel(program, intent_id).json()["is_canceled"] is True


def test_what_is_not_booked_is_not_cancelled(program: Program) -> None:
    """A refused order is a 409, one that no journal has a 404, and nobody cancels for no reason."""
    program.place(quantity="5")
    (refused,) = program.http.get("orders").json()["intents"]
    assert program.error(cancel(program, refused["intent_id"]), 409)["reason"] == "not_booked"
    assert cancel(program, "nobody").status_code == 404
    error = program.error(cancel(program, refused["intent_id"], by="", why="x"), 400)
    assert error["field"] == "by"


def test_a_halt_lets_cancels_through(program: Program) -> None:
    """What is open can be taken back whatever is halted."""
    intent_id = program.place().json()["intent_id"]
    program.http.post("orders/switch", json={"on": True, **SAID})
    assert cancel(program, intent_id).json()["is_canceled"] is True


# ---------------------------------------------------------------------------------- description


def test_the_description_tells_every_status(program: Program) -> None:
    """OpenAPI has the header, each status with its shape, and money as strings."""
    described = program.http.get("openapi.json").json()
    placing = described["paths"]["/api/v1/orders"]["post"]
    assert {"200", "201", "202", "400", "404", "409", "422", "503", "504"} <= placing[
        "responses"
    ].keys()
    (key,) = [each for each in placing["parameters"] if each["in"] == "header"]
    assert (key["name"], key["required"]) == ("Idempotency-Key", True)
    quantity = described["components"]["schemas"]["OrderIn"]["properties"]["quantity"]
    assert [each["type"] for each in quantity["anyOf"]] == ["string", "null"]
    cancelling = described["paths"]["/api/v1/orders/{intent_id}/cancel"]["post"]
    assert {"200", "400", "404", "409", "503", "504"} <= cancelling["responses"].keys()
