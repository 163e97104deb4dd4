"""Owns the fault rules: what may go wrong, how a rule is written, and when it fires."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from switchgear.practice.sim.seeded import fraction

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Answer:
    """
    Answer in the venue's place; code and msg are filled in from the status when not given.

    With booked, the request is worked on first, and its own answer thrown away.
    """

    status: int
    code: int | str | None = None
    msg: str | None = None
    retry_after_s: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    booked: bool = False


@dataclass(frozen=True, slots=True)
class Html:
    """Answer as a proxy in front of the venue does."""

    status: int


@dataclass(frozen=True, slots=True)
class Delay:
    """Be late: before the request is worked on, or with its answer."""

    delay_s: float
    before: bool = False


@dataclass(frozen=True, slots=True)
class Refuse:
    """Stop listening for a while: open connections are reset, new ones refused."""

    duration_s: float


@dataclass(frozen=True, slots=True)
class ResetBefore:
    """Reset the connection with nothing booked."""


@dataclass(frozen=True, slots=True)
class ResetAfter:
    """Work on the request, then reset the connection without an answer."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Work on the request, send the headers and half of the body, then drop the connection."""


Action = Answer | Html | Delay | Refuse | ResetBefore | ResetAfter | Cut

KINDS: dict[type[Action], str] = {
    Answer: "answer",
    Html: "html",
    Delay: "delay",
    Refuse: "refuse",
    ResetBefore: "reset_before",
    ResetAfter: "reset_after",
    Cut: "cut",
}
"""The word for each action, in rules and in counts."""


@dataclass(frozen=True, slots=True)
class Rule:
    """
    One way in which calls go wrong.

    match is an endpoint name or a glob of names ("order.*"), or a method and path glob
    ("POST /api/v3/*"; the path alone means any method). None, for Refuse only, means at once.
    """

    action: Action
    match: str | None = "*"
    probability: float = 1.0
    """The share of matching calls that it hits, in [0, 1]."""
    count: int | None = None
    """How often it fires at most; None is without end."""
    after: int = 0
    """How many matching calls pass before it may fire."""


@dataclass(slots=True)
class Script:
    """The rules in force. The same seed, rules and calls give the same faults."""

    seed: int
    rules: dict[int, _Armed] = field(default_factory=dict[int, "_Armed"])
    fired: Counter[str] = field(default_factory=Counter[str])
    """How often each kind has fired, removed rules included."""
    _last_id: int = 0

    def add(self, rule: Rule) -> int:
        """Put a rule behind those in force; its id."""
        self._last_id += 1
        self.rules[self._last_id] = _Armed(self._last_id, rule)
        return self._last_id

    def remove(self, rule_id: int) -> bool:
        """Take a rule away; False when there is none with this id."""
        return self.rules.pop(rule_id, None) is not None

    def clear(self) -> None:
        """Take all rules away; what has fired stays counted."""
        self.rules.clear()

    def count(self, action: Action) -> None:
        """Note that this action was carried out."""
        self.fired[KINDS[type(action)]] += 1

    def draw(self, method: str, path: str, name: str) -> list[Action]:
        """What goes wrong with this call: any delays, then at most one other action."""
        delays: list[Action] = []
        for armed in self.rules.values():
            if not armed.fires(self.seed, method, path, name):
                continue
            self.count(armed.rule.action)
            if not isinstance(armed.rule.action, Delay):
                return [*delays, armed.rule.action]
            delays.append(armed.rule.action)
        return delays


@dataclass(slots=True)
class _Armed:
    """A rule with what it has seen."""

    rule_id: int
    rule: Rule
    seen: int = 0
    fired: int = 0

    def fires(self, seed: int, method: str, path: str, name: str) -> bool:
        """Whether this call is hit; counts the call when it matches."""
        rule = self.rule
        if rule.match is None or not matches(rule.match, method, path, name):
            return False
        self.seen += 1
        if self.seen <= rule.after or (rule.count is not None and self.fired >= rule.count):
            return False
        if fraction(seed, "fault", self.rule_id, self.seen) >= rule.probability:
            return False
        self.fired += 1
        return True


def matches(pattern: str, method: str, path: str, name: str) -> bool:
    """Whether a rule's match means this call."""
    if "/" not in pattern:
        return fnmatchcase(name, pattern)
    first, _, second = pattern.rpartition(" ")
    return fnmatchcase(method, first.strip() or "*") and fnmatchcase(path, second)
