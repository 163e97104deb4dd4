"""
Owns the control of a practice server: its truth, its fault rules, and the paths to both.

The rules of the wire are the proxy's; their paths are here, so that one address breaks everything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from aiohttp import web

from switchgear.practice.sim.faults import Refuse
from switchgear.practice.sim.json_text import NotJsonError, read_json
from switchgear.practice.sim.rules import RuleError, parse_rules, show_rule

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from switchgear.practice.sim.faults import Rule
    from switchgear.practice.sim.practice import Practice
    from switchgear.practice.sim.proxy import Proxy
    from switchgear.practice.sim.refusals import Refusals

PREFIX = "/_sim/"
_PATHS = ", ".join(PREFIX + name for name in ("state", "faults", "wire", "rows", "credentials"))


class _Book(NamedTuple):
    """Rules of one sort, as their paths work them."""

    show: Callable[[], dict[str, Any]]
    ids: Callable[[], Collection[int]]
    add: Callable[[object], list[int]]
    remove: Callable[[int], bool]
    clear: Callable[[], None]


class Control:
    """
    What an outsider may see and change.

    refusals work the venue's door; proxy gives the one before the venue, once it runs.
    """

    def __init__(
        self,
        practice: Practice,
        refusals: Refusals,
        proxy: Callable[[], Proxy],
    ) -> None:
        self._practice = practice
        self._refusals = refusals
        self._proxy = proxy
        self._faults = _Book(
            lambda: {"faults": self.faults()},
            practice.script.rules.keys,
            self.add_faults,
            self.remove_fault,
            self.clear_faults,
        )
        self.asking: set[object] = set()
        """Transports of control requests under way; a refusal lets their answers out."""

    def state(self) -> dict[str, Any]:
        """The truth: orders with executions, balances, counts, faults fired, lost answers, the wire."""
        return self._practice.state() | {"wire": self._proxy().state()}

    def faults(self) -> list[dict[str, Any]]:
        """The rules in force, each with its id and how often it was asked and fired."""
        return [
            {"id": armed.rule_id, "seen": armed.seen, "fired": armed.fired} | show_rule(armed.rule)
            for armed in self._practice.script.rules.values()
        ]

    def add_faults(self, given: object) -> list[int]:
        """Put one rule or a list in force; their ids. Raises RuleError, and then adds none."""
        return [self._add(rule) for rule in parse_rules(given, self._practice.known)]

    def _add(self, rule: Rule) -> int:
        rule_id = self._practice.script.add(rule)
        if isinstance(rule.action, Refuse) and rule.match is None:
            self._refusals.begin(rule_id, rule.action.duration_s)
        return rule_id

    def remove_fault(self, rule_id: int) -> bool:
        """Take one rule away, with the refusal that it began if any; False when unknown."""
        self._refusals.end(rule_id)
        return self._practice.script.remove(rule_id)

    def clear_faults(self) -> None:
        """Take all rules away, and listen again."""
        self._practice.script.clear()
        self._refusals.clear()

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Answer one request under PREFIX."""
        self.asking.add(request.transport)
        try:
            return await self._route(request)
        finally:
            self.asking.discard(request.transport)

    async def _route(self, request: web.BaseRequest) -> web.Response:
        venue = self._practice.venue
        match request.method, request.path.removeprefix(PREFIX).partition("/"):
            case "GET", ("state", "", _):
                return _json(self.state())
            case "GET", ("rows", "", _):
                return _json({"venue": venue.name, "names": list(self._practice.rows)})
            case "GET", ("credentials", "", _):
                return _json(dict(venue.credentials))
            case _, ("faults", _, _):
                return await _work(self._faults, request)
            case _, ("wire", _, _):
                return await _work(self._wire(), request)
            case _:
                return _no_path(request)

    def _wire(self) -> _Book:
        proxy = self._proxy()
        return _Book(
            proxy.state,
            lambda: [rule["id"] for rule in proxy.state()["rules"]],
            proxy.add,
            proxy.remove,
            proxy.clear,
        )


async def _work(book: _Book, request: web.BaseRequest) -> web.Response:
    """Show, add to or take from rules, as the method and the rest of the path say."""
    _, slash, rule_id = request.path.removeprefix(PREFIX).partition("/")
    match request.method, bool(slash):
        case "GET", False:
            return _json(book.show())
        case "POST", False:
            return _add(book, await request.read())
        case "DELETE", False:
            book.clear()
            return _json({})
        case "DELETE", True:
            return _remove(book, rule_id)
        case _, True:
            return _no_path(request) if request.method == "GET" else _no_method(request, "DELETE")
        case _:
            return _no_method(request, "GET, POST, DELETE")


def _add(book: _Book, body: bytes) -> web.Response:
    try:
        given: object = read_json(body, object)
    except NotJsonError as error:
        return _wrong("body", body[:200].decode("utf-8", "replace"), f"JSON; {error}")
    try:
        return _json({"ids": book.add(given)})
    except RuleError as error:
        return _wrong(error.field, error.value, error.allowed)


def _remove(book: _Book, text: str) -> web.Response:
    if text.isdecimal() and text.isascii() and book.remove(int(text)):
        return _json({})
    ids = ", ".join(str(rule_id) for rule_id in book.ids())
    return _wrong("id", text, ids or "there are no rules", 404)


def _no_path(request: web.BaseRequest) -> web.Response:
    return _wrong("path", request.path, _PATHS, 404)


def _no_method(request: web.BaseRequest, allowed: str) -> web.Response:
    answer = _wrong("method", request.method, allowed, 405)
    answer.headers["Allow"] = allowed
    return answer


def _json(payload: Any, status: int = 200) -> web.Response:
    body = msgspec.json.encode(payload)
    response = web.Response(body=body, status=status, content_type="application/json")
    response.force_close()  # a kept connection would outlive the door that a refusal shuts
    return response


def _wrong(field: str, value: object, allowed: str, status: int = 400) -> web.Response:
    shown = value if isinstance(value, str | int | float | bool | None) else repr(value)
    return _json({"error": {"field": field, "value": shown, "allowed": allowed}}, status)
