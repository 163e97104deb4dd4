"""Owns the JSON form of fault rules: reading it strictly, and writing it back."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import TYPE_CHECKING, Any, NoReturn, cast

from switchgear.practice.sim.faults import (
    KINDS,
    Action,
    Answer,
    Cut,
    Delay,
    Html,
    Refuse,
    ResetAfter,
    ResetBefore,
    Rule,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_KEPT_HEADERS = {"content-length", "transfer-encoding", "connection"}
_COMMON = ("match", "action", "probability", "count", "after")
_SPAN_S_MAX = 86_400
_COUNT_MAX = 1_000_000_000


class RuleError(ValueError):
    """A rule that cannot be: it names the field, the value and what is allowed."""

    def __init__(self, field: str, value: object, allowed: str) -> None:
        super().__init__(f"{field} is {value!r}; allowed: {allowed}")
        self.field = field
        self.value = value
        self.allowed = allowed


def parse_rules(given: object) -> list[Rule]:
    """One rule or a list of them; nothing is taken when one is wrong. Raises RuleError."""
    if not isinstance(given, list):
        return [parse_rule(given)]
    return [parse_rule(each) for each in cast("list[object]", given)]  # a list proves no more


def parse_rule(given: object) -> Rule:
    """The rule that this JSON object describes, or this Rule itself. Raises RuleError."""
    if isinstance(given, Rule):
        return parse_rule(show_rule(given))  # built in code, it keeps the same bounds
    if not isinstance(given, dict):
        raise RuleError("rule", given, "a JSON object")
    sent = cast("dict[str, Any]", given)  # it comes from JSON, so its names are text
    kind = sent.get("action")
    if not isinstance(kind, str) or kind not in _ACTIONS:
        raise RuleError("action", kind, ", ".join(_ACTIONS))
    build, names = _ACTIONS[kind]
    for name in sent.keys() - {*_COMMON, *names}:
        raise RuleError(
            name, sent[name], f"no such field for {kind}; {', '.join((*_COMMON, *names))}"
        )
    return Rule(
        action=build(sent),
        match=_match(sent, kind),
        probability=_number(sent, "probability", 0, 1, 1.0),
        count=None if sent.get("count") is None else _whole(sent, "count", 1, _COUNT_MAX),
        after=_whole(sent, "after", 0, _COUNT_MAX, 0),
    )


def show_rule(rule: Rule) -> dict[str, Any]:
    """The rule as JSON, in the form that parse_rule reads."""
    shown: dict[str, Any] = {
        "match": rule.match,
        "action": KINDS[type(rule.action)],
        "probability": rule.probability,
        "count": rule.count,
        "after": rule.after,
    }
    for each in fields(rule.action):
        shown[each.name] = getattr(rule.action, each.name)
    if isinstance(rule.action, Delay):
        shown["when"] = "before" if shown.pop("before") else "after"
    return shown


def _match(sent: Mapping[str, Any], kind: str) -> str | None:
    if "match" not in sent or sent["match"] is None:
        return None if kind == "refuse" else "*"
    value = sent["match"]
    if not isinstance(value, str) or not 1 <= len(value) <= 200 or not value.isprintable():
        raise RuleError(
            "match", value, "an endpoint name or a 'METHOD /path' glob, 1 to 200 letters"
        )
    return value


def _answer(sent: Mapping[str, Any]) -> Action:
    return Answer(
        status=_whole(sent, "status", 200, 599),
        code=None if sent.get("code") is None else _whole(sent, "code", -99_999_999, 99_999_999),
        msg=_text(sent, "msg"),
        retry_after_s=(
            None
            if sent.get("retry_after_s") is None
            else _whole(sent, "retry_after_s", 0, 3 * _SPAN_S_MAX)
        ),
        headers=_headers(sent.get("headers", {})),
        booked=_flag(sent, "booked"),
    )


def _html(sent: Mapping[str, Any]) -> Action:
    return Html(_whole(sent, "status", 200, 599))


def _delay(sent: Mapping[str, Any]) -> Action:
    when = sent.get("when", "after")
    if when not in {"before", "after"}:
        raise RuleError("when", when, "before, after")
    return Delay(_number(sent, "delay_s", 0, _SPAN_S_MAX), before=when == "before")


def _refuse(sent: Mapping[str, Any]) -> Action:
    return Refuse(_number(sent, "duration_s", 0, _SPAN_S_MAX))


_ACTIONS: dict[str, tuple[Callable[[Mapping[str, Any]], Action], tuple[str, ...]]] = {
    "answer": (_answer, ("status", "code", "msg", "retry_after_s", "headers", "booked")),
    "html": (_html, ("status",)),
    "delay": (_delay, ("delay_s", "when")),
    "refuse": (_refuse, ("duration_s",)),
    "reset_before": (lambda _: ResetBefore(), ()),
    "reset_after": (lambda _: ResetAfter(), ()),
    "cut": (lambda _: Cut(), ()),
}


def _number(
    sent: Mapping[str, Any], field: str, least: float, most: float, default: float | None = None
) -> float:
    value = sent.get(field, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        _out_of_range(field, value, "a number", least, most)
    if not math.isfinite(value) or not least <= value <= most:
        _out_of_range(field, value, "a number", least, most)
    return float(value)


def _whole(
    sent: Mapping[str, Any], field: str, least: int, most: int, default: int | None = None
) -> int:
    value = sent.get(field, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        _out_of_range(field, value, "a whole number", least, most)
    return value


def _out_of_range(field: str, value: object, what: str, least: float, most: float) -> NoReturn:
    raise RuleError(field, value, f"{what} from {least} to {most}")


def _text(sent: Mapping[str, Any], field: str) -> str | None:
    value = sent.get(field)
    if value is not None and not isinstance(value, str):
        raise RuleError(field, value, "text")
    return value


def _flag(sent: Mapping[str, Any], field: str) -> bool:
    value = sent.get(field, False)
    if not isinstance(value, bool):
        raise RuleError(field, value, "true, false")
    return value


def _headers(value: object) -> dict[str, str]:
    allowed = "an object of header names and printable values; lengths are set by the venue"
    if not isinstance(value, dict):
        raise RuleError("headers", value, allowed)
    headers = cast("dict[object, object]", value)  # a dict proves no more
    for name, text in headers.items():
        if not (isinstance(name, str) and isinstance(text, str) and text.isprintable()):
            raise RuleError("headers", headers, allowed)
        if not name.replace("-", "").isalnum() or name.lower() in _KEPT_HEADERS:
            raise RuleError("headers", name, allowed)
    return cast("dict[str, str]", headers)  # proved above
