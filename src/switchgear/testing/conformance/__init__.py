"""
Owns the names of the conformance suite: what any circuit breaker for Python can be asked, and what it answered.

    from switchgear.testing import conformance

    report = conformance.run(MyAdapter())
    print(report.markdown())

    @pytest.mark.parametrize("check", conformance.checks())
    def test_my_breaker(check): assert check(MyAdapter()).ok
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.testing.conformance.adapter import (
    Adapter,
    AnyBreaker,
    AsyncBreaker,
    State,
    SwitchgearAdapter,
    SyncBreaker,
)
from switchgear.testing.conformance.calls import Colour
from switchgear.testing.conformance.check import PATIENCE_S, Check
from switchgear.testing.conformance.questions import QUESTIONS
from switchgear.testing.conformance.report import Report
from switchgear.testing.conformance.verdict import Failed, NotApplicable, Passed, Verdict, Wedged

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "PATIENCE_S",
    "Adapter",
    "AnyBreaker",
    "AsyncBreaker",
    "Check",
    "Colour",
    "Failed",
    "NotApplicable",
    "Passed",
    "Report",
    "State",
    "SwitchgearAdapter",
    "SyncBreaker",
    "Verdict",
    "Wedged",
    "checks",
    "run",
]


def checks(colours: Iterable[Colour] = tuple(Colour)) -> list[Check]:
    """Every check, once in each colour, in the order of the report; pytest shows each by its name."""
    wanted = tuple(colours)
    return [Check(question, colour) for question in QUESTIONS for colour in wanted]


def run(adapter: Adapter, *, patience_s: float = PATIENCE_S) -> Report:
    """
    Ask every check of one breaker.

    Args:
        adapter: How the suite makes and calls it.
        patience_s: Real seconds after which a call that neither runs nor comes back is given up. Nothing waits
            for it where calls come back; above 0.

    Raises:
        ValueError: The adapter's breaker names a state that is none of the three, or has no call at all.
    """
    return Report(adapter.name, tuple((one, one(adapter, patience_s)) for one in checks()))
