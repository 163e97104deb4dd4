"""Owns the JSON form of fault rules: reading it strictly, and writing it back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NoReturn, cast

from switchgear.practice.sim.faults import (
    EVERYTHING_OF_THE_VENUE,
    KINDS,
    Action,
    Answer,
    ClockSkew,
    Cut,
    Delay,
    Html,
    KeyRevoked,
    Refuse,
    ResetAfter,
    ResetBefore,
    Row,
    Rule,
    Unseen,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

Rows = Mapping[str, Sequence[object]]
"""The recorded answers of a venue by name; how many each has is all that a rule asks."""
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE")
_KEPT_HEADERS = {"content-length", "transfer-encoding", "connection"}
_COMMON = ("match", "action", "probability", "count", "after")
_SPAN_S_MAX = 86_400
_COUNT_MAX = 1_000_000_000
_CODE_MAX = 99_999_999
_SKEW_MS_MAX = 1_000 * _SPAN_S_MAX


class RuleError(ValueError):
    """A rule that cannot be: it names the field, the value and what is allowed."""

    def __init__(self, field: str, value: object, allowed: str) -> None:
        super().__init__(f"{field} is {value!r}; allowed: {allowed}")
        self.field = field
        self.value = value
        self.allowed = allowed


def no_such_field(name: str, value: object, names: Iterable[str]) -> RuleError:
    """The error of a field that there is not, which names those that there are."""
    return RuleError(name, value, f"nothing: there is no such field, only {', '.join(names)}")


@dataclass(frozen=True, slots=True)
class Known:
    """What there is for a rule to name."""

    rows: Rows = field(default_factory=dict[str, Sequence[object]])
    endpoints: Mapping[str, Collection[str]] = field(default_factory=dict[str, "Collection[str]"])
    """By venue, the names of endpoints; a rule is for all these venues, and has to fit each of them."""


_NOTHING = Known()


def parse_rules(given: object, known: Known = _NOTHING) -> list[Rule]:
    """One rule or a list of them; nothing is taken when one is wrong. Raises as parse_rule."""
    if not isinstance(given, list):
        return [parse_rule(given, known)]
    rules = cast("list[object]", given)  # a list proves no more
    return [parse_rule(each, known) for each in rules]


def parse_rule(given: object, known: Known = _NOTHING) -> Rule:
    """
    The rule that this JSON object describes, or this Rule itself.

    Args:
        given: The rule.
        known: What it may name.

    Raises:
        RuleError: It cannot be.
    """
    if isinstance(given, Rule):
        return parse_rule(show_rule(given), known)  # built in code, it keeps the same bounds
    if not isinstance(given, dict):
        raise RuleError("rule", given, "a JSON object")
    sent = cast("dict[str, Any]", given)  # it comes from JSON, so its names are text
    kind = sent.get("action")
    if not isinstance(kind, str) or kind not in _ACTIONS:
        raise RuleError("action", kind, ", ".join(_ACTIONS))
    build, names = _ACTIONS[kind]
    for name in sent.keys() - {*_COMMON, *names}:
        raise no_such_field(name, sent[name], (*_COMMON, *names))
    if kind == KINDS[Row]:
        _check_row(sent, known.rows)
    return Rule(
        action=build(sent),
        match=_match(sent, kind, known),
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


def check_path_glob(value: str) -> None:
    """Raises RuleError when no request can fit this method and path glob."""
    first, _, path = value.rpartition(" ")
    method = first.strip()
    if method and not any(fnmatchcase(each, method) for each in _METHODS):
        raise RuleError("match", value, f"before the path one of {', '.join(_METHODS)}, or a glob")
    if path[0] not in "/*?[":
        raise RuleError("match", value, "a path that begins with /, or a glob")


def _check_name_glob(value: str, known: Known) -> None:
    for venue, names in known.endpoints.items():
        if not any(fnmatchcase(name, value) for name in names):
            there_are = ", ".join(sorted(names))
            allowed = (
                f"a 'METHOD /path' glob, {EVERYTHING_OF_THE_VENUE}, or a name or glob of"
                f" names at {venue}: {there_are}"
            )
            raise RuleError("match", value, allowed)


def _match(sent: Mapping[str, Any], kind: str, known: Known) -> str | None:
    if "match" not in sent or sent["match"] is None:
        return None if kind == "refuse" else "*"
    value = sent["match"]
    if not isinstance(value, str) or not 1 <= len(value) <= 200 or not value.isprintable():
        raise RuleError(
            "match", value, "an endpoint name or a 'METHOD /path' glob, 1 to 200 letters"
        )
    if "/" in value:
        check_path_glob(value)
    elif value != EVERYTHING_OF_THE_VENUE:
        _check_name_glob(value, known)
    return value


def _answer(sent: Mapping[str, Any]) -> Action:
    return Answer(
        status=_whole(sent, "status", 200, 599),
        code=_code(sent.get("code")),
        msg=_text(sent, "msg"),
        retry_after_s=_retry_after_s(sent),
        headers=_headers(sent.get("headers", {})),
        booked=_flag(sent, "booked"),
    )


def _code(value: object) -> int | str | None:
    if value is None:
        return None
    if isinstance(value, str) and 1 <= len(value) <= 200 and value.isprintable():
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _CODE_MAX:
        return value
    allowed = f"a whole number from -{_CODE_MAX} to {_CODE_MAX}, or a word of 1 to 200 letters"
    raise RuleError("code", value, allowed)


def _row(sent: Mapping[str, Any]) -> Action:
    return Row(sent["row"], sent.get("variant"), _retry_after_s(sent), _flag(sent, "booked"))


def _check_row(sent: Mapping[str, Any], rows: Rows) -> None:
    name = sent.get("row")
    if not isinstance(name, str) or name not in rows:
        raise RuleError("row", name, ", ".join(sorted(rows)) or "none is recorded here")
    if sent.get("variant") is not None:
        _whole(sent, "variant", 1, len(rows[name]))


def _retry_after_s(sent: Mapping[str, Any]) -> int | None:
    if sent.get("retry_after_s") is None:
        return None
    return _whole(sent, "retry_after_s", 0, 3 * _SPAN_S_MAX)


def _html(sent: Mapping[str, Any]) -> Action:
    return Html(_whole(sent, "status", 200, 599))


def _delay(sent: Mapping[str, Any]) -> Action:
    when = sent.get("when", "after")
    if when not in {"before", "after"}:
        raise RuleError("when", when, "before, after")
    return Delay(_number(sent, "delay_s", 0, _SPAN_S_MAX), before=when == "before")


def _refuse(sent: Mapping[str, Any]) -> Action:
    return Refuse(_number(sent, "duration_s", 0, _SPAN_S_MAX))


def _clock_skew(sent: Mapping[str, Any]) -> Action:
    return ClockSkew(_whole(sent, "skew_ms", -_SKEW_MS_MAX, _SKEW_MS_MAX))


def _unseen(sent: Mapping[str, Any]) -> Action:
    return Unseen(_number(sent, "for_s", 0, _SPAN_S_MAX))


_ACTIONS: dict[str, tuple[Callable[[Mapping[str, Any]], Action], tuple[str, ...]]] = {
    "answer": (_answer, ("status", "code", "msg", "retry_after_s", "headers", "booked")),
    "row": (_row, ("row", "variant", "retry_after_s", "booked")),
    "html": (_html, ("status",)),
    "delay": (_delay, ("delay_s", "when")),
    "refuse": (_refuse, ("duration_s",)),
    "reset_before": (lambda _: ResetBefore(), ()),
    "reset_after": (lambda _: ResetAfter(), ()),
    "cut": (lambda _: Cut(), ()),
    "clock_skew": (_clock_skew, ("skew_ms",)),
    "key_revoked": (lambda _: KeyRevoked(), ()),
    "unseen": (_unseen, ("for_s",)),
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
