"""Owns circuits of four scopes in people's hands: what they show, holds, settings of one scope, and what hangs."""

from __future__ import annotations

import pytest

import switchgear as sg
from switchgear.core.words import Key
from tests.core.floor import (
    ACCOUNT,
    ADDRESS,
    CLOSED,
    EXCHANGE,
    METHOD,
    OPEN,
    Floor,
    answer,
    floor,
)

__all__ = ["floor"]


# ------------------------------------------------------------------------------- what can be seen


def test_a_circuit_shows_whose_word_counts(floor: Floor) -> None:
    """Under the method's name stands the circuit that decides, with its scope; the others stand by themselves."""
    floor.good("get_price", "get_order")
    assert (floor.gear.circuit("kraken", "get_price").scope) is METHOD
    floor.fail(answer(500), "get_price", times=3)
    view = floor.gear.circuit("kraken", "get_price")
    assert (view.scope, view.state) == (METHOD, OPEN)
    floor.unreachable()
    for name in ("get_price", "get_order", "get_assets"):
        view = floor.gear.circuit("kraken", name)
        assert (view.scope, view.state, view.key.method) == (EXCHANGE, OPEN, name)
        rejection = floor.rejection(name)
        assert (rejection.scope, rejection.retry_after_s) == (view.scope, view.retry_after_s)
    assert floor.gear.metrics("kraken", "get_order").circuit_state is OPEN
    assert (floor.wide().scope, floor.wide().key.method) == (EXCHANGE, "@exchange")


def test_what_is_shown_is_whose_word_a_call_gets(floor: Floor) -> None:
    """The exchange's circuit has a place for a probe, the method's own is open: the method's decides, and is shown."""
    floor.gear.configure("kraken", "get_price", reset_timeout_s=100)
    floor.fail(answer(500), "get_price", times=3)
    floor.unreachable()
    floor.clock.advance(10)
    rejection, view = floor.rejection("get_price"), floor.gear.circuit("kraken", "get_price")
    assert (view.scope, view.retry_after_s) == (rejection.scope, rejection.retry_after_s)
    assert (view.scope, view.retry_after_s) == (METHOD, 90)


@pytest.mark.parametrize(
    ("name", "scope"), [("@exchange", EXCHANGE), ("@address", ADDRESS), ("@account", ACCOUNT)]
)
def test_a_scope_that_was_never_used_shows_its_scope(
    floor: Floor, name: str, scope: sg.Scope
) -> None:
    """Before the first call already, and for any account's name."""
    for account in ("main", "other"):
        view = floor.wide(name, account)
        assert (view.scope, view.state, view.failures) == (scope, CLOSED, 0)


def test_wider_circuits_are_listed_once_they_have_counted_something(floor: Floor) -> None:
    """Nobody needs to see four circuits for one method that is well."""

    def listed() -> list[str]:
        return [str(view.key) for view in floor.gear.circuits()]

    floor.good("get_price")
    assert listed() == ["kraken.get_price"]
    floor.unreachable(1)
    assert listed() == ["kraken.@exchange", "kraken.get_assets", "kraken.get_price"]
    floor.good("get_price")
    assert listed() == ["kraken.get_assets", "kraken.get_price"]
    floor.gear.hold("kraken", "@account", by="me", why="a test")
    assert listed() == ["kraken.@account", "kraken.get_assets", "kraken.get_price"]


def test_a_scope_is_looked_at_but_not_called(floor: Floor) -> None:
    """`@exchange` is a circuit's name, and no method's."""
    with pytest.raises(sg.SettingsError, match="a scope is not called"):
        floor.guard("@exchange")


# ------------------------------------------------------------------------------- holds by a person


@pytest.mark.parametrize(
    ("name", "scope"), [("@exchange", EXCHANGE), ("@address", ADDRESS), ("@account", ACCOUNT)]
)
def test_a_scope_is_held_and_released_by_hand(floor: Floor, name: str, scope: sg.Scope) -> None:
    """All methods that pass it are held back, those that come later too, until it is released."""
    floor.good("get_price")
    floor.gear.hold("kraken", name, by="me", why="a test")
    for method in ("get_price", "get_later"):
        rejection = floor.rejection(method)
        assert (rejection.scope, rejection.retry_after_s) == (scope, None)
        assert rejection.reason == "circuit held open by me: a test"
    floor.good("binance.get_price")
    floor.gear.release("kraken", name, by="me")
    floor.good("get_price", "get_later")


def test_a_hold_binds_circuits_of_scopes_that_come_later(floor: Floor) -> None:
    """Nothing was ever called there: the first call finds the exchange's circuit held."""
    floor.gear.hold("kraken", "@exchange", by="me", why="a test", for_s=60)
    rejection = floor.rejection("get_price")
    assert (rejection.scope, rejection.retry_after_s) == (EXCHANGE, 60)
    floor.clock.advance(60)
    floor.good("get_price")


def test_a_hold_on_an_account_binds_each_account_as_it_comes(floor: Floor) -> None:
    """Calls without a key pass no account's circuit, and go on."""
    floor.gear.hold("kraken", "@account", by="me", why="a test")
    for account in ("main", "other"):
        assert floor.rejection("get_order", account=account).scope is ACCOUNT
    floor.good("get_time", signed=False)


def test_a_hold_on_all_holds_the_scopes_too(floor: Floor) -> None:
    """The exchange's is the word; released as a whole, everything goes on."""
    floor.good("get_price")
    floor.gear.hold("kraken", "*", by="me", why="a test")
    assert floor.rejection("get_price").scope is EXCHANGE
    assert floor.rejection("get_later").scope is EXCHANGE
    floor.gear.release("kraken", by="me")
    floor.good("get_price", "get_later", "get_last")


def test_a_scope_that_was_let_go_stays_so_when_a_new_key_comes(floor: Floor) -> None:
    """Held as a whole, then all that there is let go one by one: a new method is held itself, and nobody else."""
    floor.good("get_price")
    floor.gear.hold("kraken", "*", by="me", why="a test")
    for name in ("@exchange", "@address", "@account", "get_price"):
        floor.gear.release("kraken", name, by="me")
    floor.good("get_price")
    assert floor.rejection("get_new").scope is METHOD
    floor.good("get_price")


def test_a_persons_hold_on_the_exchange_is_the_word_though_the_method_is_open(floor: Floor) -> None:
    """The widest that says no is named: held by a person, until nobody knows when."""
    floor.fail(answer(500), "get_price", times=3)
    floor.gear.hold("kraken", "@exchange", by="me", why="a test")
    rejection = floor.rejection("get_price")
    assert (rejection.scope, rejection.retry_after_s) == (EXCHANGE, None)
    assert rejection.reason == "circuit held open by me: a test"


@pytest.mark.parametrize("state", ["closed", "metrics_only"])
def test_an_exchange_held_closed_lets_all_pass(floor: Floor, state: str) -> None:
    """Its circuit counts nothing while it is held; the methods' own go on counting."""
    floor.gear.hold("kraken", "@exchange", state=state, by="me", why="a test")
    floor.unreachable(5)
    floor.good("get_price")
    floor.fail(answer(500), "get_price", times=3)
    assert floor.rejection("get_price").scope is METHOD
    floor.gear.release("kraken", "@exchange", by="me")
    floor.unreachable()
    assert floor.rejection("get_order").scope is EXCHANGE


def test_a_reset_closes_a_scopes_circuit(floor: Floor) -> None:
    """And leaves the methods' own as they are."""
    floor.fail(answer(500), "get_price", times=3)
    floor.unreachable()
    floor.gear.reset("kraken", "@exchange", by="me")
    floor.good("get_order")
    assert floor.rejection("get_price").scope is METHOD
    floor.gear.reset("kraken", by="me")
    floor.good("get_price")


def test_a_reset_of_the_exchange_opens_its_gate(floor: Floor) -> None:
    """A person knows better than the time that was named."""
    floor.fail(answer(503, "down for maintenance", Retry_After="600"))
    assert floor.rejection("get_price").scope is EXCHANGE
    floor.gear.reset("kraken", "@exchange", by="me")
    floor.good("get_price")


@pytest.mark.parametrize("name", ["get_price", "get_*", "@exchange", "@account"])
def test_a_reset_of_something_else_opens_no_ban_of_the_address(floor: Floor, name: str) -> None:
    """Whoever resets one method's circuit does not mean the ban of all; its own name ends it, or all of them."""
    floor.fail(answer(418, "banned", exchange="binance"), "binance.get_price")
    floor.gear.reset("binance", name, by="me")
    assert floor.rejection("binance.get_order").scope is ADDRESS
    floor.gear.reset("binance", "@address", by="me")
    floor.good("binance.get_order")


# ---------------------------------------------------------------------------- settings of a scope


def test_settings_for_the_exchanges_circuit_alone(floor: Floor) -> None:
    """It opens at once and for long, set before its first call or under way; methods keep their own numbers."""
    floor.gear.configure("kraken", "@exchange", failure_threshold=1, reset_timeout_s=100)
    floor.unreachable(1)
    assert floor.rejection("get_price").retry_after_s == 100
    floor.gear.configure("kraken", "@exchange", failure_threshold=4)
    floor.gear.reset("kraken", by="me")
    floor.unreachable(3)
    floor.fail(answer(500), "get_price", times=3)
    assert floor.rejection("get_price").retry_after_s == 10
    floor.unreachable(4)
    assert floor.rejection("get_order").scope is EXCHANGE


def test_settings_of_one_accounts_circuit(floor: Floor) -> None:
    """Scopes have their account as methods do."""
    floor.gear.configure("kraken", "@account", account="other", failure_threshold=1)
    found = floor.gear.book.of(Key("kraken", "@account", "other")).failure_threshold
    assert (found, floor.gear.book.of(Key("kraken", "@account", "main")).failure_threshold) == (
        1,
        3,
    )


def test_a_failure_rate_of_the_exchange_counts_the_answers_of_all_methods(floor: Floor) -> None:
    """Half of the newest attempts never reached it: successes of other methods are part of the sum."""
    floor.gear.configure(
        "kraken",
        "@exchange",
        failure_threshold=None,
        failure_rate=0.5,
        minimum_calls=6,
        window_calls=6,
    )
    floor.unreachable(2)
    floor.good("get_price", "get_order", "get_time")
    floor.unreachable(1)
    assert floor.rejection("get_price").scope is EXCHANGE
    assert "3 of 6 attempts failed" in floor.rejection("get_price").reason


# ----------------------------------------------------------------------------------- still in flight


def slowly(floor: Floor, name: str) -> None:
    """A circuit that opens when half of four attempts take longer than 2 s."""
    floor.gear.configure("kraken", name, slow_call_rate=0.5, slow_call_s=2, minimum_calls=4)


@pytest.mark.parametrize(
    ("name", "scope"), [("get_price", METHOD), ("@exchange", EXCHANGE), ("@account", ACCOUNT)]
)
def test_attempts_that_are_overdue_count_before_they_return(
    floor: Floor, name: str, scope: sg.Scope
) -> None:
    """Four calls hang: the next one is rejected after 2 s, not after their timeouts, and what they end with is late."""
    slowly(floor, name)
    hung = [floor.begin("get_price") for _ in range(4)]
    floor.clock.advance(2.5)
    rejection = floor.rejection("get_price")
    assert (type(rejection), rejection.scope) == (sg.CircuitOpenError, scope)
    assert "4 of 4 attempts were slow, 4 of them still out" in rejection.reason
    assert [flight.end() for flight in hung] == [None] * 4
    assert floor.rejection("get_price").scope is scope
    floor.clock.advance(10)
    floor.good("get_price")


def test_an_exchange_wide_rule_sees_what_hangs_in_any_method(floor: Floor) -> None:
    """One hung call in each of four methods and accounts: all are held back."""
    slowly(floor, "@exchange")
    hung = [floor.begin(name, account=who) for name in ("get_a", "get_b") for who in ("one", "two")]
    floor.clock.advance(2.5)
    assert floor.rejection("get_c").scope is EXCHANGE
    for flight in hung:
        flight.end()


def test_a_lost_attempt_does_not_count_for_ever(floor: Floor) -> None:
    """Three calls never come back: after a window they are no part of the sum, and nothing opens."""
    slowly(floor, "@exchange")
    lost = [floor.begin("get_price") for _ in range(3)]
    floor.clock.advance(62.5)
    floor.good("get_price", "get_order")
    fourth = floor.begin("get_price")
    floor.clock.advance(2.5)
    floor.good("get_order")
    assert floor.wide().state is CLOSED
    for flight in (*lost, fourth):
        flight.end()


# -------------------------------------------------------------------------------- round about them


def refuse() -> None:
    """What a call does that nobody answers."""
    raise ConnectionRefusedError(111, "Connection refused")


def test_a_block_of_code_passes_the_same_circuits(floor: Floor) -> None:
    """An attempt as a block is admitted by all, and charges the exchange with what never reached it."""
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError), floor.guard("get_price").attempt():
            refuse()
    with pytest.raises(sg.CircuitOpenError) as caught, floor.guard("get_order").attempt():
        raise AssertionError("it ran")
    assert caught.value.scope is EXCHANGE


def test_no_retry_is_made_into_the_exchanges_open_circuit(floor: Floor) -> None:
    """The third failed connection opens it: the call ends with its own error, after three attempts of five."""
    floor.gear.configure("kraken", "get_price", retries=4, retry_delay_s=0)
    ran = list[int]()

    def body() -> None:
        ran.append(1)
        refuse()

    with pytest.raises(ConnectionRefusedError):
        floor.colour.call(floor.guard("get_price"), body)
    assert len(ran) == 3
    assert floor.rejection("get_order").scope is EXCHANGE


def test_a_fallback_serves_what_the_exchanges_circuit_refuses(floor: Floor) -> None:
    """Rejected by whichever scope, the call has its stand-in."""
    floor.unreachable()
    guard = floor.guard("get_price", fallback=sg.static("as of yesterday"))
    assert floor.colour.call(guard, lambda: "value") == "as of yesterday"
