"""Owns what the headers of an answer tell of a limit: used, left, size, end; who is held back is the policy's."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from switchgear.core.verdict.wait import EPOCH_S_MIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

DAY_S = 86_400.0
"""The longest period of a limit that is believed; nobody is held back for longer."""

NUMBER_MAX = 1e9
"""A larger number of requests or weights is no limit of anybody: it says nothing."""

USAGES_MAX = 8
"""So many limits are read from one answer."""

_NAME_CHARS_MAX = 64
_VALUE_CHARS_MAX = 256
_EPOCH_MS_MIN = EPOCH_S_MIN * 100
"""From here on an instant is in milliseconds: in seconds it would lie after the year 5000."""

_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?", re.ASCII)
_MBX = re.compile(r"x-mbx-(used-weight|order-count)-([0-9]{1,4})([smhd])", re.ASCII)
_LETTERS_S = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": DAY_S}
_PAIR = re.compile(r'\s*([a-z0-9_*-]{1,32})\s*=\s*"?([^",;]{0,64}?)"?\s*', re.ASCII)
_DATE = re.compile(
    r"[A-Z][a-z]{2}, ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT",
    re.ASCII,
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Family(StrEnum):
    """Which headers tell of a limit, and so what it counts."""

    WEIGHT = "weight"
    """X-MBX-USED-WEIGHT-…"""
    ORDERS = "orders"
    """X-MBX-ORDER-COUNT-…"""
    REQUESTS = "requests"
    """X-RateLimit-…, RateLimit-…, RateLimit."""


class Usage(NamedTuple):
    """What one answer tells of one limit; None for what it does not tell."""

    family: Family
    period_s: float | None = None
    """How long its window is, in (0, DAY_S]."""
    used: float | None = None
    """In [0, NUMBER_MAX], the request that was answered among it."""
    remaining: float | None = None
    """In [0, NUMBER_MAX]."""
    capacity: float | None = None
    """In [1, NUMBER_MAX]."""
    reset_s: float | None = None
    """Seconds from the answer until the window ends at the latest, in [0, DAY_S]."""
    slack_s: float = 0.0
    """It may end so much earlier: whole seconds are rounded nobody says how."""
    by_wall: bool = False
    """reset_s was told as an instant and is by our own clock, which may be wrong."""
    retry_s: float | None = None
    """Seconds until the exchange wants to hear from us, in [0, DAY_S]: where all is used, the window ends then."""

    def used_of(self, capacity: float) -> float | None:
        """What is used of a limit of this size, unless the answer tells its own; None when it tells nothing."""
        if self.used is not None:
            return self.used
        if self.remaining is None:
            return None
        return max(0.0, (self.capacity or capacity) - self.remaining)


class Told(NamedTuple):
    """All that the headers of one answer tell of limits and of the exchange's own clock."""

    usages: tuple[Usage, ...] = ()
    date_s: float | None = None
    """The exchange's clock in whole seconds since 1970; None where it is not told, or the answer is an old one."""


NOTHING = Told()


def told(headers: Mapping[str, str], wall: Callable[[], datetime]) -> Told:
    """
    What an answer's headers tell; what cannot be read, or cannot be, is as if it were not there.

    Never raises, whatever the names and values are. Where RateLimit and X-RateLimit stand side by
    side, the more exact form counts.

    Args:
        headers: As received, in any case.
        wall: The time in UTC, asked only for an end told as an instant by an answer without a Date.
    """
    found: list[Usage] = []
    plain: dict[str, str] = {}
    for name, value in cast("Mapping[Any, Any]", headers).items():  # callers are not all typed
        # What has no hash is no name, and must not raise here.
        means = _known.get(name, "") if isinstance(name, str) else None
        if means == "":
            means = _learnt(name)
        if means is None or not isinstance(value, str):
            continue
        if isinstance(means, str):
            plain[means] = value[:_VALUE_CHARS_MAX]
        elif (used := number(value)) is not None and len(found) < USAGES_MAX:
            found.append(Usage(*means, used))
    date = plain.pop("date", "")
    is_old = plain.pop("age", None) is not None
    date_s = None if is_old or not date else date_of(date)
    retry_s = number(plain.pop("retry-after", ""))
    if plain:
        found += _requests(plain, date_s, wall)
    if retry_s is not None and retry_s <= DAY_S:
        found = [each._replace(retry_s=retry_s) for each in found]
    return Told(tuple(found[:USAGES_MAX]), date_s) if found or date_s is not None else NOTHING


_known: dict[str, tuple[Family, float] | str | None] = {}
"""What headers of the names met so far tell: most tell nothing, and every answer has the same dozen."""
_KNOWN_MAX = 512


def _learnt(name: str) -> tuple[Family, float] | str | None:
    """What a header tells whose name was not met yet; long names are none of ours, and are not kept."""
    if len(name) > _NAME_CHARS_MAX:
        return None
    if len(_known) >= _KNOWN_MAX:
        _known.clear()
    _known[name] = found = _meaning(name)
    return found


def _meaning(name: str) -> tuple[Family, float] | str | None:
    """What a header of this name tells: of which limit of Binance's kind, or its plain name; None for all others."""
    lower = name.lower()
    if lower.startswith("x-mbx-"):
        match = _MBX.fullmatch(lower)
        period_s = int(match[2]) * _LETTERS_S[match[3]] if match else 0.0
        if match is None or not 0 < period_s <= DAY_S:
            return None
        return (Family.WEIGHT if match[1] == "used-weight" else Family.ORDERS), period_s
    if lower in {"date", "age", "retry-after"}:
        return lower
    plain = lower.replace("rate-limit", "ratelimit")
    return plain if plain.removeprefix("x-").startswith("ratelimit") else None


def _requests(
    plain: dict[str, str], date_s: float | None, wall: Callable[[], datetime]
) -> list[Usage]:
    """The usages of the most exact form that says how much is used or left."""
    usages = list(_structured(plain))
    for prefix in ("ratelimit-", "x-ratelimit-"):
        if not usages:
            usages = list(_simple(plain, prefix, date_s, wall))
    return usages


def _simple(
    plain: dict[str, str], prefix: str, date_s: float | None, wall: Callable[[], datetime]
) -> Iterator[Usage]:
    """Limit, Remaining and Reset as headers of their own; the first may be `100, 100;w=60`."""
    size = plain.get(f"{prefix}limit", "")
    first, _, rest = size.partition(",")
    capacity = number(first.partition(";")[0])
    remaining, used = number(plain.get(f"{prefix}remaining")), number(plain.get(f"{prefix}used"))
    # Less than nothing left, or more left than there is, is no answer at all.
    if (remaining is None and used is None) or _is_odd(capacity, remaining):
        return
    period_s = _window_s(rest or first, capacity) or _window_s(
        plain.get("ratelimit-policy", ""), capacity
    )
    reset = _reset(plain.get(f"{prefix}reset", "").strip(), date_s, wall)
    if reset is not None:
        yield Usage(Family.REQUESTS, period_s, used, remaining, capacity, *reset)


def _structured(plain: dict[str, str]) -> Iterator[Usage]:
    """`RateLimit: "name";r=50;t=30` with its policies, and the older `limit=100, remaining=50, reset=5`."""
    text = plain.get("ratelimit", "")
    if not text:
        return
    policies = dict(_items(plain.get("ratelimit-policy", "")))
    items = list(_items(text))
    flat = {key: value for _, each in items for key, value in each.items()}
    if "remaining" in flat:
        items = [
            ("", {"r": flat["remaining"], "t": flat.get("reset", ""), "q": flat.get("limit", "")})
        ]
    for name, each in items:
        policy = policies.get(name, {})
        remaining = number(each.get("r"))
        capacity = number(each.get("q") or policy.get("q"))
        if (
            remaining is None
            or _is_odd(capacity, remaining)
            or policy.get("qu", "requests") != "requests"
        ):
            continue
        wait_s = number(each.get("t"))
        if wait_s is not None and wait_s > DAY_S:
            continue
        period_s = _period(policy.get("w"))
        reset = (None, 0.0) if wait_s is None else (min(wait_s + 1, DAY_S), 2.0)
        yield Usage(Family.REQUESTS, period_s, None, remaining, capacity, *reset)


def _items(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The items of a list with their parameters: `"a";q=1;w=2, "b";q=3`; in `limit=1, remaining=2` without a name."""
    for item in text.split(",")[:USAGES_MAX]:
        name, *params = item.split(";")[:USAGES_MAX]
        pairs = [match for each in params if (match := _PAIR.fullmatch(each))]
        if own := _PAIR.fullmatch(name):
            pairs.append(own)
            name = ""
        yield name.strip().strip('"'), {match[1]: match[2] for match in pairs}


def _window_s(text: str, capacity: float | None) -> float | None:
    """The length of the window whose size is capacity, in a list such as `10;w=1, 100;w=60`."""
    for name, each in _items(text):
        size = number(each.get("q")) or number(name)
        if size == capacity and "w" in each:
            return _period(each["w"])
    return None


def _period(text: str | None) -> float | None:
    period_s = number(text)
    return period_s if period_s is not None and 0 < period_s <= DAY_S else None


def _is_odd(capacity: float | None, remaining: float | None) -> bool:
    if capacity is None:
        return False
    return capacity < 1 or (remaining is not None and remaining > capacity)


def _reset(
    text: str, date_s: float | None, wall: Callable[[], datetime]
) -> tuple[float | None, float, bool] | None:
    """
    Seconds until the end at the latest, how much earlier it may be, and whether our clock was asked.

    None for an end that no limit has: then the rest of it is of none that is held here either.
    """
    if not _NUMBER.fullmatch(text):
        return None, 0.0, False
    said = float(text)
    if said <= DAY_S:
        return (said, 0.0, False) if "." in text else (min(said + 1, DAY_S), 2.0, False)
    if said < EPOCH_S_MIN:
        return None
    at_s = said / 1000 if said >= _EPOCH_MS_MIN else said
    if date_s is None:
        left_s = at_s - wall().timestamp()
        return max(0.0, left_s) if left_s <= DAY_S else None, 0.0, True
    # By the exchange's own clock, which it tells in whole seconds: ours may be wrong.
    left_s = at_s - date_s
    return (max(0.0, left_s), 1.0, False) if left_s <= DAY_S else None


def number(value: str | None) -> float | None:
    """A number in [0, NUMBER_MAX] as it is written in a header; None for anything else."""
    if not value or len(value) > _VALUE_CHARS_MAX:
        return None
    text = value.strip()
    if not _NUMBER.fullmatch(text):
        return None
    found = float(text)
    return found if found <= NUMBER_MAX else None


@lru_cache(maxsize=64)
def date_of(value: str) -> float | None:
    """Seconds since 1970 of a Date header; None for what is none."""
    from datetime import UTC, datetime  # here: a program without exchanges meets no date

    match = _DATE.fullmatch(value.strip())
    if match is None or match[2] not in _MONTHS:
        return None
    day, month, *rest = match.groups()
    year, hour, minute, second = (int(each) for each in rest)
    try:
        at = datetime(year, _MONTHS.index(month) + 1, int(day), hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return at.timestamp()
