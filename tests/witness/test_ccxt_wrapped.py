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

from switchgear.core.policy.quota_tables import LIMITS
from switchgear.core.verdict.ccxt_errors import CLASSES
from switchgear.exchange import AlpacaApi
from switchgear.exchange.client import METHODS
from tests.witness.kit import PYTHON, ROOT, paths

pytestmark = pytest.mark.slow  # each exchange and colour is a process that imports ccxt

PROGRAM = ROOT / "tests" / "witness" / "clients" / "ccxt_wrapped.py"
VENUES = ("alpaca", "binance", "coinbase", "kraken", "okx")
OLDER = " 4.4"
COLOURS = ("sync", "async", "pro", f"sync{OLDER}", f"async{OLDER}")
"""How ccxt is used: pro is its asynchronous kind with streams; and the same two of an older release."""
BOTH = pytest.mark.parametrize("colour", COLOURS)
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
    kind, is_older, release = colour.partition(OLDER.strip())
    assert not release
    done = subprocess.run(
        [PYTHON, PROGRAM, venue, kind.strip()],
        env={**os.environ, "PYTHONPATH": ":".join(map(str, paths(older=bool(is_older))))},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["ccxt"].startswith("4.4." if is_older else "4.5.")
    found: dict[str, dict[str, Any]] = said["scenarios"]
    return found


@EACH
@BOTH
def test_what_goes_well_is_the_same(venue: str, colour: str) -> None:
    """Values, requests, attributes, classes and names; an order carries the user's id."""
    for name in ("reads", "attributes", "an_order_without_an_id_of_the_users", "a_preview"):
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
def test_an_edit_and_a_batch_say_whether_they_may_have_been_booked(venue: str, colour: str) -> None:
    """Sent once, answer lost: the error has the ids that the orders went out with."""
    edit = run(venue, colour)["an_order_is_edited"]["guarded"]
    assert "OrderOutcomeUnknown" in edit["error"]
    assert edit["requests"] == 1
    # Elsewhere an id in an edit would name the order to be edited.
    assert len(edit["client_order_ids"]) == (venue in {"alpaca", "binance"})
    batch = run(venue, colour)["orders_in_one_request"]
    if batch["bare"]["requests"]:
        assert "OrderOutcomeUnknown" in batch["guarded"]["error"]
        assert len(set(batch["guarded"]["client_order_ids"])) == 2
    else:
        assert batch["guarded"] == batch["bare"]
    assert batch["bare"]["requests"] or venue != "okx"


@EACH
@BOTH
def test_an_order_whose_time_ran_out_before_it_was_sent_is_no_unknown_one(
    venue: str, colour: str
) -> None:
    """It waited for its turn behind another one: nothing left."""
    told = run(venue, colour)["an_order_waits_too_long_for_its_turn"]["guarded"]
    assert told["requests"] == 0
    assert {"Rejected", "ExchangeNotAvailable"} <= set(told["error"])
    assert "OrderOutcomeUnknown" not in told["error"]


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


@pytest.mark.parametrize("venue", ["alpaca", "binance", "coinbase"])
def test_what_a_table_of_costs_calls_a_method_ccxt_calls_so_too(venue: str) -> None:
    """A cost under a misspelt name would never be paid."""
    ours = {*METHODS, *AlpacaApi.methods, "get_time", "ping"}
    named = {name for limit in LIMITS[venue] for name in limit.costs} - ours
    asked = f"import ccxt, json, sys; print(json.dumps([n for n in {sorted(named)} if not hasattr(ccxt.{venue}, n)]))"
    done = subprocess.run([PYTHON, "-c", asked], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize(
    ("method", "weight", "signed"),
    [
        ("public_get_ping", 1, False),
        ("public_get_ticker_24hr", 2, False),
        ("private_get_account", 20, True),
        ("private_get_openorders", 6, True),
        ("sapi_get_capital_config_getall", 0, True),
        ("fapiprivate_post_order", 0, True),
        ("fetch_ticker", None, False),
        ("fetch_balance", None, True),
    ],
)
def test_ccxt_says_what_an_endpoint_of_binance_costs(
    method: str, weight: float | None, signed: bool
) -> None:
    """In Binance's own weights, at the spot market's limit alone; unified methods have theirs in our table."""
    asked = (
        "import ccxt, json; from switchgear.wrap.ccxt_methods import methods_of; "
        f"one = dict(methods_of(ccxt.binance))['{method}']; print(json.dumps([one.weight, one.signed]))"
    )
    done = subprocess.run(
        [PYTHON, "-c", asked],
        env={**os.environ, "PYTHONPATH": ":".join(map(str, paths()))},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == [weight, signed]
