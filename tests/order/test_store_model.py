"""Tests that a journal in SQL and the one in memory come to the same, whatever is done to them."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchgear.order.intent import Intent, State
from switchgear.order.store import (
    Change,
    Claim,
    DuplicateIntent,
    Halted,
    IntentQuery,
    MemoryStore,
    Switch,
    Write,
)
from tests.order.stores import Place, intent, request

if TYPE_CHECKING:
    from switchgear.order.sql_store import SqlStore
    from switchgear.order.store import IntentStore, Outcome, Step
    from tests.order.postgres import Postgres

# Few of each, so that names meet, claims collide and questions find something.
NUMBERS = st.integers(0, 5)
EXCHANGES = st.sampled_from(["binance", "coinbase"])
ACCOUNTS = st.sampled_from(["main", "second"])
KEYS = st.sampled_from(["k", "K", "é"])
TIMES = st.integers(0, 4)
STATES = st.sampled_from(State)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)
ORDER_IDS = st.none() | TEXTS


@dataclass(frozen=True)
class Move:
    """A change to the intent of that number, as it is when its batch begins; made stale, or not."""

    number: int
    to: State
    at_ms: int
    order_id: str | None
    why: str
    behind: int
    old: State | None


def writing(number: int, name: int, **fields: Any) -> Write:
    """A new intent."""
    return Write(intent(number, request=request(f"c{name}"), **fields), "p1")


def switching(place: tuple[str, str], on: bool, at_ms: int, why: str) -> Switch:
    """A kill switch, on or off."""
    return Switch(on, at_ms, "ann", why, *place)


WRITES = st.builds(
    writing,
    NUMBERS,
    NUMBERS,
    exchange=EXCHANGES,
    account=ACCOUNTS,
    idempotency_key=st.none() | KEYS,
    created_ms=TIMES,
    state=st.just(State.NEW) | STATES,
    notional=st.none() | st.just("10.50"),
    why=TEXTS,
)
MOVES = st.builds(
    Move,
    NUMBERS,
    STATES,
    TIMES,
    ORDER_IDS,
    TEXTS,
    behind=st.sampled_from([0, 0, 0, 1, -1]),
    old=st.none() | st.none() | STATES,
)
CLAIMS = st.builds(
    Claim, NUMBERS.map(lambda number: f"i{number}"), st.sampled_from(["", "p1", "p2"]), TIMES, TIMES
)
PLACES = st.sampled_from([("", ""), ("binance", "main"), ("coinbase", "")])
SWITCHES = st.builds(
    switching,
    PLACES,
    # Off twice as often: while one is on, nothing else happens.
    st.sampled_from([True, False, False]),
    TIMES,
    TEXTS,
)
BATCHES = st.lists(
    st.lists(WRITES | WRITES | MOVES | MOVES | CLAIMS | SWITCHES, max_size=6), max_size=10
)
QUERIES = st.lists(
    st.builds(
        IntentQuery,
        exchange=st.none() | EXCHANGES,
        account=st.none() | ACCOUNTS,
        states=st.none() | st.frozensets(STATES),
        client_order_id=st.none() | NUMBERS.map(lambda number: f"c{number}"),
        idempotency_key=st.none() | KEYS,
        symbol=st.none() | st.just("BTC/USDT"),
        since_ms=st.none() | TIMES,
        limit=st.integers(0, 8),
    ),
    max_size=6,
)


def step_of(move: Move, known: dict[str, Intent]) -> Change:
    """The change that the move stands for; of an intent that is not there, one that cannot be."""
    kept = known.get(f"i{move.number}", intent(move.number))
    changed = replace(
        kept,
        state=move.to,
        version=kept.version + 1 - move.behind,
        changed_ms=move.at_ms,
        sent_ms=move.at_ms or None,
        attempts=kept.attempts + 1,
        order_id=move.order_id,
        why=move.why,
        owner="not asked",
        owned_until_ms=9,
    )
    return Change(changed, move.old or kept.state, "p2")


def steps_of(batch: list[Step | Move], memory: MemoryStore) -> list[Step]:
    """What a batch stands for. No intent's own id is given twice: the one in memory does not look at that."""
    known = {each.intent_id: each for each in memory.query(IntentQuery())}
    steps: list[Step] = []
    for each in batch:
        if isinstance(each, Move):
            steps.append(step_of(each, known))
        elif not isinstance(each, Write):
            steps.append(each)
        elif each.intent.intent_id not in known:
            known[each.intent.intent_id] = each.intent
            steps.append(each)
    return steps


def told(outcome: Outcome) -> object:
    """What an outcome says, in a form that compares."""
    match outcome:
        case DuplicateIntent():
            return DuplicateIntent, outcome.found
        case Halted():
            return Halted, outcome.switch
        case Exception():
            return type(outcome), str(outcome)
        case _:
            return outcome


def all_of(store: IntentStore) -> object:
    """Everything that a store can be asked for without a filter."""
    intents = store.query(IntentQuery())
    moves = [store.moves(f"i{number}") for number in range(6)]
    found = [store.get(f"i{number}") for number in range(6)]
    return intents, moves, found, sorted(store.switches(), key=repr)


def compare(batches: list[list[Step | Move]], queries: list[IntentQuery], place: Place) -> SqlStore:
    """Do the same to both, and ask both the same."""
    memory, store = MemoryStore(), place.open()
    for number, batch in enumerate(batches):
        steps = steps_of(batch, memory)
        expected = memory.apply(steps, durable=True)
        outcomes = store.apply(steps, durable=bool(number % 2))
        assert [told(each) for each in outcomes] == [told(each) for each in expected]
    assert all_of(store) == all_of(memory)
    for query in queries:
        assert store.query(query) == memory.query(query)
    return store


@pytest.mark.slow
@settings(max_examples=100)
@given(batches=BATCHES, queries=QUERIES)
def test_a_file_comes_to_the_same_as_memory(
    batches: list[list[Step | Move]], queries: list[IntentQuery]
) -> None:
    """In a hundred lives, some seconds in all, a SQLite file gives what memory gives, and so it does when reopened."""
    with tempfile.TemporaryDirectory() as folder, Place(Path(folder) / "orders.db") as place:
        store = compare(batches, queries, place)
        before = all_of(store)
        store.close()
        assert all_of(place.open()) == before


@pytest.mark.slow
@settings(max_examples=25)
@given(batches=BATCHES, queries=QUERIES)
def test_a_server_comes_to_the_same_as_memory(
    batches: list[list[Step | Move]], queries: list[IntentQuery], postgres: Postgres
) -> None:
    """In some more lives, seconds too, PostgreSQL gives what memory gives."""
    with Place(postgres.fresh(), postgres) as place:
        compare(batches, queries, place)


def test_the_lives_are_worth_living() -> None:
    """A life like those above reaches every outcome there is, so that comparing them says something."""
    memory = MemoryStore()
    first = Write(intent(1), "p1")
    moved = step_of(Move(1, State.SENT, 1, None, "", 0, None), {})
    on = Switch(True, 1, "ann", "")
    outcomes = memory.apply([first, first, moved, moved, on, Write(intent(2), "p1")], durable=True)
    kinds = {type(each).__name__ for each in outcomes}
    assert kinds == {"Intent", "DuplicateIntent", "StaleIntent", "NoneType", "Halted"}
    assert isinstance(outcomes[0], Intent)
