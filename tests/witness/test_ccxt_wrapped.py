"""
The same scenarios with five exchanges of ccxt, sync and async, bare and guarded: what a guard saves, and all it leaves.

The exchanges run in the witness environment, before a server of their own (clients/ccxt_wrapped.py); what must come of
each scenario is said here. What differs stands as a table in docs/howto/guard-a-ccxt-exchange.md.
"""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from typing import Any

import pytest

from switchgear.core.verdict.ccxt_errors import CLASSES
from tests.witness.kit import PYTHON, ROOT

pytestmark = pytest.mark.slow  # each exchange and colour is a process that imports ccxt

PROGRAM = ROOT / "tests" / "witness" / "clients" / "ccxt_wrapped.py"
VENUES = ("alpaca", "binance", "coinbase", "kraken", "okx")
BOTH = pytest.mark.parametrize("colour", ["sync", "async"])
EACH = pytest.mark.parametrize("venue", VENUES)
UNKNOWN_ORDERS = (
    "an_order_meets_524",
    "an_order_meets_503",
    "an_orders_answer_is_cut",
    "an_orders_answer_has_no_id",
)


@cache
def run(venue: str, colour: str) -> dict[str, dict[str, Any]]:
    """What the bare exchange and the guarded one made of each scenario."""
    done = subprocess.run(
        [PYTHON, PROGRAM, venue, colour],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)["scenarios"]
    return found


@EACH
@BOTH
def test_what_goes_well_is_the_same(venue: str, colour: str) -> None:
    """Values, requests, attributes, classes and names; an order carries the user's id."""
    for name in ("reads", "attributes", "an_order_without_an_id_of_the_users"):
        sides = run(venue, colour)[name]
        assert sides["guarded"] == sides["bare"]
    assert run(venue, colour)["reads"]["guarded"] == {"ok": 60000.0, "requests": 1}
    order = run(venue, colour)["orders"]
    assert order["guarded"] == {"ok": "5", "requests": 1, "id sent": True}
    # Of ccxt's own making for Coinbase: the id of the user is dropped.
    assert order["bare"] == {**order["guarded"], "id sent": venue != "coinbase"}


@EACH
@BOTH
def test_a_read_that_fails_once_is_tried_again(venue: str, colour: str) -> None:
    """Bare, the bot has to."""
    sides = run(venue, colour)["a_read_fails_once"]
    assert "ExchangeNotAvailable" in sides["bare"]["error"]
    assert sides["guarded"] == {"ok": 60000.0, "requests": 2}


@EACH
@BOTH
@pytest.mark.parametrize("scenario", UNKNOWN_ORDERS)
def test_an_order_of_unknown_outcome_says_so(venue: str, colour: str, scenario: str) -> None:
    """Sent once; the error is ours and ccxt's, and has the id under which the order can be asked for."""
    sides = run(venue, colour)[scenario]
    told = sides["guarded"]
    assert told["requests"] == sides["bare"]["requests"] == 1
    assert {"OrderOutcomeUnknown", "BaseError"} <= set(told["error"])
    assert len(told["client_order_id"]) in {32, 36}
    if "ok" in sides["bare"]:
        assert sides["bare"]["ok"] is None  # bare, it is an order without an id


@EACH
@BOTH
def test_an_order_that_never_left_is_no_unknown_one(venue: str, colour: str) -> None:
    """Nobody listens: ccxt's own error, as without a guard."""
    sides = run(venue, colour)["nobody_listens"]
    assert sides["guarded"] == sides["bare"]
    assert "NetworkError" in sides["guarded"]["error"]


@EACH
@BOTH
def test_a_limit_holds_the_next_call_back(venue: str, colour: str) -> None:
    """Bare, it is sent into the limit; guarded, the gate is closed until the exchange's instant."""
    sides = run(venue, colour)["a_limit_is_met"]
    assert [each["requests"] for each in sides["bare"]] == [1, 1]
    first, second = sides["guarded"]
    assert first == sides["bare"][0]
    assert second["requests"] == 0
    assert {"GateClosedError", "RateLimitExceeded"} <= set(second["error"])
    assert 30 <= second["retry_after_s"] <= 40


@EACH
@BOTH
def test_an_outage_is_not_hammered(venue: str, colour: str) -> None:
    """Ten reads: bare ten requests, guarded three, and then errors that ccxt's users know."""
    sides = run(venue, colour)["an_outage"]
    assert sum(each["requests"] for each in sides["bare"]) == 10
    assert sum(each["requests"] for each in sides["guarded"]) == 3
    for each in sides["guarded"][1:]:
        assert {"CircuitOpenError", "ExchangeNotAvailable"} <= set(each["error"])


@EACH
@BOTH
def test_each_answer_reaches_its_own_error(venue: str, colour: str) -> None:
    """Fifty in flight at once: each error carries the status of its own answer; bare, none carries any."""
    sides = run(venue, colour)["many_in_flight"]
    assert (sides["bare"]["own status"], sides["guarded"]["own status"]) == (0, 50)


@EACH
@BOTH
def test_an_endpoint_is_guarded_under_its_own_name(venue: str, colour: str) -> None:
    """One call, counted once."""
    sides = run(venue, colour)["an_endpoint"]
    assert sides["guarded"] == {**sides["bare"], "calls": 1}
    assert sides["guarded"]["requests"] == 1


def test_every_error_of_ccxt_is_ruled_on() -> None:
    """A class that ccxt adds fails here until somebody says what it means; and none is listed that it has not."""
    asked = (
        "import ccxt, inspect, json; from ccxt.base import errors; "
        "print(json.dumps([f'{c.__module__}.{c.__qualname__}' for c in vars(errors).values() "
        "if inspect.isclass(c) and issubclass(c, ccxt.BaseError)]))"
    )
    done = subprocess.run([PYTHON, "-c", asked], capture_output=True, text=True, check=True)
    assert sorted(json.loads(done.stdout)) == sorted(CLASSES)
