"""Owns the tests of the words for how things stand."""

from __future__ import annotations

from typing import Any

import pytest

from switchgear.core.circuit import Rules
from switchgear.core.policy.circuit_view import CircuitView
from switchgear.core.policy.gate import GateView
from switchgear.core.words import CircuitState, Key, Scope
from switchgear.observe.health import health_of


def circuit(name: str, state: CircuitState = CircuitState.CLOSED, **more: Any) -> CircuitView:
    """A circuit by `exchange.method[.account]`, 12 s in its state."""
    exchange, method, *account = name.split(".")
    given: dict[str, Any] = {
        "since_s": 12.0,
        "reason": "3 failures",
        "retry_after_s": 18.0,
        "failures": 3,
        "openings": 1,
        "generation": 2,
        "rules": Rules(),
    }
    return CircuitView(Key(exchange, method, *(account or ["main"])), state, **(given | more))


def gate(exchange: str, account: str = "", *, closed: bool = True) -> GateView:
    """A gate of an exchange, or of one account there."""
    scope = Scope.ACCOUNT if account else Scope.EXCHANGE
    return GateView(exchange, scope, account, closed, 40.0 if closed else 0.0, "HTTP 429")


OPEN = CircuitState.OPEN


def test_nothing_yet_and_all_well() -> None:
    """A program that made no call is not called well, and one without trouble is."""
    assert health_of([], [], {}).summary == "Nothing was called yet."
    well = health_of([circuit("binance.get_x")], [gate("binance", closed=False)], {})
    assert (well.status, well.summary, well.degraded) == ("ok", "All exchanges are answering.", ())


@pytest.mark.parametrize("state", [CircuitState.FORCED_CLOSED, CircuitState.METRICS_ONLY])
def test_a_hold_that_lets_calls_through_is_well(state: CircuitState) -> None:
    """What passes every call is not degraded."""
    assert health_of([circuit("binance.get_x", state)], [], {}).status == "ok"


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (CircuitState.OPEN, "open"),
        (CircuitState.HALF_OPEN, "half open"),
        (CircuitState.FORCED_OPEN, "forced open"),
    ],
)
def test_an_open_circuit_is_said_with_its_why_and_until_when(
    state: CircuitState, word: str
) -> None:
    """The words name method, state, since when, until when and why; the rest still works."""
    found = health_of([circuit("binance.get_x", state), circuit("kraken.get_x")], [], {})
    (one,) = found.degraded
    assert (found.status, one.exchange, one.methods) == ("degraded", "binance", ("get_x",))
    assert one.words == f"get_x has been {word} for 12 s, next try in 18 s (3 failures)"
    assert found.summary == f"binance: {one.words}."


def test_a_circuit_without_a_next_try_names_none_and_another_account_is_named() -> None:
    """Held until released there is no next try; of two accounts the words say which."""
    held = circuit("binance.get_x.second", CircuitState.FORCED_OPEN, retry_after_s=None)
    (one,) = health_of([held], [], {}).degraded
    assert one.words == "get_x of account second has been forced open for 12 s (3 failures)"


@pytest.mark.parametrize(
    ("left_s", "words"), [(90.0, "90 s"), (600.0, "10 min"), (9_000.0, "2 h 30 min")]
)
def test_a_hold_with_an_end_says_how_long_it_lasts(left_s: float, words: str) -> None:
    """Nothing is tried at its end: it is over then, and a person's time is told in a person's measure."""
    more = {"retry_after_s": left_s, "hold_ends_in_s": left_s}
    held = circuit("binance.get_x", CircuitState.FORCED_OPEN, **more)
    (one,) = health_of([held], [], {}).degraded
    said = f"get_x has been forced open for 12 s, and is held so for {words} more (3 failures)"
    assert one.words == said


def test_a_closed_gate_is_said_and_takes_the_exchange_down() -> None:
    """A gate of the whole exchange holds back methods whose circuits are closed."""
    found = health_of([circuit("binance.get_x")], [gate("binance")], {})
    assert (found.status, found.degraded[0].methods) == ("down", ())
    assert found.degraded[0].words == "its exchange gate is closed for 40 s more (HTTP 429)"
    both = health_of([circuit("binance.get_x"), circuit("kraken.get_x")], [gate("binance")], {})
    assert both.status == "degraded"


def test_one_accounts_gate_does_not_take_the_others_down() -> None:
    """A bad key of one account is a degradation while another account is served."""
    circuits = [circuit("binance.get_x"), circuit("binance.get_x.second")]
    found = health_of(circuits, [gate("binance", "second")], {})
    assert found.status == "degraded"
    assert "account gate of account second is closed" in found.summary
    assert health_of(circuits[1:], [gate("binance", "second")], {}).status == "down"


def test_it_is_down_when_nothing_serves() -> None:
    """All circuits open, of one exchange or of several, is down."""
    circuits = [circuit("binance.get_x", OPEN), circuit("kraken.get_y", OPEN)]
    found = health_of(circuits, [], {})
    assert found.status == "down"
    assert [one.exchange for one in found.degraded] == ["binance", "kraken"]


def test_what_is_served_from_elsewhere_is_said() -> None:
    """The banner names the source for each method of a degraded exchange, and of no other."""
    served = {
        Key("binance", "get_x", "main"): "last_good",
        Key("kraken", "get_x", "main"): "backend",
    }
    found = health_of([circuit("binance.get_x", OPEN), circuit("kraken.get_x")], [], served)
    assert found.degraded[0].served_from == ("get_x: last_good",)
    assert found.degraded[0].words.endswith("served from elsewhere: get_x: last_good")
