"""Tests the API of orders over a socket: what it lists, what it tells of one, and from which journals."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from switchgear.exchange.model import OrderType, Side
from switchgear.order.intent import State
from switchgear.order.journal import InlineCommitter, Journal, ThreadCommitter
from switchgear.order.sql_store import SqlStore
from switchgear.order.store import Change, MemoryStore
from switchgear.server import GearSource, serve
from tests.server.kit import House
from tests.server.orders_kit import LOST, OTHER, WHO, Book, OrderHouse, stray

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from switchgear.order.intent import Intent
    from switchgear.order.store import IntentQuery

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


def ids(house: House, **params: Any) -> list[str]:
    """The intents that a filter finds, by the end of their ids."""
    return [one["intent_id"].lstrip("0") for one in house.get("orders", **params)["intents"]]


def _held_back(house: OrderHouse) -> None:
    """An order that was counted as sent beforehand, and was then held back, as an errand writes it down."""
    sent = house.book.put(State.SENT)
    why = "not sent: the circuit was open"
    house.journal.post(sent, State.REJECTED, why, attempts=0, sent_ms=None)


def test_orders_come_newest_first_with_exact_amounts(house: OrderHouse) -> None:
    """Each is told with its state and since when, and no digit of an amount is lost or made up."""
    house.book.put(State.SENT, State.ACKED, quantity=Decimal("1E+2"), price=Decimal("0.10"))
    house.clock.advance(5)
    market: dict[str, Any] = {
        "type": OrderType.MARKET,
        "quantity": None,
        "price": None,
        "side": Side.SELL,
    }
    house.book.put(State.SENT, quote_quantity=Decimal("250.00"), **market)
    answer = house.get("orders")
    newest, first = answer["intents"]
    assert (answer["journals"], answer["more"]) == (1, False)
    assert (first["quantity"], first["price"], first["attempts"]) == ("100", "0.10", 1)
    assert (first["state"], first["is_booked"], first["is_open"]) == ("acked", True, False)
    assert (newest["quantity"], newest["quote_quantity"], newest["price"]) == (None, "250.00", None)
    assert (newest["side"], newest["type"], newest["state"]) == ("sell", "market", "sent")
    assert newest["since_ms"] == newest["created_ms"] == first["created_ms"] + 5_001


def test_an_order_that_never_left_says_so(house: OrderHouse) -> None:
    """It is rejected like one that the exchange refused, and told from it by a field of its own."""
    house.book.put(State.SENT, State.REJECTED)
    _held_back(house)
    house.book.put()
    told = house.get("orders")["intents"]
    assert [one["state"] for one in told] == ["new", "rejected", "rejected"]
    assert [one["never_left"] for one in told] == [False, True, False]
    assert [one["attempts"] for one in told] == [0, 0, 1]
    assert len(house.get("orders", state="rejected")["intents"]) == 2
    life = house.get(f"orders/{told[1]['intent_id']}")
    assert [one["new"] for one in life["moves"]] == ["new", "sent", "rejected"]
    assert life["intent"]["sent_ms"] is None


def test_what_is_in_doubt_is_told_with_the_list(
    house: OrderHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both say the same of each order, though one moves while they are read; whatever the filter says."""
    put, query = house.book.put, house.store.query
    moving = put(State.SENT, State.UNKNOWN)
    put(State.SENT, State.UNKNOWN)
    reads = list[object]()

    def read(asked: IntentQuery) -> list[Intent]:
        reads.append(asked)
        if len(reads) == 2:  # between the two
            ended = moving.moved(State.FOUND, house.book.now_ms(), "found")
            house.store.apply([Change(ended, State.UNKNOWN, WHO)], durable=True)
            put(State.SENT, State.UNKNOWN)
        return query(asked)

    monkeypatch.setattr(house.store, "query", read)
    told = house.get("orders")
    unknown = [one["intent_id"] for one in told["intents"] if one["state"] == "unknown"]
    assert [one["intent_id"] for one in told["in_doubt"]] == sorted(unknown)
    assert len(unknown) == 2
    assert "next" in told["in_doubt"][0]
    filtered = house.get("orders", state="acked")
    assert (filtered["intents"], len(filtered["in_doubt"])) == ([], 2)


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, ["4", "3", "2", "1"]),
        ({"exchange": "Binance"}, ["4", "2", "1"]),
        ({"exchange": "binance", "account": "second"}, ["2"]),
        ({"state": "unknown"}, ["3"]),
        ({"state": "new, sent,unknown"}, ["4", "3"]),
        ({"symbol": "eth/usd"}, ["3"]),
        ({"client_order_id": f"sg-{1:032x}"}, ["1"]),
        ({"client_order_id": "sg-nobody"}, []),
        ({"exchange": "", "limit": "2"}, ["4", "3"]),
    ],
)
def test_filters_find_exactly_what_matches(
    house: OrderHouse, params: dict[str, str], found: list[str]
) -> None:
    """All that are given must hold; an empty one does not matter."""
    house.book.put(State.SENT, State.ACKED)
    house.book.put(State.SENT, State.ABSENT, place=("binance", "second"))
    house.book.put(State.SENT, State.UNKNOWN, place=("coinbase", "main"), symbol="ETH/USD")
    house.book.put(State.SENT)
    assert ids(house, **params) == found


@pytest.mark.parametrize(
    ("params", "field", "words"),
    [
        ({"state": "lost"}, "state", "must be one or more of new, sent"),
        ({"symbol": "BTC"}, "symbol", "BTC/USDT"),
        ({"exchange": "a b"}, "exchange", "beginning with a letter or digit"),
        ({"client_order_id": "a b"}, "client_order_id", "1 to 36 letters"),
        ({"limit": "0"}, "limit", "from 1 to 1,000"),
        ({"limit": "1001"}, "limit", "from 1 to 1,000"),
        ({"limit": "²"}, "limit", "from 1 to 1,000"),
        ({"method": "x"}, "method", "is no filter; known are exchange"),
        ({"state": ["new", "sent"]}, "state", "may be given once"),
    ],
)
def test_a_filter_that_cannot_be_is_named(
    house: OrderHouse, params: dict[str, Any], field: str, words: str
) -> None:
    """The answer says which field, what it was, and what it may be."""
    error = house.get("orders", status=400, **params)["error"]
    value = params[field]
    assert error["field"] == field
    assert error["value"] == (value if isinstance(value, str) else value[-1])
    assert words in error["allowed"]


def test_more_are_said_to_be_there(house: OrderHouse) -> None:
    """A page that does not hold all says so."""
    for _ in range(3):
        house.book.put(State.SENT)
    assert house.get("orders", limit="2")["more"] is True
    assert house.get("orders", limit="3")["more"] is False


def test_one_order_is_told_with_its_life(house: OrderHouse) -> None:
    """Every move is there, oldest first, with time, from, to, why and by whom."""
    intent = house.book.put(State.SENT, State.UNKNOWN)
    life = house.get(f"orders/{intent.intent_id}")
    moves = [(one["old"], one["new"], one["why"], one["by"]) for one in life["moves"]]
    assert moves == [
        (None, "new", "", WHO), ("new", "sent", "attempt 1", WHO), ("sent", "unknown", LOST, WHO),
    ]  # fmt: skip
    assert {one["at_ms"] for one in life["moves"]} == {intent.created_ms}
    assert life["intent"]["intent_id"] == intent.intent_id
    assert life["can_abandon"] is True


@pytest.mark.parametrize("path", ["orders/nobody", f"orders/{'f' * 32}", "orders/%3Cb%3E"])
def test_an_unknown_order_is_a_404(house: OrderHouse, path: str) -> None:
    """It is named in the shape of every other error."""
    assert "no journal here has it" in house.get(path, status=404)["error"]["message"]


def test_the_board_says_what_happens_next(house: OrderHouse) -> None:
    """Of each order in doubt, the oldest first: who asks, who has it, or that nobody does."""
    put = house.book.put
    asked = put(State.SENT, State.UNKNOWN, owned_s=60)
    house.asked_after(asked)
    put(State.SENT, State.UNKNOWN, owned_s=60)
    put(State.SENT, State.UNKNOWN, owned_s=60, by=OTHER)
    put(State.SENT)
    put(State.SENT, State.UNKNOWN, owned_s=60, place=("coinbase", "main"), by=OTHER)
    put(State.SENT, State.UNKNOWN, place=("coinbase", "main"))
    put(State.SENT, owned_s=60)
    put(State.SENT, State.ACKED)
    board = house.get("orders/board")
    assert [one["next"]["words"] for one in board["in_doubt"]] == [
        "this process asks the exchange again",
        "its caller still waits for it, and has it looked for",
        f"{OTHER} has it; this process takes over unless it goes on",
        "this process takes it up in its next round",
        f"{OTHER} sees it through",
        "nobody looks after it: a program with a desk of coinbase, account main, takes it up",
    ]
    assert board["in_doubt"][2]["next"]["in_s"] == pytest.approx(60, abs=0.1)
    assert board["desks"] == [
        {"exchange": "binance", "account": "main", "asking": 1, "last_error": ""}
    ]


def test_when_it_is_asked_after_is_told_where_it_is_known(
    house: OrderHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reconciler that tells when it looks again is quoted, in seconds from now and never below 0."""
    intent = house.book.put(State.SENT, State.UNKNOWN, owned_s=60)
    house.asked_after(intent)
    for told_s, wanted_s in ((7.04, 7.0), (-1.0, 0.0), (None, None)):
        told = {intent.intent_id: told_s}
        monkeypatch.setattr(house.desk.reconciler, "look_in_s", told.get, raising=False)
        assert house.get(f"orders/{intent.intent_id}")["next"]["in_s"] == wanted_s


def test_strays_are_told(house: OrderHouse) -> None:
    """What the desk last saw at the exchange and found in no journal is there, amounts as text."""
    house.desk.reconciler.strays = (stray(),)
    house.desk.reconciler.last_error = "NetworkError: gone"
    board = house.get("orders/board")
    (found,) = board["strays"]
    assert (found["exchange"], found["account"], found["filled"]) == ("binance", "main", "0.25")
    assert (found["price"], found["created_ms"]) == ("3120.5", None)
    assert board["desks"][0]["last_error"] == "NetworkError: gone"


def test_without_a_journal_there_is_nothing_to_turn(tmp_path: Path) -> None:
    """The lists are empty and say that no journal was asked; a control is a 404."""
    with House("memory", tmp_path) as house:
        assert house.get("orders") == {
            "intents": [], "more": False, "in_doubt": [], "journals": 0, "now_ms": house.get("orders")["now_ms"],
        }  # fmt: skip
        assert house.get("orders/board")["strays"] is None
        assert house.get("orders/1", status=404)
        answer = house.post("orders/switch", {"on": True, **SAID})
        assert (answer.status_code, "no journal" in answer.text) == (404, True)


def test_journals_are_read_as_one(house: OrderHouse) -> None:
    """Orders of two journals come in one order, and a halt reaches both."""
    store = MemoryStore()
    more = Journal(store, house.clock, house.gear.hub.emit, committer=InlineCommitter(store))
    source = GearSource(house.gear, journals=[more, house.journal])
    house.book.put(State.SENT)
    house.clock.advance(1)
    Book(store, house.clock, before=10).put(State.SENT, place=("kraken", "main"))
    with serve(source, port=0) as server, httpx.Client(base_url=server.url) as http:
        listed = http.get("/api/v1/orders").json()
        assert [one["exchange"] for one in listed["intents"]] == ["kraken", "binance"]
        assert listed["journals"] == 2
        assert http.get("/api/v1/orders?limit=1").json()["more"] is True
        http.post("/api/v1/orders/switch", json={"on": True, **SAID})
        assert len(store.switches()) == len(house.store.switches()) == 1
        assert len(http.get("/api/v1/orders/switch").json()["switches"]) == 1


def test_a_journal_in_sql_is_shown_and_turned(tmp_path: Path) -> None:
    """The same over a file: list, life, abandon, halt; when the file is gone, 503 says so."""
    path = tmp_path / "orders.db"
    with House("memory", tmp_path) as house:
        store = SqlStore(path)
        intent = Book(store, house.clock).put(State.SENT, State.UNKNOWN)
        emit, committer = house.gear.hub.emit, ThreadCommitter(store)
        journal = Journal(store, house.clock, emit, committer=committer)
        with serve(GearSource(house.gear, journals=[journal]), port=0) as server:
            http = httpx.Client(base_url=f"{server.url}/api/v1/")
            (listed,) = http.get("orders").json()["intents"]
            assert (listed["quantity"], listed["price"]) == ("0.50000000", "42000.10")
            life = http.post(f"orders/{intent.intent_id}/abandon", json=SAID).json()
            assert [one["new"] for one in life["moves"]] == ["new", "sent", "unknown", "abandoned"]
            assert http.post("orders/switch", json={"on": True, **SAID}).status_code == 200
            path.rename(tmp_path / "away.db")
            gone = http.get("orders")
            assert gone.status_code == 503
            assert "the journal cannot be used now: orders.db" in gone.json()["error"]["message"]
            turned = http.post("orders/switch", json={"on": False, **SAID})
            assert turned.status_code == 503
            http.close()
        journal.close()


def test_the_description_names_every_question(house: OrderHouse) -> None:
    """OpenAPI has each path of orders, with its filter."""
    described = house.get("openapi.json")
    paths = {path for path in described["paths"] if path.startswith("/api/v1/orders")}
    of_one = (f"/{{intent_id}}{tail}" for tail in ("", "/abandon", "/cancel"))
    tails = ("", "/board", "/switch", *of_one)
    assert paths == {f"/api/v1/orders{tail}" for tail in tails}
    names = {one["name"] for one in described["paths"]["/api/v1/orders"]["get"]["parameters"]}
    assert names == {"exchange", "account", "state", "symbol", "client_order_id", "limit"}
