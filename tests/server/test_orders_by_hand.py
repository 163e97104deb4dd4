"""Tests what may be done by hand about orders over a socket: abandon, halt, let go; by whom, and when not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from switchgear.order.intent import State
from switchgear.order.store import Halted, MemoryStore, Write
from tests.server.kit import House
from tests.server.orders_kit import OTHER, WHO, Book, OrderHouse

if TYPE_CHECKING:
    from collections.abc import Iterator

SAID: dict[str, Any] = {"by": "anna", "why": "incident 12"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OrderHouse]:
    """One house for all tests here."""
    with OrderHouse(tmp_path_factory.mktemp("orders")) as made:
        yield made


@pytest.fixture
def house(built: OrderHouse) -> OrderHouse:
    """A house with a desk, in which nothing was ordered yet."""
    built.begin_anew()
    return built


def control(house: House, path: str, status: int = 200, **body: Any) -> Any:
    """What a control answers, with this status."""
    answer = house.post(f"orders/{path}", body)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_abandoning_says_who_and_why_for_ever(house: OrderHouse) -> None:
    """The move bears the person, the log has it too, and a second time is a 409."""
    intent = house.book.put(State.SENT, State.UNKNOWN)
    life = control(house, f"{intent.intent_id}/abandon", by=" anna ", why="never booked")
    assert life["intent"]["state"] == "abandoned"
    assert (life["moves"][-1]["by"], life["moves"][-1]["why"]) == ("anna", "never booked")
    assert (life["next"], life["can_abandon"]) == (None, False)
    late = control(house, f"{intent.intent_id}/abandon", 409, **SAID)
    assert "is abandoned already" in late["error"]["message"]
    house.gear.flush()
    (record,) = house.logs(event="intent_moved")
    assert record["detail"]["by"] == "anna"
    assert "never booked" in record["message"]


@pytest.mark.parametrize("state", [State.ACKED, State.REJECTED, State.ABSENT])
def test_what_is_known_is_not_abandoned(house: OrderHouse, state: State) -> None:
    """Evidence is not overruled by hand: 409."""
    states = (State.SENT, State.UNKNOWN, state) if state is State.ABSENT else (State.SENT, state)
    intent = house.book.put(*states)
    message = control(house, f"{intent.intent_id}/abandon", 409, **SAID)["error"]["message"]
    assert f"is {state} already" in message
    kept = house.store.get(intent.intent_id)
    assert kept is not None
    assert kept.state is state


def test_what_is_under_way_is_not_abandoned(house: OrderHouse) -> None:
    """Whoever sends it, or waits for it and may send it again, is not cut off; when the claim has ended, it can be."""
    sent = house.book.put(State.SENT, owned_s=60, by=OTHER)
    waited = house.book.put(State.SENT, State.UNKNOWN, owned_s=60)
    for intent, words in (
        (sent, "is being sent by trader-2"),
        (waited, "waited for by its caller"),
    ):
        message = control(house, f"{intent.intent_id}/abandon", 409, **SAID)["error"]["message"]
        assert words in message
        assert house.get(f"orders/{intent.intent_id}")["refusal"] in message
    house.clock.advance(61)
    for intent in (sent, waited):
        control(house, f"{intent.intent_id}/abandon", **SAID)


def test_what_is_asked_after_can_be_abandoned(house: OrderHouse) -> None:
    """The reconciler's own claim does not keep a person from it."""
    intent = house.book.put(State.SENT, State.UNKNOWN, owned_s=60)
    house.asked_after(intent)
    control(house, f"{intent.intent_id}/abandon", **SAID)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"by": "", "why": "x"}, "by"),
        ({"by": "anna", "why": " "}, "why"),
        ({"by": "a" * 101, "why": "x"}, "by"),
        ({"by": "a\u202eb", "why": "x"}, "by"),
        ({"by": "anna"}, "why"),
        ({"by": 1, "why": "x"}, "by"),
        ({**SAID, "more": 1}, "more"),
    ],
)
@pytest.mark.parametrize("path", ["orders/1/abandon", "orders/switch"])
def test_who_and_why_must_be_said(
    house: OrderHouse, path: str, body: dict[str, Any], field: str
) -> None:
    """Nothing is done by nobody, or for no reason."""
    body = {**body, "on": True} if path.endswith("switch") else body
    answer = house.post(path, body)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
    assert house.get("orders/switch")["switches"] == []


def test_a_halt_of_all_refuses_every_new_order(house: OrderHouse) -> None:
    """It says who, since when and why; let go, orders are written down again; the log has both."""
    answer = control(house, "switch", on=True, **SAID)
    switch = {"exchange": "", "account": "", **SAID, "at_ms": house.book.now_ms()}
    assert answer["switches"] == house.get("orders/switch")["switches"] == [switch]
    request = Write(_intent(house), WHO)
    (refused,) = house.store.apply([request], durable=True)
    assert isinstance(refused, Halted)
    again = control(house, "switch", 409, on=True, by="bob", why="me too")["error"]["message"]
    assert (
        again == "new orders of all exchanges and accounts are halted already by anna: incident 12"
    )
    assert control(house, "switch", on=False, by="bob", why="mended")["switches"] == []
    assert house.store.apply([request], durable=True) == [request.intent]
    control(house, "switch", 409, on=False, **SAID)
    house.gear.flush()
    notes = [one["message"] for one in house.logs(event="note", level="warning")]
    assert notes == [
        "new orders of all exchanges and accounts let go again by bob: mended",
        "new orders of all exchanges and accounts halted by anna: incident 12",
    ]


def _intent(house: OrderHouse) -> Any:
    other = Book(MemoryStore(), house.clock)
    return other.put()


def test_a_halt_of_one_account_is_its_own(house: OrderHouse) -> None:
    """Halts of an account and of all stand beside each other, and each is let go by itself."""
    house.book.put(State.SENT, place=("coinbase", "second"))
    control(house, "switch", on=True, **SAID, exchange="Coinbase", account="second")
    control(house, "switch", on=True, **SAID)
    places = [(one["exchange"], one["account"]) for one in house.get("orders/board")["switches"]]
    assert places == [("", ""), ("coinbase", "second")]
    left = control(house, "switch", on=False, **SAID)["switches"]
    assert [(one["exchange"], one["account"]) for one in left] == [("coinbase", "second")]
    known = [(one["exchange"], one["account"]) for one in house.get("orders/switch")["places"]]
    assert known == [("binance", "main"), ("coinbase", "second")]


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ({"exchange": "binance"}, "account"),
        ({"account": "main"}, "exchange"),
        ({"exchange": "binanc", "account": "main"}, "account"),
        ({"exchange": "a b", "account": "main"}, "exchange, account"),
    ],
)
def test_a_halt_that_would_halt_nothing_is_refused(
    house: OrderHouse, place: dict[str, str], field: str
) -> None:
    """Half a place, no name, and an account that nobody here knows: a slip must not look like a halt."""
    error = control(house, "switch", 400, on=True, **SAID, **place)["error"]
    assert error["field"] == field
    assert house.get("orders/switch")["switches"] == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://evil.example"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"host": "evil.example"}, 403),
    ],
)
@pytest.mark.parametrize("path", ["orders/switch", f"orders/{1:032x}/abandon"])
def test_another_site_turns_nothing(
    house: OrderHouse, path: str, headers: dict[str, str], status: int
) -> None:
    """The controls obey the access rules of everything that changes something."""
    intent = house.book.put(State.SENT, State.UNKNOWN)
    body = {"on": True, **SAID} if path.endswith("switch") else SAID
    head = {"host": "localhost", "content-type": "application/json", **headers}
    sent = json.dumps(body)
    lines = [f"{name}: {value}" for name, value in head.items()]
    lines += [f"content-length: {len(sent)}", "connection: close", "", sent]
    answer = house.raw("\n".join([f"POST /api/v1/{path} HTTP/1.1", *lines]))
    assert int(answer.split()[1]) == status
    assert house.store.switches() == []
    kept = house.store.get(intent.intent_id)
    assert kept is not None
    assert kept.state is State.UNKNOWN
