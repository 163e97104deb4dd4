"""Owns the circuits of one call together: admitted by all or none, each charged with what it is proved to be."""

from __future__ import annotations

import pytest

from switchgear.core.circuit import CLEAN, Settlement
from switchgear.core.policy.scopes import NEUTRAL, SUCCESS, Charge
from switchgear.core.words import CircuitState, Scope
from tests.core.colours import Boom
from tests.core.policy.scoped import FAIL, FORCED, PAIRS, WIDEST_FIRST, Bench, no_chance

# ------------------------------------------------------------------------------------ all or none


@pytest.mark.parametrize(("wide", "narrow"), PAIRS)
def test_a_place_of_the_wider_is_not_used_up_when_the_narrower_refuses(
    wide: Scope, narrow: Scope
) -> None:
    """The wider circuit is half-open with one place, a narrower one says no: the place is there for the next call."""
    bench = Bench()
    bench.halve(wide)
    bench.breaker(narrow).hold(FORCED, by="me", why="a test")
    before = bench.circuits
    assert bench.refused().breaker.scope is narrow
    assert bench.circuits == before
    bench.breaker(narrow).release(by="me")
    assert bench.ticket().is_probe
    assert bench.leases()[WIDEST_FIRST.index(wide)] == 1


@pytest.mark.parametrize(("wide", "narrow"), PAIRS)
def test_a_place_of_the_narrower_is_not_used_up_when_the_wider_refuses(
    wide: Scope, narrow: Scope
) -> None:
    """The other way round."""
    bench = Bench()
    bench.halve(narrow)
    bench.breaker(wide).hold(FORCED, by="me", why="a test")
    before = bench.circuits
    assert bench.refused().breaker.scope is wide
    assert bench.circuits == before
    bench.breaker(wide).release(by="me")
    assert bench.ticket().is_probe
    assert bench.leases()[WIDEST_FIRST.index(narrow)] == 1


@pytest.mark.parametrize(("wide", "narrow"), PAIRS)
def test_a_probe_that_is_out_for_one_keeps_others_from_using_up_the_other(
    wide: Scope, narrow: Scope
) -> None:
    """Both are half-open: the second call is refused by the widest, and no further place is taken in either."""
    bench = Bench()
    bench.halve(wide, narrow)
    bench.ticket()
    taken = bench.leases()
    assert sum(taken) == 2
    for _ in range(3):
        assert bench.refused().breaker.scope is wide
    assert bench.leases() == taken


def test_the_widest_of_several_that_refuse_says_so() -> None:
    """With all four open the exchange's is the word, with its own time."""
    bench = Bench()
    for scope in reversed(WIDEST_FIRST):
        bench.fail(scope)
        bench.clock.advance(1)
    refused = bench.refused()
    assert (refused.breaker.scope, refused.refusal.retry_after_s) == (Scope.EXCHANGE, 9)


@pytest.mark.parametrize("charge", [NEUTRAL, Charge(Settlement.NEUTRAL, Scope.EXCHANGE)])
def test_a_call_that_proved_nothing_gives_its_places_back_in_all(charge: Charge) -> None:
    """One call is the probe of all four circuits at once; cancelled, it leaves each free for the next one."""
    bench = Bench()
    bench.halve(*WIDEST_FIRST)
    ticket = bench.ticket()
    assert bench.leases() == [1, 1, 1, 1]
    bench.scopes.settle(ticket, charge)
    assert bench.leases() == [0, 0, 0, 0]
    bench.scopes.settle(bench.ticket(), SUCCESS)
    assert {one.state for one in bench.circuits} == {CLEAN}


def test_a_hung_probe_loses_its_place_in_all() -> None:
    """After its lease the next call is the probe of each, and the hung one's failure decides nothing."""
    bench = Bench()
    bench.halve(*WIDEST_FIRST)
    hung = bench.ticket()
    bench.refused()
    bench.clock.advance(5)
    ticket = bench.ticket()
    for scope in WIDEST_FIRST:
        bench.scopes.settle(hung, Charge(FAIL, scope), "late")
    assert bench.leases() == [1, 1, 1, 1]
    bench.scopes.settle(ticket, SUCCESS)
    assert {one.state for one in bench.circuits} == {CLEAN}


# -------------------------------------------------------------------------------- what is charged


@pytest.mark.parametrize(
    ("charge", "counted_after"),
    [
        (SUCCESS, [0, 0, 0, 0]),
        (NEUTRAL, [1, 1, 1, 1]),
        (Charge(FAIL), [1, 1, 1, 2]),
        (Charge(FAIL, answered=True), [0, 0, 0, 2]),
        (Charge(FAIL, Scope.ACCOUNT), [1, 1, 2, 1]),
        (Charge(FAIL, Scope.ADDRESS), [1, 2, 1, 1]),
        (Charge(FAIL, Scope.EXCHANGE), [2, 1, 1, 1]),
        (Charge(FAIL, Scope.ACCOUNT, answered=True), [0, 0, 2, 1]),
        (Charge(FAIL, Scope.ADDRESS, answered=True), [0, 2, 1, 1]),
        (Charge(FAIL, Scope.EXCHANGE, answered=True), [2, 1, 1, 1]),
        (Charge(Settlement.NEUTRAL, answered=True), [0, 0, 0, 1]),
        (Charge(Settlement.NEUTRAL, Scope.ACCOUNT, answered=True), [0, 0, 1, 1]),
        (Charge(Settlement.NEUTRAL, Scope.ADDRESS, answered=True), [0, 1, 1, 1]),
        (Charge(Settlement.NEUTRAL, Scope.EXCHANGE, answered=True), [1, 1, 1, 1]),
    ],
)
def test_each_circuit_is_charged_with_its_own(charge: Charge, counted_after: list[int]) -> None:
    """
    A failure counts where it belongs; an answer heals what is wider than what it speaks of, and nothing narrower; no
    answer says nothing of the others.
    """
    bench = Bench()
    for scope in WIDEST_FIRST:
        bench.fail(scope, times=1)
    bench.scopes.settle(bench.ticket(), charge, "why")
    assert bench.failures == counted_after


@pytest.mark.parametrize(
    ("charge", "counted_after"),
    [
        (SUCCESS, [0, 0, 0, 0]),
        (Charge(FAIL), [1, 1, 1, 2]),
        (Charge(FAIL, answered=True), [0, 0, 0, 2]),
        (Charge(FAIL, Scope.EXCHANGE), [2, 1, 1, 1]),
        (Charge(FAIL, Scope.ADDRESS, answered=True), [0, 2, 1, 1]),
        (Charge(Settlement.NEUTRAL, Scope.ACCOUNT, answered=True), [0, 0, 1, 1]),
    ],
)
def test_the_straight_path_charges_the_same(charge: Charge, counted_after: list[int]) -> None:
    """Tickets of the straight path are settled to the same counts."""
    bench = Bench()
    for scope in WIDEST_FIRST:
        bench.fail(scope, times=1)
    with bench.common.domain.lock:
        way = bench.scopes.way_locked()
    assert way is not None
    bench.scopes.settle_straight(way, charge, Boom("why"))
    assert bench.failures == counted_after


def test_a_failing_method_opens_by_the_straight_path_alone() -> None:
    """Three failures without a dirty circuit above open the method's, and touch no other."""
    bench = Bench()
    for _ in range(3):
        with bench.common.domain.lock:
            way = bench.scopes.way_locked()
        assert way is not None
        if not bench.scopes.own.failed_short(way[-1]):
            bench.scopes.settle_straight(way, Charge(FAIL), "why")
    assert [one.untouched for one in bench.scopes.breakers] == [True, True, True, False]
    assert bench.breaker(Scope.METHOD).view().state is CircuitState.OPEN
    assert bench.scopes.way_locked() is None


def test_a_call_without_a_key_has_no_accounts_circuit() -> None:
    """It passes three circuits; what would be the account's fault counts at the method's."""
    bench = Bench()
    public = bench.of("get_price", signed=False)
    assert [one.scope for one in public.breakers] == [Scope.EXCHANGE, Scope.ADDRESS, Scope.METHOD]
    public.settle(bench.ticket(public), Charge(FAIL, Scope.ACCOUNT), "why")
    assert [one.view().failures for one in public.breakers] == [0, 0, 1]


def test_accounts_share_what_is_wider_than_an_account() -> None:
    """Another account's calls pass the same exchange's and address's circuit, and an account's of their own."""
    bench = Bench()
    other = bench.of("get_price", "other")
    pairs = zip(bench.scopes.breakers, other.breakers, strict=True)
    assert [mine is theirs for mine, theirs in pairs] == [True, True, False, False]
    bench.fail(Scope.ACCOUNT)
    assert bench.refused().breaker.scope is Scope.ACCOUNT
    bench.scopes.settle(bench.ticket(other), SUCCESS)
    bench.fail(Scope.EXCHANGE)
    assert bench.refused(other).breaker.scope is Scope.EXCHANGE


def test_a_ticket_is_settled_once() -> None:
    """Whatever comes second, in any scope, changes nothing."""
    bench = Bench()
    ticket = bench.ticket()
    bench.scopes.settle(ticket, Charge(FAIL), "why")
    before = bench.circuits
    for scope in WIDEST_FIRST:
        bench.scopes.settle(ticket, Charge(FAIL, scope), "again")
        bench.scopes.settle(ticket, SUCCESS)
    assert bench.circuits == before


@pytest.mark.parametrize("charge", [SUCCESS, NEUTRAL, *(Charge(FAIL, s) for s in WIDEST_FIRST)])
def test_late_results_of_older_generations_change_nothing(charge: Charge) -> None:
    """All four circuits opened and are half-open again: an attempt of before decides about none of them."""
    bench = Bench()
    early = bench.ticket()
    bench.halve(*WIDEST_FIRST)
    probe = bench.ticket()
    before = bench.circuits
    bench.scopes.settle(early, charge, "late")
    assert bench.circuits == before
    bench.scopes.settle(probe, SUCCESS)
    assert {one.state for one in bench.circuits} == {CLEAN}


@pytest.mark.parametrize("moved", WIDEST_FIRST)
def test_a_ticket_is_late_only_where_the_circuit_moved(moved: Scope) -> None:
    """One circuit began another era meanwhile: a late failure counts at the others that it is charged to, there not."""
    for charged in WIDEST_FIRST:
        bench = Bench()
        early = bench.ticket()
        bench.breaker(moved).reset(by="me")
        bench.scopes.settle(early, Charge(FAIL, charged), "late")
        expected = [int(scope is charged and scope is not moved) for scope in WIDEST_FIRST]
        assert bench.failures == expected


@pytest.mark.parametrize("wide", WIDEST_FIRST[:-1])
def test_an_answer_with_a_failure_is_a_success_of_a_wider_probe(wide: Scope) -> None:
    """HTTP 500 of one method closes the wider circuit, whose question it answers, and counts at the method's."""
    bench = Bench()
    bench.halve(wide)
    bench.scopes.settle(bench.ticket(), Charge(FAIL, answered=True), "HTTP 500")
    assert bench.breaker(wide).circuit.state is CLEAN
    assert bench.breaker(Scope.METHOD).view().failures == 1


@pytest.mark.parametrize("concerned", WIDEST_FIRST[:-1])
def test_an_answer_that_speaks_of_the_wider_is_no_success_of_a_narrower_probe(
    concerned: Scope,
) -> None:
    """The exchange says that it is busy: all that is narrower stays half-open, with its place free."""
    bench = Bench()
    narrower = WIDEST_FIRST[WIDEST_FIRST.index(concerned) + 1 :]
    bench.halve(*narrower)
    bench.scopes.settle(bench.ticket(), Charge(FAIL, concerned, answered=True), "HTTP 503")
    assert {bench.breaker(one).view().state for one in narrower} == {CircuitState.HALF_OPEN}
    assert bench.leases() == [0, 0, 0, 0]


@pytest.mark.parametrize("wide", WIDEST_FIRST[:-1])
def test_no_answer_proves_nothing_of_a_wider_probe(wide: Scope) -> None:
    """A timeout of one method leaves the wider circuit half-open with its place free."""
    bench = Bench()
    bench.halve(wide)
    bench.scopes.settle(bench.ticket(), Charge(FAIL, took_s=30.0, timed_out=True), "no answer")
    assert bench.breaker(wide).view().state is CircuitState.HALF_OPEN
    assert bench.leases() == [0, 0, 0, 0]
    assert bench.ticket().is_probe


def test_a_success_heals_a_wider_circuit_that_another_method_made_dirty() -> None:
    """The exchange's count is told to all methods: whoever succeeds clears it, and then nobody need settle."""
    bench = Bench()
    bench.fail(Scope.EXCHANGE, times=2)
    assert bench.common.domain.dirty
    other = bench.of("get_time", signed=False)
    other.settle(bench.ticket(other), SUCCESS)
    assert (bench.failures[0], bench.common.domain.dirty) == (0, False)


# ----------------------------------------------------------------------------------- looking only


def test_looking_asks_nobody() -> None:
    """It says who would refuse, keeps nothing and draws no chance."""
    bench = Bench()
    bench.clock.chance = no_chance
    bench.halve(Scope.EXCHANGE, Scope.METHOD)
    before = bench.circuits
    assert bench.scopes.look() is None
    assert bench.circuits == before
    bench.ticket()
    before = bench.circuits
    looked = bench.scopes.look()
    assert looked is not None
    assert (looked.breaker.scope, looked.refusal.retry_after_s) == (Scope.EXCHANGE, 5)
    assert bench.circuits == before


@pytest.mark.parametrize("scope", WIDEST_FIRST)
def test_any_circuit_that_is_not_closed_bars_the_straight_path(scope: Scope) -> None:
    """Open, half-open or held, and closed again: the way is there only while all are closed."""
    bench = Bench()
    assert bench.scopes.way_locked() is not None
    bench.halve(scope)
    assert bench.scopes.way_locked() is None
    assert bench.scopes.refuses()
    bench.scopes.settle(bench.ticket(), SUCCESS)
    assert bench.scopes.way_locked() is not None
    assert not bench.scopes.refuses()
    bench.breaker(scope).hold(FORCED, by="me", why="a test")
    assert bench.scopes.held_open()
    assert bench.scopes.way_locked() is None


@pytest.mark.parametrize("scope", WIDEST_FIRST)
def test_the_circuit_that_refuses_is_the_one_that_binds(scope: Scope) -> None:
    """Its state is shown under the method's name, with the scope whose word it is."""
    bench = Bench()
    assert bench.scopes.binding() is bench.scopes.own
    bench.fail(scope)
    view = bench.scopes.view()
    assert (view.scope, view.state) == (scope, CircuitState.OPEN)
    assert view.key == bench.scopes.own.key


def test_what_is_recorded_by_hand_counts_at_the_circuits_as_they_stand() -> None:
    """Tickets of this moment settle where no half-open circuit awaits a probe."""
    bench = Bench()
    bench.fail(Scope.EXCHANGE)
    bench.scopes.settle_straight(bench.scopes.present(), Charge(FAIL), "by hand")
    assert bench.failures == [0, 0, 0, 1]
