"""Tests what any IntentStore keeps to: each kind of store is asked the same, the files and the server for real."""

from __future__ import annotations

from dataclasses import MISSING, fields, replace
from typing import TYPE_CHECKING, Any

import pytest

from switchgear.order.intent import Intent, Move, StaleIntent, State
from switchgear.order.store import (
    Change,
    Claim,
    DuplicateIntent,
    Halted,
    IntentQuery,
    Switch,
    Write,
)
from tests.order.stores import BY, FULL, REQUESTS, intent, request, wrote

if TYPE_CHECKING:
    from switchgear.exchange.model import OrderRequest
    from switchgear.order.store import IntentStore, Outcome, Step

ALL = IntentQuery()
OPEN = frozenset(state for state in State if state.is_open)


def applied(store: IntentStore, *steps: Step) -> list[Outcome]:
    """What a batch came to."""
    return store.apply(steps, durable=False)


def only(store: IntentStore, step: Step) -> Outcome:
    """What a batch of one came to."""
    (outcome,) = applied(store, step)
    return outcome


# ---------------------------------------------------------------------------------------- new intents


def test_an_intent_is_kept_to_the_last_field(store: IntentStore) -> None:
    """Every field that an intent has comes back as it was given, none of them at its default."""
    assert [each.name for each in fields(Intent) if getattr(FULL, each.name) == each.default] == []
    assert any(each.default is not MISSING for each in fields(Intent))
    assert only(store, Write(FULL, BY)) == FULL
    assert store.get(FULL.intent_id) == FULL
    assert store.query(ALL) == [FULL]


@pytest.mark.parametrize("asked", REQUESTS.values(), ids=REQUESTS)
def test_an_order_is_kept_to_the_last_digit(store: IntentStore, asked: OrderRequest) -> None:
    """A request comes back equal, and its amounts as they were written: 0.10 stays 0.10."""
    wrote(store, intent(request=asked))
    found = store.get("i1")
    assert found is not None
    assert found.request == asked
    assert repr(found.request) == repr(asked)


def test_what_was_never_written_is_not_there(store: IntentStore) -> None:
    """An unknown id gives no intent and no moves; an empty store gives nothing at all."""
    assert (store.get("i1"), store.moves("i1")) == (None, [])
    assert (store.query(ALL), store.switches()) == ([], [])


def test_an_empty_batch_is_nothing(store: IntentStore) -> None:
    """No steps, no outcomes."""
    assert store.apply([], durable=True) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (intent(1), intent(2, request=request("c1"))),
        (intent(1, idempotency_key="k"), intent(2, idempotency_key="k")),
        (intent(1, idempotency_key="k"), intent(2, request=request("c1"), idempotency_key="k")),
    ],
    ids=["client order id", "idempotency key", "both"],
)
def test_a_name_is_given_once(store: IntentStore, first: Intent, second: Intent) -> None:
    """Of an account, a client order id and an idempotency key are taken for ever; who comes second gets the first."""
    wrote(store, first)
    refused = only(store, Write(second, BY))
    assert isinstance(refused, DuplicateIntent)
    assert refused.found == first
    assert (store.query(ALL), store.moves("i2")) == ([first], [])


def test_the_client_order_id_speaks_before_the_key(store: IntentStore) -> None:
    """Where the two names belong to two intents, the one with the client order id is found."""
    named, keyed = wrote(store, intent(1), intent(2, idempotency_key="k"))
    refused = only(store, Write(intent(3, request=request("c1"), idempotency_key="k"), BY))
    assert isinstance(refused, DuplicateIntent)
    assert refused.found == named != keyed


def test_the_twin_is_told_as_it_is_now(store: IntentStore) -> None:
    """A duplicate is told with what became of the first one since."""
    (first,) = wrote(store, intent(1))
    moved = only(store, Change(first.moved(State.ACKED, 5, "booked", order_id="7"), State.NEW, BY))
    refused = only(store, Write(replace(intent(2), request=first.request), BY))
    assert isinstance(refused, DuplicateIntent)
    assert refused.found == moved == store.get("i1")


@pytest.mark.parametrize("other", [{"account": "second"}, {"exchange": "coinbase"}], ids=str)
def test_names_belong_to_an_account(store: IntentStore, other: dict[str, Any]) -> None:
    """Another account, and another exchange, may use the same names; and many may have no key."""
    first = intent(1, idempotency_key="k")
    again = replace(first, intent_id="i2", **other)
    assert wrote(store, first, again, intent(3), intent(4)) != []


# --------------------------------------------------------------------------------------------- moves


def test_a_change_is_kept_and_told(store: IntentStore) -> None:
    """An intent is as it was moved, and its life is told in order, with who and why."""
    (kept,) = wrote(store, intent(why="asked for"))
    sent = kept.moved(State.SENT, 2_000, "sent", sent_ms=2_000, attempts=1)
    assert only(store, Change(sent, State.NEW, "p2")) == sent
    found = sent.moved(State.ACKED, 3_000, "booked", order_id="77")
    assert only(store, Change(found, State.SENT, "p3")) == found
    assert store.get("i1") == found
    assert store.moves("i1") == [
        Move("i1", 1_001, None, State.NEW, "asked for", BY),
        Move("i1", 2_000, State.NEW, State.SENT, "sent", "p2"),
        Move("i1", 3_000, State.SENT, State.ACKED, "booked", "p3"),
    ]


def test_many_moves_are_told_in_order(store: IntentStore) -> None:
    """The tenth move comes after the ninth, though all are of one instant and one batch."""
    (kept,) = wrote(store, intent())
    steps: list[Step] = []
    for turn in range(12):
        moved = kept.moved((State.SENT, State.UNKNOWN)[turn % 2], 5, f"move {turn}")
        steps.append(Change(moved, kept.state, BY))
        kept = moved
    assert applied(store, *steps)[-1] == kept
    assert [each.why for each in store.moves("i1")[1:]] == [f"move {turn}" for turn in range(12)]


@pytest.mark.parametrize(
    ("version", "old"),
    [(1, State.NEW), (3, State.NEW), (2, State.NEW), (1, State.SENT), (0, State.SENT)],
)
def test_a_change_of_something_else_is_refused(
    store: IntentStore, version: int, old: State
) -> None:
    """Only the next version of what is kept, from the state it is kept in, is taken; nothing else leaves a trace."""
    (kept,) = wrote(store, intent())
    sent = only(store, Change(kept.moved(State.SENT, 5, "sent"), State.NEW, BY))
    stale = replace(kept, state=State.ACKED, version=version, why="stale")
    assert isinstance(only(store, Change(stale, old, BY)), StaleIntent)
    assert store.get("i1") == sent
    assert [each.why for each in store.moves("i1")] == ["", "sent"]


def test_a_change_of_nothing_is_refused(store: IntentStore) -> None:
    """An intent that is not there cannot be moved, and is not there afterwards."""
    moved = intent().moved(State.SENT, 5, "sent")
    assert isinstance(only(store, Change(moved, State.NEW, BY)), StaleIntent)
    assert (store.get("i1"), store.moves("i1")) == (None, [])


def test_a_change_leaves_the_owner_alone(store: IntentStore) -> None:
    """Whoever moves an intent with an older view of its owner does not take it from the owner."""
    (kept,) = wrote(store, intent())
    only(store, Claim("i1", "p1", 0, 100))
    moved = only(store, Change(kept.moved(State.SENT, 5, "sent"), State.NEW, "p2"))
    assert isinstance(moved, Intent)
    assert (moved.owner, moved.owned_until_ms, moved.state) == ("p1", 100, State.SENT)
    assert store.get("i1") == moved


# -------------------------------------------------------------------------------------------- claims


def test_an_intent_has_one_owner_until_an_instant(store: IntentStore) -> None:
    """The first to ask has it, may keep it longer, and others wait for the very instant."""
    (kept,) = wrote(store, intent())
    owned = replace(kept, owner="p1", owned_until_ms=100)
    assert only(store, Claim("i1", "p1", 0, 100)) == owned
    assert isinstance(only(store, Claim("i1", "p2", 99, 300)), StaleIntent)
    assert only(store, Claim("i1", "p1", 50, 200)) == replace(owned, owned_until_ms=200)
    assert isinstance(only(store, Claim("i1", "p2", 199, 300)), StaleIntent)
    theirs = replace(kept, owner="p2", owned_until_ms=300)
    assert only(store, Claim("i1", "p2", 200, 300)) == theirs
    assert store.get("i1") == theirs
    assert len(store.moves("i1")) == 1


def test_an_owner_can_let_go(store: IntentStore) -> None:
    """Claimed until 0, an intent is free for anybody at once."""
    wrote(store, intent())
    applied(store, Claim("i1", "p1", 0, 100), Claim("i1", "p1", 10, 0))
    assert isinstance(only(store, Claim("i1", "p2", 10, 50)), Intent)


def test_nobody_owns_what_is_not_there(store: IntentStore) -> None:
    """A claim of an unknown intent is refused."""
    assert isinstance(only(store, Claim("i1", "p1", 0, 100)), StaleIntent)


# ------------------------------------------------------------------------------------------ switches


def test_switches_are_told_while_they_are_on(store: IntentStore) -> None:
    """Each place has one switch, the newest; turned off it is gone, and off twice is no error."""
    one = Switch(on=True, at_ms=1, by="ann", why="odd", exchange="binance", account="main")
    every = Switch(on=True, at_ms=2, by="bob", why="worse")
    assert applied(store, one, every) == [None, None]
    assert sorted(store.switches(), key=lambda each: each.at_ms) == [one, every]
    newer = replace(one, at_ms=3, by="cid", why="still odd")
    only(store, newer)
    assert sorted(store.switches(), key=lambda each: each.at_ms) == [every, newer]
    applied(store, replace(every, on=False), replace(every, on=False))
    assert store.switches() == [newer]


@pytest.mark.parametrize("where", [("binance", "main"), ("", "")], ids=["account", "all"])
def test_a_switch_halts_new_intents_alone(store: IntentStore, where: tuple[str, str]) -> None:
    """While it is on nothing new is kept, what is there moves on; off, orders may be made again."""
    (kept,) = wrote(store, intent(1))
    on = Switch(True, 5, "ann", "odd", *where)
    _, refused, moved, owned = applied(
        store,
        on,
        Write(intent(2), BY),
        Change(kept.moved(State.ACKED, 6, "booked"), State.NEW, BY),
        Claim("i1", "p1", 0, 9),
    )
    assert isinstance(refused, Halted)
    assert refused.switch == on
    assert isinstance(moved, Intent)
    assert isinstance(owned, Intent)
    assert (store.get("i2"), store.moves("i2")) == (None, [])
    off = replace(on, on=False)
    assert applied(store, off, Write(intent(2), BY)) == [None, intent(2)]


def test_the_own_switch_speaks_before_the_one_for_all(store: IntentStore) -> None:
    """Where two switches halt an account, its own is told."""
    own = Switch(True, 5, "ann", "odd", "binance", "main")
    applied(store, Switch(True, 4, "bob", "worse"), own)
    refused = only(store, Write(intent(), BY))
    assert isinstance(refused, Halted)
    assert refused.switch == own


@pytest.mark.parametrize("where", [("binance", "second"), ("binance", ""), ("", "main")], ids=str)
def test_a_switch_of_another_place_halts_nothing(
    store: IntentStore, where: tuple[str, str]
) -> None:
    """A switch is of one account of one exchange, or of all; there is nothing between."""
    only(store, Switch(True, 5, "ann", "odd", *where))
    assert only(store, Write(intent(), BY)) == intent()


def test_a_duplicate_is_told_though_orders_are_halted(store: IntentStore) -> None:
    """Who comes again with a name gets the first order, whatever the switches say."""
    wrote(store, intent(1))
    only(store, Switch(True, 5, "ann", "odd"))
    refused = only(store, Write(intent(2, request=request("c1")), BY))
    assert isinstance(refused, DuplicateIntent)


# ------------------------------------------------------------------------------------------- batches


def test_a_refused_step_is_refused_alone(store: IntentStore) -> None:
    """In a batch, what comes before and after a refused step is kept, in order, and a later step sees an earlier."""
    moved = intent(1).moved(State.SENT, 5, "sent")
    outcomes = applied(
        store,
        Write(intent(1), BY),
        Write(intent(2, request=request("c1")), BY),
        Change(moved, State.NEW, BY),
        Change(moved, State.NEW, BY),
        Claim("i9", "p1", 0, 1),
        Write(intent(3), BY),
    )
    kinds = [type(each) for each in outcomes]
    assert kinds == [Intent, DuplicateIntent, Intent, StaleIntent, StaleIntent, Intent]
    assert store.query(ALL) == [intent(3), moved]
    assert len(store.moves("i1")) == 2


# ----------------------------------------------------------------------------------------- questions


def several(store: IntentStore) -> dict[str, Intent]:
    """Intents that differ in all that can be asked for, by a letter; later letters are newer."""
    made = {
        "a": intent(1, idempotency_key="k"),
        "b": intent(2, account="second", state=State.SENT),
        "c": intent(3, exchange="coinbase", account="second", state=State.UNKNOWN),
        "d": intent(4, request=request("c4", symbol="ETH/USDT"), state=State.ACKED),
        "e": intent(5, state=State.REJECTED),
    }
    wrote(store, *made.values())
    return made


@pytest.mark.parametrize(
    ("query", "letters"),
    [
        (IntentQuery(), "edcba"),
        (IntentQuery(exchange="binance"), "edba"),
        (IntentQuery(account="second"), "cb"),
        (IntentQuery(exchange="binance", account="main"), "eda"),
        (IntentQuery(states=OPEN), "cba"),
        (IntentQuery(exchange="binance", account="second", states=OPEN), "b"),
        (IntentQuery(states=frozenset({State.SENT, State.ACKED})), "db"),
        (IntentQuery(states=frozenset()), ""),
        (IntentQuery(client_order_id="c4"), "d"),
        (IntentQuery(exchange="binance", account="main", client_order_id="c4"), "d"),
        (IntentQuery(idempotency_key="k"), "a"),
        (IntentQuery(exchange="binance", account="main", idempotency_key="k"), "a"),
        (IntentQuery(exchange="binance", account="second", idempotency_key="k"), ""),
        (IntentQuery(symbol="ETH/USDT"), "d"),
        (IntentQuery(since_ms=1_004), "ed"),
        (IntentQuery(since_ms=1_006), ""),
        (IntentQuery(limit=2), "ed"),
        (IntentQuery(account="main", since_ms=1_001, limit=2), "ed"),
        (IntentQuery(limit=0), ""),
        (IntentQuery(exchange="'; drop table intent; --"), ""),
    ],
    ids=lambda value: value or "none" if isinstance(value, str) else "-",
)
def test_a_question_finds_what_fits(store: IntentStore, query: IntentQuery, letters: str) -> None:
    """What is asked for is all that is found, newest first, no more than wanted."""
    made = several(store)
    assert store.query(query) == [made[letter] for letter in letters]


def test_intents_of_one_instant_are_in_the_order_of_their_ids(store: IntentStore) -> None:
    """Ids are compared by code point, highest first, whatever language the database sorts by."""
    names = ["B", "_", "a", "é", "b", "10", "9", "\N{FACE WITH TEARS OF JOY}", "-", "A"]
    wrote(
        store,
        *(
            intent(number, intent_id=name, created_ms=7)
            for number, name in enumerate(names, start=1)
        ),
    )
    assert [each.intent_id for each in store.query(ALL)] == sorted(names, reverse=True)
    assert [each.intent_id for each in store.query(IntentQuery(limit=2))] == [
        "\N{FACE WITH TEARS OF JOY}",
        "é",
    ]


def test_upper_and_lower_case_are_two_names(store: IntentStore) -> None:
    """Names are compared as they are: `C1` is not `c1`."""
    first, second = wrote(store, intent(1), intent(2, request=request("C1")))
    assert store.query(IntentQuery(client_order_id="C1")) == [second]
    assert store.query(IntentQuery(client_order_id="c1")) == [first]
