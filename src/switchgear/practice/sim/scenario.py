"""
Owns what a scenario is: what breaks at which venue, when and for how long, read strictly from TOML.

Playing one is scenario_player's, and what a rule may say is in rules and wire_rules.
"""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from switchgear.practice.sim.answers import recorded
from switchgear.practice.sim.fleet import VENUES
from switchgear.practice.sim.rules import Known, RuleError, no_such_field, parse_rule, show_rule
from switchgear.practice.sim.venues import endpoint_names
from switchgear.practice.sim.wire_rules import WireRule, parse_wire_rule, show_wire_rule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.resources.abc import Traversable

    from switchgear.practice.sim.faults import Rule
    from switchgear.practice.sim.rules import Rows

_R = TypeVar("_R")
EVERY = "*"
"""In place of a venue: all of them."""
_NAME = r"[a-z][a-z0-9_]{0,39}"
_LINE, _LINE_WORDS = r"[^\n]{1,200}", "one line of 1 to 200 letters"
_TOP = ("name", "meaning", "seed", "duration_s", "step")
_STEP = ("at_s", "for_s", "venue", "meaning", "fault", "wire")
_SEED_MAX = 2**63 - 1
_SPAN_S_MAX = 86_400
_SPAN_S_MIN = 0.001
_TOLD = {
    "row": "{}",
    "status": "{}",
    "delay_s": "of {:g} s",
    "duration_s": "for {:g} s",
    "for_s": "for {:g} s",
    "skew_ms": "of {} ms",
    "side": "of the {}",
}
"""What of a rule is told in words where a step has none, and how."""
_NOISE_S = 1e-6
"""What sums of decimal fractions may be off by."""


class ScenarioError(ValueError):
    """A scenario that cannot be: it names the file, the field, the value and what is allowed."""

    def __init__(self, file: str, field: str, value: object, allowed: str) -> None:
        super().__init__(f"{file}: {field} is {value!r}; allowed: {allowed}")
        self.file = file
        self.field = field
        self.value = value
        self.allowed = allowed


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that breaks, and is mended again."""

    at_s: float
    """When, from the start of the scenario."""
    for_s: float
    venue: str
    """Its name, or EVERY."""
    breaks: Rule | WireRule
    meaning: str
    """In words."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What breaks, in the order of the file."""

    name: str
    meaning: str
    seed: int
    """What the fleet that it is played on takes, so that the same calls meet the same faults."""
    duration_s: float
    steps: tuple[Step, ...]


def shipped() -> tuple[str, ...]:
    """The names of the scenarios that come with switchgear, in order."""
    names = (each.name for each in _folder().iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def load(name: str | Path) -> Scenario:
    """
    A shipped scenario by its name, or the one in a file.

    Raises:
        ScenarioError: There is none of this name, or it cannot be read, or it cannot be.
    """
    if str(name) in shipped():
        file = f"{name}.toml"
        return parse((_folder() / file).read_text(encoding="utf-8"), file)
    try:
        text = Path(name).read_text(encoding="utf-8")
    except FileNotFoundError:
        allowed = f"a file, or {', '.join(shipped())}"
        raise ScenarioError(str(name), "scenario", str(name), allowed) from None
    except (OSError, ValueError) as error:
        allowed = f"a file of readable UTF-8; {error}"
        raise ScenarioError(str(name), "scenario", str(name), allowed) from None
    return parse(text, str(name))


def parse(text: str, file: str) -> Scenario:
    """
    The scenario that this TOML describes; file is for the words of an error.

    Raises:
        ScenarioError: It cannot be.
    """
    try:
        top = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(file, "text", text[:40], f"TOML; {error}") from None
    try:
        return _scenario(_Table(top, _TOP))
    except RuleError as error:
        raise ScenarioError(file, error.field, error.value, error.allowed) from None


def _folder() -> Traversable:
    return files("switchgear.practice.sim") / "scenarios"


class _Table:
    """One table of the file; each reading raises a RuleError that names the field with its place."""

    def __init__(self, table: Mapping[str, Any], names: tuple[str, ...], place: str = "") -> None:
        self._table = table
        self._place = place
        for name in table.keys() - set(names):
            raise no_such_field(place + name, table[name], names)

    def __contains__(self, name: str) -> bool:
        return name in self._table

    def wrong(self, name: str, allowed: str) -> RuleError:
        """The error that says what would be allowed here."""
        return RuleError(self._place + name, self._table.get(name), allowed)

    def text(self, name: str, pattern: str, allowed: str, default: str | None = None) -> str:
        value = self._table.get(name, default)
        if not isinstance(value, str) or re.fullmatch(pattern, value) is None:
            raise self.wrong(name, allowed)
        return value

    def seconds(self, name: str, least: float, most: float, default: float | None = None) -> float:
        value = self._table.get(name, default)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value) or not least <= value <= most + _NOISE_S:
            raise self.wrong(name, f"a number of seconds from {least:g} to {most:g}")
        return float(value)

    def whole(self, name: str, default: int) -> int:
        value = self._table.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _SEED_MAX:
            raise self.wrong(name, f"a whole number from 0 to {_SEED_MAX}")
        return value

    def tables(self, name: str) -> list[Mapping[str, Any]]:
        value = self._table.get(name, [])
        parts = cast("list[object]", value) if isinstance(value, list) else [None]
        if not all(isinstance(part, dict) for part in parts):
            raise self.wrong(name, f"tables, each under [[{name}]]")
        return cast("list[Mapping[str, Any]]", parts)  # proved above

    def rule(self, name: str, read: Callable[[object], _R]) -> _R:
        try:
            return read(self._table[name])
        except RuleError as error:
            field = f"{self._place}{name}.{error.field}"
            raise RuleError(field, error.value, error.allowed) from None


def _scenario(top: _Table) -> Scenario:
    duration_s = top.seconds("duration_s", _SPAN_S_MIN, _SPAN_S_MAX)
    return Scenario(
        name=top.text("name", _NAME, "small letters, digits and _, at most 40, a letter first"),
        meaning=top.text("meaning", _LINE, _LINE_WORDS),
        seed=top.whole("seed", 1),
        duration_s=duration_s,
        steps=tuple(
            _step(_Table(table, _STEP, f"step[{place}]."), duration_s)
            for place, table in enumerate(top.tables("step"))
        ),
    )


def _step(table: _Table, duration_s: float) -> Step:
    at_s = table.seconds("at_s", 0, duration_s - _SPAN_S_MIN)
    left_s = duration_s - at_s
    venue = table.text("venue", "|".join((*VENUES, r"\*")), f"{', '.join(VENUES)}, or {EVERY}")
    breaks = _breaks(table, venue)
    return Step(
        at_s=at_s,
        for_s=table.seconds("for_s", _SPAN_S_MIN, left_s, left_s),
        venue=venue,
        breaks=breaks,
        meaning=table.text("meaning", _LINE, _LINE_WORDS, _words(breaks)),
    )


def _breaks(table: _Table, venue: str) -> Rule | WireRule:
    if ("fault" in table) is ("wire" in table):
        raise table.wrong("fault", "a fault or a wire, one of them in each step")
    if "wire" in table:
        return table.rule("wire", parse_wire_rule)
    names = VENUES if venue == EVERY else (venue,)
    known = Known(_rows_of(venue), {name: endpoint_names(name) for name in names})
    return table.rule("fault", lambda given: parse_rule(given, known))


def _rows_of(venue: str) -> Rows:
    """The recorded answers that a step may name: at every venue, those that all of them have."""
    if venue != EVERY:
        return recorded(venue)
    first, *others = (recorded(name) for name in VENUES)
    shared = [name for name in first if all(name in rows for rows in others)]
    return {name: min((rows[name] for rows in (first, *others)), key=len) for name in shared}


def _words(breaks: Rule | WireRule) -> str:
    shown = show_wire_rule(breaks) if isinstance(breaks, WireRule) else show_rule(breaks)
    told = [unit.format(shown[name]) for name, unit in _TOLD.items() if shown.get(name) is not None]
    return " ".join([shown["action"], *told, "on", shown["match"] or "everything"])
