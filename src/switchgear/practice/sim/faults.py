"""Owns the fault rules: what may go wrong, how a rule is written, and when it fires."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
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
class AnswerUntil(Answer):
    """The same, with the instant to which its time to wait runs."""

    until_ms: int = 0
    """In epoch milliseconds of the venue's clock."""


@dataclass(frozen=True, slots=True)
class Row:
    """
    Answer in the venue's place with one of its recorded answers, by name.

    retry_after_s is how long that answer tells to stay away, where it tells so at all. With booked,
    the request is worked on first, and its own answer thrown away.
    """

    row: str
    variant: int | None = None
    """Which of the answers of this name, from 1; None gives them in turn."""
    retry_after_s: int | None = None
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


@dataclass(frozen=True, slots=True)
class ClockSkew:
    """Work on the request by a clock of the venue that is off: ahead of the true time, or behind."""

    skew_ms: int


@dataclass(frozen=True, slots=True)
class KeyRevoked:
    """Work on the request as if its key had been revoked; calls without a key do not match."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """Look up, list and cancel orders as if those booked in the last for_s seconds were not there."""

    for_s: float


Action = (
    Answer
    | Row
    | Html
    | Delay
    | Refuse
    | ResetBefore
    | ResetAfter
    | Cut
    | ClockSkew
    | KeyRevoked
    | Unseen
)

KINDS: dict[type[Action], str] = {
    Answer: "answer",
    Row: "row",
    Html: "html",
    Delay: "delay",
    Refuse: "refuse",
    ResetBefore: "reset_before",
    ResetAfter: "reset_after",
    Cut: "cut",
    ClockSkew: "clock_skew",
    KeyRevoked: "key_revoked",
    Unseen: "unseen",
}
"""The word for each action, in rules and in counts."""
BESIDE = (Delay, ClockSkew, KeyRevoked, Unseen)
"""What leaves the call to be worked on, so that another action may hit it too."""
EVERYTHING_OF_THE_VENUE = "venue"


@dataclass(frozen=True, slots=True)
class Rule:
    """
    One way in which calls go wrong.

    match is an endpoint name or a glob of names ("order.*"), or a method and path glob
    ("POST /api/v3/*"; the path alone means any method). "venue" is all but the backend's endpoints.
    None, for Refuse only, means at once.
    """

    action: Action
    match: str | None = "*"
    probability: float = 1.0
    """The share of matching calls that it hits, in [0, 1]."""
    count: int | None = None
    """How often it fires at most; None is without end."""
    after: int = 0
    """How many matching calls pass before it may fire."""


@dataclass(frozen=True, slots=True)
class Hit:
    """What a rule does to one call."""

    rule_id: int
    action: Action


@dataclass(slots=True)
class Script:
    """The rules in force. The same seed, rules and calls give the same faults."""

    seed: int
    rules: dict[int, _Armed] = field(default_factory=dict[int, "_Armed"])
    fired: Counter[str] = field(default_factory=Counter[str])
    """How often each kind has fired, removed rules included."""
    _last_id: int = 0

    def add(self, rule: Rule) -> int:
        """Put a rule behind those in force; its id. One without a match counts as fired here."""
        self._last_id += 1
        armed = self.rules[self._last_id] = _Armed(self._last_id, rule)
        if rule.match is None:
            armed.fired += 1
            self.count(rule.action)
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

    def draw(self, method: str, path: str, name: str, *, has_key: bool = True) -> list[Hit]:
        """What goes wrong with this call: all that another may hit beside, then at most one other."""
        drawn: list[Hit] = []
        for armed in self.rules.values():
            if isinstance(armed.rule.action, KeyRevoked) and not has_key:
                continue
            if not armed.fires(self.seed, method, path, name):
                continue
            self.count(armed.rule.action)
            drawn.append(Hit(armed.rule_id, armed.action))
            if not isinstance(armed.rule.action, BESIDE):
                break
        return drawn


@dataclass(slots=True)
class _Armed:
    """A rule with what it has seen."""

    rule_id: int
    rule: Rule
    seen: int = 0
    fired: int = 0

    @property
    def action(self) -> Action:
        """What it does, the time that it fired last."""
        action = self.rule.action
        if isinstance(action, Row) and action.variant is None:
            return replace(action, variant=self.fired)
        return action

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
    if pattern == EVERYTHING_OF_THE_VENUE:
        return not name.startswith("backend.")
    if "/" not in pattern:
        return fnmatchcase(name, pattern)
    first, _, second = pattern.rpartition(" ")
    return fnmatchcase(method, first.strip() or "*") and fnmatchcase(path, second)
