"""
Owns the rules of the wire: what a proxy may break, how a rule is written, and when it fires.

How each fault is done to a connection is proxy_link's. Faults above the wire are in faults and rules.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NoReturn, cast

from switchgear.practice.sim.rules import RuleError, check_path_glob, no_such_field
from switchgear.practice.sim.seeded import fraction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_COMMON = ("match", "action", "probability", "count", "after")
_SPAN_S_MAX = 86_400
_COUNT_MAX = 1_000_000_000


class Side(StrEnum):
    """Which way bytes go: to the venue, where an order is booked, or back from it."""

    REQUEST = "request"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Refuse:
    """Stop listening for a while: open connections are reset, new ones refused."""

    duration_s: float


@dataclass(frozen=True, slots=True)
class Reset:
    """
    Reset the connection.

    On the side of the request: when at_byte bytes of it were taken, at its end when it is shorter;
    none is forwarded, so nothing is booked. On the side of the answer: when at_byte bytes of it
    were passed on, at its end when it is shorter; at 0 as soon as it begins.
    """

    side: Side
    at_byte: int = 0


@dataclass(frozen=True, slots=True)
class Delay:
    """Hold the request before it is forwarded, or the answer before it is passed on."""

    delay_s: float
    side: Side


@dataclass(frozen=True, slots=True)
class Drip:
    """Pass the answer on in pieces of size_bytes (the last may be smaller), one every every_s."""

    size_bytes: int
    every_s: float


@dataclass(frozen=True, slots=True)
class Cut:
    """End the connection cleanly after at_byte bytes of the answer, or at its end if sooner."""

    at_byte: int = 0


@dataclass(frozen=True, slots=True)
class HalfOpen:
    """
    Never answer, and keep the connection open until the client leaves.

    On the side of the request the venue never hears of it; on the side of the answer the venue does
    the work, and its answer is swallowed. After duration_s, if given, the connection is reset.
    """

    side: Side = Side.REQUEST
    duration_s: float | None = None


WireAction = Refuse | Reset | Delay | Drip | Cut | HalfOpen

KINDS: dict[type[WireAction], str] = {
    Refuse: "refuse",
    Reset: "reset",
    Delay: "delay",
    Drip: "drip",
    Cut: "cut",
    HalfOpen: "half_open",
}
"""The word for each action, in rules and in counts."""


@dataclass(frozen=True, slots=True)
class WireRule:
    """
    One way in which the wire breaks.

    match is "*" or a method and path glob ("POST /api/v3/*"; the path alone means any method); the
    path is the one on the wire, without its query. None, for Refuse only, means at once.
    """

    action: WireAction
    match: str | None = "*"
    probability: float = 1.0
    """The share of matching requests that it hits, in [0, 1]."""
    count: int | None = None
    """How often it fires at most; None is without end."""
    after: int = 0
    """How many matching requests pass before it may fire."""


@dataclass(frozen=True, slots=True)
class WireHit:
    """What a rule does to one request."""

    rule_id: int
    action: WireAction


@dataclass(slots=True)
class WireScript:
    """The rules in force. The same seed, rules and requests give the same faults."""

    seed: int
    rules: dict[int, Armed] = field(default_factory=dict[int, "Armed"])
    fired: Counter[str] = field(default_factory=Counter[str])
    """How often each kind has fired, removed rules included."""
    _last_id: int = 0

    def add(self, rule: WireRule) -> int:
        """Put a rule behind those in force; its id. A refusal at once counts as fired here."""
        self._last_id += 1
        armed = self.rules[self._last_id] = Armed(self._last_id, rule)
        if rule.match is None:
            armed.fired += 1
            self.fired[KINDS[type(rule.action)]] += 1
        return self._last_id

    def draw(self, method: str, path: str) -> list[WireHit]:
        """What breaks for this request: any delays, then at most one other action."""
        drawn: list[WireHit] = []
        for armed in self.rules.values():
            if not armed.fires(self.seed, method, path):
                continue
            self.fired[KINDS[type(armed.rule.action)]] += 1
            drawn.append(WireHit(armed.rule_id, armed.rule.action))
            if not isinstance(armed.rule.action, Delay):
                break
        return drawn

    def show(self) -> list[dict[str, Any]]:
        """The rules in force as JSON, each with its id and how often it was asked and fired."""
        return [
            {"id": armed.rule_id, "seen": armed.seen, "fired": armed.fired}
            | show_wire_rule(armed.rule)
            for armed in self.rules.values()
        ]


@dataclass(slots=True)
class Armed:
    """A rule with what it has seen."""

    rule_id: int
    rule: WireRule
    seen: int = 0
    fired: int = 0

    def fires(self, seed: int, method: str, path: str) -> bool:
        """Whether this request is hit; counts the request when it matches."""
        rule = self.rule
        if rule.match is None or not _matches(rule.match, method, path):
            return False
        self.seen += 1
        if self.seen <= rule.after or (rule.count is not None and self.fired >= rule.count):
            return False
        if fraction(seed, "wire", self.rule_id, self.seen) >= rule.probability:
            return False
        self.fired += 1
        return True


def _matches(pattern: str, method: str, path: str) -> bool:
    if pattern == "*":
        return True
    first, _, second = pattern.rpartition(" ")
    return fnmatchcase(method, first.strip() or "*") and fnmatchcase(path, second)


# ------------------------------------------------------------------------------------ reading JSON


def parse_wire_rules(given: object) -> list[WireRule]:
    """One rule or a list of them; nothing is taken when one is wrong. Raises RuleError."""
    if not isinstance(given, list):
        return [parse_wire_rule(given)]
    return [parse_wire_rule(each) for each in cast("list[object]", given)]  # a list proves no more


def parse_wire_rule(given: object) -> WireRule:
    """The rule that this JSON object describes, or this WireRule itself. Raises RuleError."""
    if isinstance(given, WireRule):
        return parse_wire_rule(show_wire_rule(given))  # built in code, it keeps the same bounds
    if not isinstance(given, dict):
        raise RuleError("rule", given, "a JSON object")
    sent = cast("dict[str, Any]", given)  # it comes from JSON, so its names are text
    kind = sent.get("action")
    if not isinstance(kind, str) or kind not in _ACTIONS:
        raise RuleError("action", kind, ", ".join(_ACTIONS))
    build, names = _ACTIONS[kind]
    for name in sent.keys() - {*_COMMON, *names}:
        raise no_such_field(name, sent[name], (*_COMMON, *names))
    return WireRule(
        action=build(sent),
        match=_match(sent, kind),
        probability=_number(sent, "probability", 0, 1, 1.0),
        count=None if sent.get("count") is None else _whole(sent, "count", 1),
        after=_whole(sent, "after", 0, 0),
    )


def show_wire_rule(rule: WireRule) -> dict[str, Any]:
    """The rule as JSON, in the form that parse_wire_rule reads."""
    return {
        "match": rule.match,
        "action": KINDS[type(rule.action)],
        "probability": rule.probability,
        "count": rule.count,
        "after": rule.after,
    } | _show_action(rule.action)


def _show_action(action: WireAction) -> dict[str, Any]:
    match action:
        case Refuse(duration_s):
            return {"duration_s": duration_s}
        case Reset(side, at_byte):
            return {"side": str(side), "at_byte": at_byte}
        case Delay(delay_s, side):
            return {"delay_s": delay_s, "side": str(side)}
        case Drip(size_bytes, every_s):
            return {"bytes": size_bytes, "every_s": every_s}
        case Cut(at_byte):
            return {"at_byte": at_byte}
        case HalfOpen(side, duration_s):
            return {"side": str(side), "duration_s": duration_s}


def _refuse(sent: Mapping[str, Any]) -> WireAction:
    return Refuse(_number(sent, "duration_s", 0, _SPAN_S_MAX))


def _reset(sent: Mapping[str, Any]) -> WireAction:
    return Reset(_side(sent), _whole(sent, "at_byte", 0, 0))


def _delay(sent: Mapping[str, Any]) -> WireAction:
    return Delay(_number(sent, "delay_s", 0, _SPAN_S_MAX), _side(sent))


def _drip(sent: Mapping[str, Any]) -> WireAction:
    return Drip(_whole(sent, "bytes", 1), _number(sent, "every_s", 0, _SPAN_S_MAX))


def _cut(sent: Mapping[str, Any]) -> WireAction:
    return Cut(_whole(sent, "at_byte", 0, 0))


def _half_open(sent: Mapping[str, Any]) -> WireAction:
    endless = sent.get("duration_s") is None
    duration_s = None if endless else _number(sent, "duration_s", 0, _SPAN_S_MAX)
    return HalfOpen(_side(sent, Side.REQUEST), duration_s)


_ACTIONS: dict[str, tuple[Callable[[Mapping[str, Any]], WireAction], tuple[str, ...]]] = {
    "refuse": (_refuse, ("duration_s",)),
    "reset": (_reset, ("side", "at_byte")),
    "delay": (_delay, ("delay_s", "side")),
    "drip": (_drip, ("bytes", "every_s")),
    "cut": (_cut, ("at_byte",)),
    "half_open": (_half_open, ("side", "duration_s")),
}


def _match(sent: Mapping[str, Any], kind: str) -> str | None:
    value = sent.get("match")
    if value is None:
        return None if kind == "refuse" else "*"
    if not isinstance(value, str) or not 1 <= len(value) <= 200 or not value.isprintable():
        _bad_match(value)
    if value != "*" and "/" not in value:  # the wire knows no names of endpoints
        _bad_match(value)
    if value != "*":
        check_path_glob(value)
    return value


def _bad_match(value: object) -> NoReturn:
    raise RuleError("match", value, "'*' or a 'METHOD /path' glob, 1 to 200 letters")


def _side(sent: Mapping[str, Any], default: Side | None = None) -> Side:
    value = sent.get("side", default)
    if not isinstance(value, str) or value not in set(Side):
        raise RuleError("side", value, ", ".join(Side))
    return Side(value)


def _number(
    sent: Mapping[str, Any], name: str, least: float, most: float, default: float | None = None
) -> float:
    value = sent.get(name, default)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not least <= value <= most:
        raise RuleError(name, value, f"a number from {least} to {most}")
    return float(value)


def _whole(sent: Mapping[str, Any], name: str, least: int, default: int | None = None) -> int:
    value = sent.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _COUNT_MAX:
        raise RuleError(name, value, f"a whole number from {least} to {_COUNT_MAX}")
    return value
