"""Owns what a whole run found, and how it is shown; one verdict is in verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchgear.testing.conformance.calls import Colour
from switchgear.testing.conformance.verdict import Failed, NotApplicable, Passed, Verdict, Wedged

if TYPE_CHECKING:
    from switchgear.testing.conformance.check import Check, Question


@dataclass(frozen=True, slots=True)
class Report:
    """Every check with its verdict."""

    breaker: str
    rows: tuple[tuple[Check, Verdict], ...]

    @property
    def ok(self) -> bool:
        """Nothing failed and nothing hung; what does not apply is no fault."""
        return all(verdict.ok for _, verdict in self.rows)

    @property
    def passed(self) -> dict[str, Passed]:
        """What passed, by the check's name."""
        return {check.name: verdict for check, verdict in self.rows if isinstance(verdict, Passed)}

    @property
    def failed(self) -> dict[str, Failed]:
        """What failed, and what was seen."""
        return {check.name: verdict for check, verdict in self.rows if isinstance(verdict, Failed)}

    @property
    def wedged(self) -> dict[str, Wedged]:
        """Where a call did not come back."""
        return {check.name: verdict for check, verdict in self.rows if isinstance(verdict, Wedged)}

    @property
    def not_applicable(self) -> dict[str, NotApplicable]:
        """What could not be asked, and why."""
        return {
            check.name: verdict
            for check, verdict in self.rows
            if isinstance(verdict, NotApplicable)
        }

    def questions(self) -> list[Question]:
        """Each question once, in order."""
        return list(dict.fromkeys(check.question for check, _ in self.rows))

    def verdict(self, question: Question, colour: Colour) -> Verdict | None:
        """What came of a question in a colour; None when it was not among those asked."""
        for check, verdict in self.rows:
            if check.question == question and check.colour == colour:
                return verdict
        return None

    def markdown(self) -> str:
        """A table with a line for each question, and what was seen beneath."""
        lines = [f"| {self.breaker} | sync | async | what a pass means |", "|-|-|-|-|"]
        for question in self.questions():
            marks = " | ".join(mark(self.verdict(question, colour)) for colour in Colour)
            lines.append(f"| {question.name} | {marks} | {question.asks} |")
        seen = [f"- {check.name}: {words(verdict)}" for check, verdict in self.rows]
        told = [line for line, (_, verdict) in zip(seen, self.rows, strict=True) if not verdict.ok]
        return "\n".join([*lines, "", *told]).rstrip() + "\n"


def mark(verdict: Verdict | None) -> str:
    """A verdict in one word."""
    match verdict:
        case Passed():
            return "yes"
        case Failed():
            return "**no**"
        case Wedged():
            return "**hangs**"
        case NotApplicable():
            return "n/a"
        case None:
            return ""


def words(verdict: Verdict) -> str:
    """A verdict with what was seen."""
    match verdict:
        case Passed():
            return "yes"
        case Failed():
            return f"no: {verdict.seen}"
        case Wedged():
            return f"hangs: {verdict.where}"
        case NotApplicable():
            return f"n/a: {verdict.why}"
