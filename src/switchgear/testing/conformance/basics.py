"""Owns questions on what a breaker is for: when it opens, for how long, how it closes, and what its caller gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.testing.conformance.desk import CLOSED, HALF_OPEN, NO_CLOSING, OPEN, YEAR_S, Boom

if TYPE_CHECKING:
    from switchgear.testing.conformance.desk import Desk


def trips(desk: Desk) -> None:
    """So many failures in a row as were asked for open it, one less does not; then calls are not made."""
    desk.fail(desk.threshold - 1)
    desk.expect_state(
        CLOSED, f"after {desk.threshold - 1} failures at a threshold of {desk.threshold}"
    )
    desk.fail()
    desk.expect_state(OPEN, f"after {desk.threshold} failures in a row")
    desk.expect_refusal("while it was open")


def stays_open(desk: Desk) -> None:
    """It refuses until its time is over, and refusals do not change that."""
    desk.open()
    for _ in range(3):
        desk.pass_time(0.3)
        desk.expect_refusal("before its time was over")
    desk.pass_time(0.2)
    desk.expect(desk.good().ran, "refused a call when its time was over, after refusals meanwhile")


def good_probe_closes(desk: Desk) -> None:
    """When its time is over a call is let through; as it succeeds, the breaker is closed."""
    desk.recover()
    desk.expect(desk.good().ran, "no call is let through when its time is over")
    desk.expect_state(CLOSED, "after a good probe")
    desk.expect(desk.good().ran, "refused a call after a good probe")


def failed_probe_reopens(desk: Desk) -> None:
    """One failed probe opens it again, for a whole spell, and the next probe is let through after that."""
    desk.recover()
    desk.fail()
    desk.expect_state(OPEN, "after a failed probe")
    desk.expect_refusal("at once after a failed probe")
    desk.pass_time(0.5)
    desk.expect_refusal("half a spell after a failed probe")
    desk.expect(desk.admits_in_time(), "refused for ever after a failed probe")


def closing_forgets(desk: Desk) -> None:
    """Failures from before it opened do not count after it has closed."""
    desk.recover()
    desk.good()
    desk.need(desk.state == CLOSED, NO_CLOSING)
    desk.fail(desk.threshold - 1)
    desk.expect_state(CLOSED, f"after {desk.threshold - 1} failures since it closed")


def own_outcome(desk: Desk) -> None:
    """The caller gets the function's own value and its own error, from the call that opens it too."""
    value, errors = object(), [Boom(str(number)) for number in range(desk.threshold)]
    desk.expect(desk.call(lambda: value).value is value, "the caller got another value")

    def work() -> None:
        raise errors[made]

    for made, error in enumerate(errors):
        got = desk.call(work).error
        nth = "the call that opened it" if made == len(errors) - 1 else "a failed call"
        desk.expect(got is error, f"{nth} raised {type(got).__name__} in place of its own error")


def side_by_side(desk: Desk) -> None:
    """Calls run at the same time while it is closed: no lock is held while the function runs."""
    first, second = desk.begin(2)
    desk.expect(first.ran and second.ran, "a second call waits until the first has ended")
    desk.end(first)
    desk.end(second)


def state_is_current(desk: Desk) -> None:
    """Its state says that its time is over without a call being made, and reading it takes no probe's place."""
    desk.recover()
    for _ in range(3):
        desk.expect_state(HALF_OPEN, "when its time is over and no call was made since")
    desk.expect(desk.good().ran, "refused the probe after its state was read")


def date_step(desk: Desk) -> None:
    """A step of the machine's date, forwards or back, neither ends an open spell nor prolongs it."""
    desk.step_date(0)
    desk.open()
    desk.step_date(YEAR_S)
    desk.expect_refusal("after the date went forwards by a year")
    desk.step_date(-2 * YEAR_S)
    desk.pass_time(1.01)
    desk.expect(desk.good().ran, "refused when its time was over, for the date had gone back")
