"""Proves that answers which are nearly true are no wrong success: hypothesis and a fuzzer spoil good ones."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.exchange.fuzz_mutate import spoilt_bytes, spoilt_head, spoilt_json
from tests.exchange.fuzz_run import run
from tests.exchange.fuzz_server import Feeder, head_and_body, with_body
from tests.exchange.fuzz_tape import played, recorded
from tests.exchange.fuzz_truth import check
from tests.exchange.venues import CASES, Case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.exchange.fuzz_mutate import Pick
    from tests.exchange.fuzz_tape import Take

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
MANY = settings(
    max_examples=1_500 if SOAK else 40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
ROUNDS = 200


class Table:
    """A venue's good answers, and a server to spoil them with, on a loop of their own."""

    def __init__(self, case: Case) -> None:
        self._runner = asyncio.Runner()
        self.takes = self._runner.run(recorded(case))
        self._feeder = self._runner.run(Feeder().__aenter__())

    def feed(self, take: Take, answers: list[bytes]) -> None:
        """Play the call with these answers; Wrong where what becomes of it must not be."""
        check(take, self._runner.run(played(take, tuple(answers), self._feeder)))

    def close(self) -> None:
        """Give the port back."""
        self._runner.run(self._feeder.__aexit__())
        self._runner.close()


@pytest.fixture(scope="module", params=CASES, ids=str)
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    """One venue after the other."""
    made = Table(request.param)
    yield made
    made.close()


def picking(data: st.DataObject) -> Pick:
    """Lots that hypothesis draws, and can make smaller."""
    return lambda below: data.draw(st.integers(0, below - 1))


def spoil(table: Table, data: st.DataObject, how: Callable[[bytes, Pick], bytes]) -> None:
    """Feed a call one answer that is spoilt so."""
    pick = picking(data)
    take = table.takes[pick(len(table.takes))]
    answers = list(take.answers)
    at = len(answers) - 1 - pick(len(answers))
    answers[at] = how(answers[at], pick)
    table.feed(take, answers)


def with_other_json(answer: bytes, pick: Pick) -> bytes:
    """The answer with something in its JSON changed."""
    return with_body(answer, spoilt_json(head_and_body(answer)[1], pick))


def with_other_bytes(answer: bytes, pick: Pick) -> bytes:
    """The answer with bytes of its body changed, and its length as it is then."""
    return with_body(answer, spoilt_bytes(head_and_body(answer)[1], pick))


def with_other_head(answer: bytes, pick: Pick) -> bytes:
    """The answer with its status line or headers changed."""
    head, body = head_and_body(answer)
    return spoilt_head(head, pick) + b"\r\n\r\n" + body


@pytest.mark.slow
@pytest.mark.parametrize("how", [with_other_json, with_other_bytes, with_other_head, spoilt_bytes])
def test_an_answer_that_is_nearly_true_is_no_wrong_success(
    table: Table, how: Callable[[bytes, Pick], bytes]
) -> None:
    """An error of ours, or a value that was answered: slow, for every example is a real call."""

    def one(data: st.DataObject) -> None:
        spoil(table, data, how)

    MANY(given(st.data())(one))()


@pytest.mark.slow
def test_two_answers_in_one_are_no_wrong_success(table: Table) -> None:
    """The beginning of one answer and the end of another: slow, as above."""

    def one(data: st.DataObject) -> None:
        pick = picking(data)
        other = table.takes[pick(len(table.takes))].answers[-1]

        def spliced(answer: bytes, pick: Pick) -> bytes:
            one, two = head_and_body(answer)[1], head_and_body(other)[1]
            return with_body(answer, one[: pick(len(one) + 1)] + two[pick(len(two) + 1) :])

        spoil(table, data, spliced)

    MANY(given(st.data())(one))()


@pytest.mark.slow
def test_the_fuzzer_finds_nothing() -> None:
    """Some rounds of `scripts/fuzz_clients.py`, always the same ones: slow, each is a real call."""
    tally = asyncio.run(run(1, lambda number: number < ROUNDS))
    assert not tally.wrong, "\n".join([str(tally.wrong[0]), *tally.wrong[0][1].__notes__])
    assert tally.calls == ROUNDS
    assert tally.successes > ROUNDS // 10
    assert {"ApiError", "NetworkError", "OrderOutcomeUnknown"} <= tally.errors.keys()
