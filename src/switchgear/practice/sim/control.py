"""Owns the control of a practice server: its truth, its fault rules, and the paths to both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from switchgear.practice.sim.faults import Refuse
from switchgear.practice.sim.rules import RuleError, parse_rules, show_rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.practice.sim.faults import Rule
    from switchgear.practice.sim.practice import Practice

PREFIX = "/_sim/"
_STATE = "/_sim/state"
_FAULTS = "/_sim/faults"


class Control:
    """What an outsider may see and change; refuse and reopen work the venue's doors."""

    def __init__(
        self, practice: Practice, refuse: Callable[[float], None], reopen: Callable[[], None]
    ) -> None:
        self._practice = practice
        self._refuse = refuse
        self._reopen = reopen
        self.asking: set[object] = set()
        """Transports of control requests under way; a refusal lets their answers out."""

    def state(self) -> dict[str, Any]:
        """The truth: orders with executions, balances, counts, faults fired, lost answers."""
        return self._practice.state()

    def faults(self) -> list[dict[str, Any]]:
        """The rules in force, each with its id and how often it was asked and fired."""
        return [
            {"id": armed.rule_id, "seen": armed.seen, "fired": armed.fired} | show_rule(armed.rule)
            for armed in self._practice.script.rules.values()
        ]

    def add_faults(self, given: object) -> list[int]:
        """Put one rule or a list in force; their ids. Raises RuleError, and then adds none."""
        return [self._add(rule) for rule in parse_rules(given)]

    def _add(self, rule: Rule) -> int:
        script = self._practice.script
        if isinstance(rule.action, Refuse) and rule.match is None:
            script.count(rule.action)
            self._refuse(rule.action.duration_s)
        return script.add(rule)

    def remove_fault(self, rule_id: int) -> bool:
        """Take one rule away, and listen again when it was a refusal; False when unknown."""
        armed = self._practice.script.rules.get(rule_id)
        if armed is not None and isinstance(armed.rule.action, Refuse):
            self._reopen()
        return self._practice.script.remove(rule_id)

    def clear_faults(self) -> None:
        """Take all rules away, and listen again."""
        self._practice.script.clear()
        self._reopen()

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Answer one request under PREFIX."""
        self.asking.add(request.transport)
        try:
            return await self._route(request)
        finally:
            self.asking.discard(request.transport)

    async def _route(self, request: web.BaseRequest) -> web.Response:
        match request.method, request.path:
            case "GET", "/_sim/state":
                return _json(self.state())
            case "GET", "/_sim/faults":
                return _json({"faults": self.faults()})
            case "POST", "/_sim/faults":
                return self._post(await request.read())
            case "DELETE", "/_sim/faults":
                self.clear_faults()
                return _json({})
            case "DELETE", path if path.startswith(f"{_FAULTS}/"):
                return self._delete(path.removeprefix(f"{_FAULTS}/"))
            case _:
                return _wrong("path", request.path, f"{_STATE}, {_FAULTS}", 404)

    def _post(self, body: bytes) -> web.Response:
        try:
            given = msgspec.json.decode(body)
        except msgspec.MsgspecError as error:
            return _wrong("body", body[:200].decode("utf-8", "replace"), f"JSON; {error}")
        try:
            return _json({"ids": self.add_faults(given)})
        except RuleError as error:
            return _wrong(error.field, error.value, error.allowed)

    def _delete(self, text: str) -> web.Response:
        if text.isdecimal() and text.isascii() and self.remove_fault(int(text)):
            return _json({})
        ids = ", ".join(str(rule_id) for rule_id in self._practice.script.rules)
        return _wrong("id", text, ids or "there are no rules", 404)


def _json(payload: Any, status: int = 200) -> web.Response:
    body = msgspec.json.encode(payload)
    response = web.Response(body=body, status=status, content_type="application/json")
    response.force_close()  # a kept connection would outlive the door that a refusal shuts
    return response


def _wrong(field: str, value: object, allowed: str, status: int = 400) -> web.Response:
    shown = value if isinstance(value, str | int | float | bool | None) else repr(value)
    return _json({"error": {"field": field, "value": shown, "allowed": allowed}}, status)
