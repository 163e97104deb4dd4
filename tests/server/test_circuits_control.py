"""Tests the controls of circuits over real HTTP: hold, release, reset, what each writes down, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switchgear.core.errors import CircuitOpenError
from switchgear.core.event import CircuitMoved
from tests.server.kit import House
from tests.server.login_kit import OPERATOR, VIEWER, Doorway
from tests.server.story import answers, refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ORDER = {"exchange": "binance", "method": "create_order"}
SAID = {"by": "anna", "why": "positions look wrong"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house of its own for each test: what is held stays held."""
    with House("memory", tmp_path) as made:
        for exchange, method in (
            ("binance", "create_order"),
            ("binance", "get_market_price"),
            ("coinbase", "get_market_price"),
        ):
            made.call(exchange, method)
        yield made


def turn(house: House, what: str, status: int = 200, **body: Any) -> dict[str, Any]:
    """The answer to a control that has this status."""
    answer = house.post(f"circuits/{what}", {**ORDER, **SAID, **body})
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def state(house: House, method: str = "create_order", exchange: str = "binance") -> dict[str, Any]:
    """A circuit as the board has it."""
    board = house.get("circuits")["circuits"]
    return next(one for one in board if (one["exchange"], one["method"]) == (exchange, method))


def notes(house: House) -> list[dict[str, Any]]:
    """The records that controls left, newest first."""
    return house.logs(event="note", level="warning")


def passes(house: House, method: str = "create_order") -> bool:
    """Whether a call is made."""
    try:
        house.gear.call_sync("binance", method, answers())
    except CircuitOpenError:
        return False
    return True


def test_a_hold_refuses_calls_until_its_time_ends_by_itself(house: House) -> None:
    """Held open for ten minutes: calls are refused, the board says until when, and then they go again untouched."""
    done = turn(house, "hold", state="open", for_s=600)
    assert done["did"] == "held open"
    assert done["until_ms"] == house.get("circuits")["now_ms"] + 600_000
    assert not passes(house)
    house.clock.advance(60)
    held = state(house)
    assert (held["state"], held["by"], held["reason"]) == ("forced_open", "anna", SAID["why"])
    assert held["hold_ends_in_s"] == pytest.approx(540)
    house.clock.advance(541)
    assert state(house)["state"] == "closed"
    assert passes(house)
    assert house.get("circuits/holds")["holds"] == []


def test_a_hold_closed_says_until_when_too(house: House) -> None:
    """Held closed, calls pass whatever fails, and the board knows when it ends, though no call waits for it."""
    turn(house, "hold", state="closed", for_s=60)
    for _ in range(5):
        house.call("binance", "create_order", fails=9)
    assert (state(house)["state"], state(house)["hold_ends_in_s"]) == (
        "forced_closed",
        pytest.approx(60 - 5.06),
    )
    house.clock.advance(60)
    assert state(house)["state"] == "closed"


def test_until_may_be_an_instant(house: House) -> None:
    """An instant with its zone is as good as a span; one that is over, or both together, are refused by field."""
    until = "2026-01-01T00:10:00Z"
    done = turn(house, "hold", state="open", until=until)
    assert done["until_ms"] == 1_767_226_200_000
    for body, field in (
        ({"until": "2025-01-01T00:00:00Z"}, "until"),
        ({"until": until, "for_s": 5.0}, "until"),
        ({"until": "tomorrow"}, "until"),
        ({"for_s": -1.0}, "for_s"),
        ({"for_s": 1e9}, "for_s"),
    ):
        error = turn(house, "hold", 400, state="open", **body)["error"]
        assert error["field"] == field, error
        assert error["allowed"]


@pytest.mark.parametrize(
    ("body", "field", "allowed"),
    [
        ({"exchange": "binanc"}, "exchange", "binance, coinbase"),
        ({"method": "create_odrer"}, "method", "create_order"),
        ({"account": "second"}, "account", "main"),
        ({"state": "ajar"}, "state", "open, closed, metrics_only"),
        ({"by": " "}, "by", "printable"),
        ({"why": ""}, "why", "printable"),
        ({"method": "a b"}, "method", "letters"),
        ({"colour": "red"}, "colour", "not permitted"),
    ],
)
def test_what_cannot_be_says_what_may(
    house: House, body: dict[str, Any], field: str, allowed: str
) -> None:
    """A slip names its field and what is known; nothing is held, and nothing is written down."""
    error = turn(house, "hold", 400, **{"state": "open", **body})["error"]
    assert error["field"] == field
    assert allowed in error["allowed"]
    assert state(house)["state"] == "closed"
    assert notes(house) == []


def test_each_control_is_written_down(house: House) -> None:
    """Who, why, until when, and before and after of the circuit: a warning for each, and the move names who."""
    moves: list[CircuitMoved] = []
    house.gear.on(CircuitMoved, moves.append)
    turn(house, "hold", state="open", for_s=60)
    turn(house, "release", why="it is mended")
    turn(house, "reset")
    reset, release, hold = notes(house)
    assert hold["message"].startswith("by anna: held open binance.create_order")
    assert "until 2026-01-01T00:01:0" in hold["message"]
    assert hold["message"].endswith("positions look wrong (closed -> forced_open)")
    assert (hold["exchange"], hold["method"]) == ("binance", "create_order")
    assert hold["detail"]["circuits"] == [
        {"circuit": "binance.create_order", "before": "closed", "after": "forced_open"}
    ]
    assert "(forced_open -> closed)" in release["message"]
    assert "reset binance.create_order" in reset["message"]
    house.gear.flush()
    assert [(move.new.value, move.by) for move in moves] == [
        ("forced_open", "anna"),
        ("closed", "anna"),
    ]


def test_a_pattern_holds_what_comes_later_and_is_listed(house: House) -> None:
    """A pattern holds each circuit that it matches, and keys of a later day; the list says by whom and until when."""
    done = turn(house, "hold", state="open", method="get_*", for_s=60)
    assert [one["method"] for one in done["circuits"]] == ["get_market_price"]
    assert not passes(house, "get_symbols")
    assert passes(house)
    (held,) = house.get("circuits/holds")["holds"]
    assert (held["method"], held["account"], held["by"]) == ("get_*", "*", "anna")
    assert held["until_ms"] == done["until_ms"]
    turn(house, "release", method="get_*")
    assert house.get("circuits/holds")["holds"] == []
    assert passes(house, "get_symbols")


def test_a_pattern_is_looked_up_once_not_for_each_circuit(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many circuits a pattern matches, what became of them is asked of all circuits at once."""
    registry, asked = house.gear.registry, list[tuple[str, ...]]()
    breakers = registry.breakers

    def counted(*place: str) -> Any:
        asked.append(place)
        return breakers(*place)

    monkeypatch.setattr(registry, "breakers", counted)
    counts: list[int] = []
    for size in (2, 40):
        for number in range(size):
            house.call("binance", f"get_{number}")
        asked.clear()
        for what in ("hold", "release", "reset"):
            more: dict[str, Any] = {"state": "open"} if what == "hold" else {}
            assert len(turn(house, what, method="get_*", **more)["circuits"]) > size
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_one_account_is_held_and_another_is_not(house: House) -> None:
    """With an account, the circuit of that account alone is turned."""
    house.gear.guarded("binance", "create_order", account="second").call_sync(answers())
    done = turn(house, "hold", state="open", account="second")
    assert [one["account"] for one in done["circuits"]] == ["second"]
    assert passes(house)
    with pytest.raises(CircuitOpenError):
        house.gear.guarded("binance", "create_order", account="second").call_sync(answers())
    turn(house, "release", account="second")
    assert house.gear.guarded("binance", "create_order", account="second").call_sync(answers()) == 1


def test_what_is_not_held_cannot_be_released(house: House) -> None:
    """A release of what nobody holds is a conflict, and leaves no trace."""
    error = turn(house, "release", 409)["error"]
    assert "no circuit of binance.create_order" in error["message"]
    assert notes(house) == []


def test_a_reset_closes_what_is_open_and_opens_gates_of_its_scope(house: House) -> None:
    """An open circuit closes; the gate of an account opens when its scope is meant, and the answer names it."""
    house.gear.configure("*", retries=0)
    house.trouble()
    assert state(house)["state"] == "open"
    assert turn(house, "reset")["circuits"][0]["after"] == "closed"
    house.gear.guarded("binance", "create_order").try_call_sync(answers(refused(429, -1015, 20)))
    assert len(house.get("circuits")["gates"]) == 1
    assert turn(house, "reset")["gates_opened"] == []
    assert turn(house, "reset", method="@account")["gates_opened"] == ["binance account main"]
    assert house.get("circuits")["gates"] == []


def test_a_wide_circuit_that_nothing_has_touched_can_be_held(house: House) -> None:
    """The whole exchange is held by its scope's name: every method of it is refused, those of others go on."""
    turn(house, "hold", state="open", method="@exchange", for_s=60)
    assert not passes(house, "get_market_price")
    assert house.gear.call_sync("coinbase", "get_market_price", answers()) == 1
    assert state(house, "@exchange")["state"] == "forced_open"
    assert state(house)["held_back_by"] == "exchange"


def test_what_a_person_wrote_has_no_secret_in_the_log(house: House) -> None:
    """A key that slips into why is masked where it is written down."""
    turn(house, "hold", state="open", why="api_key=AKIA1234567890SECRET leaked")
    assert "AKIA1234567890SECRET" not in str(house.logs())


def test_a_file_is_turned_where_its_program_runs(tmp_path: Path) -> None:
    """Another process's circuits cannot be turned from its file: each control says so, and nothing is offered."""
    with House("other", tmp_path) as made:
        made.tell()
        for what, body in (("hold", {"state": "open"}), ("release", {}), ("reset", {})):
            error = turn(made, what, 403, **body)["error"]
            assert error["message"] == "this page reads a file; control is where the program runs"
        assert made.get("circuits/holds") | {"now_ms": 0} == {
            "controllable": False,
            "holds": [],
            "now_ms": 0,
        }
        assert {one["state"] for one in made.get("circuits")["circuits"]} == {"closed", "open"}


def test_a_hold_in_a_file_says_until_when(tmp_path: Path) -> None:
    """What another process holds closed is told with its end, from its file."""
    with House("other", tmp_path) as made:
        made.tell()
        made.gear.hold("binance", "get_*", state="closed", by="ops", why="maintenance", for_s=90)
        made.keep()
        held = state(made, "get_market_price")
        assert (held["state"], held["by"]) == ("forced_closed", "ops")
        assert held["hold_ends_in_s"] == pytest.approx(90)


def test_only_operators_turn_circuits_and_their_name_is_whole() -> None:
    """Who may only look is refused; an operator's own name stands beside what they typed, in hold and log."""
    place = {"exchange": "binance", "method": "get_market_price", "state": "open"}
    with Doorway() as door:
        body = {**place, "by": "the night shift", "why": "incident"}
        found: list[int] = []
        for token in (VIEWER, "", OPERATOR):
            with door.client(token) as client:
                found.append(client.post("/api/v1/circuits/hold", json=body).status_code)
        assert found == [403, 401, 200]
        held = door.gear.circuit("binance", "get_market_price")
        assert held.by == "the night shift (as anna)"
        assert "by the night shift (as anna): held open" in door.notes()[0][1]
