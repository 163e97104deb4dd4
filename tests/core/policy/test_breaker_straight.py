"""The breaker's short way for failures of the straight path comes to what the machine comes to."""

from hypothesis import given
from hypothesis import strategies as st

from switchgear.core import circuit as machine
from switchgear.core.circuit import Closed, Rules, Settlement
from switchgear.core.policy.scopes import Ticket
from switchgear.core.words import CircuitState, Key
from switchgear.testing import FakeClock, Recorder
from tests.core.policy.breakers import Alone

KEY = Key.of("binance", "get_market_price")
MOVES = st.sampled_from(
    ["fail", "succeed", "neutral", "late", "hold", "release", "reset", "wait", "look", "tighten"]
)


class Pair:
    """The same moves on two breakers: one by the short way, one by tickets alone."""

    def __init__(self, threshold: int) -> None:
        self.clock = FakeClock()
        self.told = Recorder(), Recorder()
        self.straight, self.plain = (
            Alone(KEY, Rules(failure_threshold=threshold, reset_timeout_s=5), self.clock, told)
            for told in self.told
        )
        self.old_way = self.way
        self.old_ticket = self.plain.admit()

    @property
    def way(self) -> machine.Ticket | None:
        """What lets a straight call in now."""
        with self.straight.domain.lock:
            return self.straight.way_locked()

    def _settle_straight(self, way: machine.Ticket, settlement: Settlement, why: str = "") -> None:
        with self.straight.domain.lock:
            self.straight.settle_locked(None, way, settlement, why, self.clock.monotonic_s())

    def _fail_straight(self, way: machine.Ticket, why: str) -> None:
        if not self.straight.failed_short(way):
            self._settle_straight(way, Settlement.FAILURE, why)

    def fail(self) -> None:
        way, ticket = self.way, self.plain.admit()
        if way is None:
            self._settle_both(Settlement.FAILURE, ticket)
        else:
            assert isinstance(ticket, Ticket)
            self._fail_straight(way, "OSError: down")
            self.plain.settle(ticket, Settlement.FAILURE, "OSError: down")

    def succeed(self) -> None:
        way, ticket = self.way, self.plain.admit()
        if way is None:
            self._settle_both(Settlement.SUCCESS, ticket)
        else:
            assert isinstance(ticket, Ticket)
            if self.way != way or self.straight.dirty:
                self._settle_straight(way, Settlement.SUCCESS)
            self.plain.settle(ticket, Settlement.SUCCESS)

    def neutral(self) -> None:
        self._settle_both(Settlement.NEUTRAL, self.plain.admit())

    def late(self) -> None:
        """A failure of the very first generation."""
        assert self.old_way is not None
        assert isinstance(self.old_ticket, Ticket)
        self._fail_straight(self.old_way, "OSError: late")
        again = Ticket(self.old_ticket.way, is_probe=False)
        self.plain.settle(again, Settlement.FAILURE, "OSError: late")

    def hold(self) -> None:
        for breaker in (self.straight, self.plain):
            breaker.hold(CircuitState.FORCED_OPEN, by="ops", why="test", for_s=3)

    def release(self) -> None:
        for breaker in (self.straight, self.plain):
            breaker.release(by="ops")

    def reset(self) -> None:
        for breaker in (self.straight, self.plain):
            breaker.reset(by="ops")

    def wait(self) -> None:
        self.clock.advance(2)

    def look(self) -> None:
        assert self.straight.circuit == self.plain.circuit

    def tighten(self) -> None:
        for breaker in (self.straight, self.plain):
            breaker.configure(Rules(failure_threshold=2, reset_timeout_s=5))

    def _settle_both(self, settlement: Settlement, ticket: object) -> None:
        mine = self.straight.admit()
        assert isinstance(mine, Ticket) == isinstance(ticket, Ticket)
        if isinstance(mine, Ticket) and isinstance(ticket, Ticket):
            self.straight.settle(mine, settlement, "OSError: down")
            self.plain.settle(ticket, settlement, "OSError: down")


@given(threshold=st.integers(1, 6), moves=st.lists(MOVES, max_size=60))
def test_straight_failures_equal_the_machine(threshold: int, moves: list[str]) -> None:
    """After any moves both breakers stand alike, and have told the same."""
    pair = Pair(threshold)
    for move in moves:
        getattr(pair, move)()
    assert pair.straight.circuit == pair.plain.circuit
    assert pair.straight.view() == pair.plain.view()
    assert pair.told[0].events == pair.told[1].events


def test_all_failures_noted_before_a_reload_count_after_it() -> None:
    """Four were borne; by the new threshold of two the next one opens it, and until then all four are shown."""
    pair = Pair(threshold=6)
    for _ in range(4):
        pair.fail()
    pair.tighten()
    assert pair.straight.circuit.state == Closed(4)
    pair.fail()
    assert pair.straight.view().reason == "5 failures in a row, last OSError: down"
