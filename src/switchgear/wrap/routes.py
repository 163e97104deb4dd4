"""Owns under which key a request is filed: its host and its route, so that a thousand orders are one method."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from switchgear.core.errors import SettingsError
from switchgear.core.words import NAME_CHARS_MAX, fold

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUTES_MAX = 128
"""Routes of one host that have a key of their own; what comes later is filed under `get_other` and the like."""
PARTS_MAX = 4
"""Parts of a path that tell one route from another, where no template fits."""

_KNOWN_MAX = 1_024

_VENUES = {
    "binance.com": "binance",
    "binance.vision": "binance",
    "alpaca.markets": "alpaca",
    "coinbase.com": "coinbase",
}
"""Exchanges whose limits and codes are known, by the end of their hosts."""
_ID = re.compile(r"[0-9]+|[0-9a-f]{8}-[0-9a-f-]{27}|(?=[^0-9]*[0-9])[0-9A-Za-z_-]{16,}|.{33,}")
"""A part of a path that names one thing among many: a number, a UUID, a long word with digits."""
_SYMBOL = re.compile(r"[A-Z0-9]{2,}(?:[-_/:.]?[A-Z0-9]+)*")
"""Or one market: BTCUSDT, BTC-USD."""
_PLACE = re.compile(r"\{[^{}/]*\}")
_UNFIT = re.compile(r"[^a-z0-9]+")


class Routes:
    """The keys of one client's requests."""

    def __init__(self, exchange: str | None, templates: Sequence[str]) -> None:
        """
        Begin with no route met.

        Raises:
            SettingsError: A template is no path.
            KeyNameError: The exchange's name cannot be.
        """
        self._exchange = None if exchange is None else fold("exchange", exchange)
        self._templates = [(_pattern(each), _PLACE.sub("id", each)) for each in templates]
        self._met: dict[str, set[str]] = {}
        self._known: dict[tuple[str, str, str], tuple[str, str]] = {}

    def of(self, verb: str, host: str, path: str) -> tuple[str, str]:
        """The exchange and the method of a request; both are names that a key may have."""
        address = (verb, host, path)
        found = self._known.get(address)
        if found is None:
            found = self._found(verb, host, path)
            if len(self._known) >= _KNOWN_MAX:
                self._known.clear()  # ids in paths make addresses without end
            self._known[address] = found
        return found

    def _found(self, verb: str, host: str, path: str) -> tuple[str, str]:
        exchange = self._exchange or _exchange_of(host)
        name = self._named(verb.lower(), path)
        met = self._met.setdefault(exchange, set())
        if name not in met:
            if len(met) >= ROUTES_MAX:
                return exchange, f"{_word(verb)}_other"
            met.add(name)
        return exchange, name

    def _named(self, verb: str, path: str) -> str:
        route = next((shown for fits, shown in self._templates if fits.fullmatch(path)), None)
        if route is None:
            parts = [part for part in path.split("/") if part][:PARTS_MAX]
            route = "/".join("id" if _varies(part) else part for part in parts)
        words = [_word(verb), *(_word(part) for part in route.split("/"))]
        return "_".join(word for word in words if word)[:NAME_CHARS_MAX].rstrip("_")


def _pattern(template: str) -> re.Pattern[str]:
    if not template.startswith("/"):
        raise SettingsError(
            "routes", template, "must be paths that begin with /, with {} where they vary"
        )
    ends = _PLACE.split(template)
    return re.compile("[^/]+".join(re.escape(end) for end in ends))


def _exchange_of(host: str) -> str:
    plain = host.lower().strip("[]").rstrip(".")
    for end, exchange in _VENUES.items():
        if plain == end or plain.endswith(f".{end}"):
            return exchange
    kept = "".join(each if each.isalnum() or each in ".-:" else "_" for each in plain)
    name = kept.encode("ascii", "ignore").decode().lstrip(".-:_")[:NAME_CHARS_MAX]
    return name or "unknown"


def _varies(part: str) -> bool:
    return bool(_ID.fullmatch(part) or _SYMBOL.fullmatch(part))


def _word(part: str) -> str:
    return _UNFIT.sub("_", part.lower()).strip("_")
