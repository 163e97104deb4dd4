"""Each row of each venue's table: reached by recorded answers, and meaning what the venue's documents say."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from switchgear.core.verdict import Answer, judge, statuses
from switchgear.core.verdict.judgement import TABLES, row_of
from switchgear.core.verdict.rows import Row
from switchgear.core.words import GATED, REFUSALS, Effect, Kind, Scope, Verdict
from switchgear.practice.sim.answers import VENUES, recorded
from tests.core.verdict.recordings import CASES, NOW, Case

EXPECTED: dict[str, dict[str, dict[str, Any]]] = tomllib.loads(
    (Path(__file__).parent / "expected.toml").read_text()
)
ROWS = [(venue, row) for venue, rows in TABLES.items() for row in rows]
COUNTS = [
    f"{venue}: {len(rows)} rows, {sum(case.venue == venue for case in CASES)} answers"
    for venue, rows in TABLES.items()
]


def _of_place(told: Any, place: int) -> bool:
    """What is typed for all answers of a row, or for each of them."""
    return bool(told if isinstance(told, bool) else told[place])


def expected_of(case: Case, effect: Effect) -> Verdict:
    """What the file of expectations says of a recorded answer."""
    said = EXPECTED[case.venue][case.name]
    waits = said.get("wait_s", ["-"])
    wait_s = waits[case.place] if len(waits) > 1 else waits[0]
    return Verdict(
        kind=Kind[said["kind"]],
        scope=Scope[said["scope"]],
        retryable=said["retryable"],
        counts=_of_place(said["counts"], case.place),
        ambiguous=said["ambiguous_for_order"] and effect is Effect.TRADE,
        retry_after_s=None if wait_s == "-" else float(wait_s),
    )


@pytest.mark.parametrize("venue", VENUES, ids=COUNTS)
def test_every_row_is_answered_and_every_answer_has_a_row(venue: str) -> None:
    """Rows, recorded answers and expectations have the very same names, each once; the id counts them."""
    names = [row.name for row in TABLES[venue]]
    assert len(set(names)) == len(names)
    assert set(recorded(venue)) == set(names)
    assert all(recorded(venue).values())
    assert set(EXPECTED[venue]) == set(names)


def test_no_venue_is_without_a_table_or_recordings() -> None:
    """The venues of the tables, of the recordings and of the expectations are the same."""
    assert set(TABLES) == set(VENUES) == set(EXPECTED)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_recorded_answer_is_judged_by_its_own_row(case: Case) -> None:
    """Of all rows the one of the answer's name fits first, and it is one of the venue's own."""
    row = row_of(case.answer, case.venue)
    assert row.name == case.name
    assert row in TABLES[case.venue]


@pytest.mark.parametrize("effect", [Effect.READ, Effect.TRADE], ids=lambda effect: effect.value)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_recorded_answer_means_what_the_documents_say(case: Case, effect: Effect) -> None:
    """Kind, scope, traits and wait are those typed from the documents, for a read and for an order."""
    found = judge(case.answer, case.venue, effect, lambda: NOW)
    assert found == expected_of(case, effect)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_cancel_is_never_ambiguous(case: Case) -> None:
    """Asking again does no harm, so no answer leaves a cancel in doubt; the rest is as for a read."""
    found = judge(case.answer, case.venue, Effect.IDEMPOTENT, lambda: NOW)
    assert found == expected_of(case, Effect.READ)


@pytest.mark.parametrize(("venue", "row"), ROWS, ids=lambda value: getattr(value, "name", value))
def test_a_row_does_not_contradict_its_kind(venue: str, row: Row) -> None:
    """A gate or a refusal never counts; a refusal leaves no doubt, and is no 5xx."""
    verdict = row.verdict(Answer(400), Effect.TRADE)
    if row.kind in (GATED | REFUSALS) - {Kind.MAINTENANCE}:
        assert not verdict.counts
    if row.kind is Kind.MAINTENANCE:  # with an end that was named it is a gate's
        assert verdict.counts
        named = row.verdict(Answer(400, headers={"Retry-After": "60"}), Effect.TRADE)
        assert not named.counts
    if row.kind in REFUSALS or (row.kind in GATED and row.kind is not Kind.MAINTENANCE):
        assert not verdict.ambiguous
        assert 500 not in row.statuses
    if row.kind is Kind.MAINTENANCE:
        assert verdict.ambiguous
    assert verdict.ambiguous or not any(status in row.statuses for status in range(500, 600))


def test_the_rows_of_the_statuses_have_names_of_their_own() -> None:
    """Each is named once."""
    names = [row.name for row in (*statuses.ROWS, statuses.OTHERWISE)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("venue", VENUES)
def test_the_name_of_the_exchange_may_be_written_in_any_case(venue: str) -> None:
    """`Binance` finds the table of `binance`."""
    case = next(case for case in CASES if (case.venue, case.name) == (venue, "duplicate_order"))
    assert judge(case.answer, venue.title(), Effect.TRADE).kind is Kind.DUPLICATE_ORDER
    assert judge(case.answer, "elsewhere", Effect.TRADE).kind is not Kind.DUPLICATE_ORDER
