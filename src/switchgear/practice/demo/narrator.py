"""Owns what the demo says: the address, a line for each act, the table at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from switchgear.practice.demo.facts import CLOSED, GATE, OPENED, named
from switchgear.practice.demo.orders import Outcome

if TYPE_CHECKING:
    from collections import Counter
    from contextlib import AbstractContextManager

    from switchgear.practice.demo.agent import Seen
    from switchgear.practice.demo.summary import Summary

_PLAIN_WIDTH = 200
"""Into a file or a pipe nothing is broken into lines."""


class Narrator:
    """Says what happens; plain lines where nobody looks at a terminal."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        if not self._console.is_terminal:
            self._console.width = _PLAIN_WIDTH

    def opening(self, url: str, history: str, control_url: str) -> None:
        """Where to look, before anything happens."""
        self._say("switchgear demo: ", (f"{url}/api-logs", "bold cyan"), f" and {url}/circuits")
        self._say(
            (
                f"history in {history}; the practice exchange's truth: {control_url}/_sim/state",
                "dim",
            )
        )

    def act(self, breaks: str) -> AbstractContextManager[object]:
        """While an act lasts, on a terminal: what breaks."""
        return self._console.status(f"{breaks} ...")

    def told(
        self, at_s: float, breaks: str, facts: Counter[str], seen: Seen, orders: Counter[str]
    ) -> None:
        """
        One line for an act that is over: what broke, what switchgear did, what the trader saw.

        Args:
            at_s: Seconds since the demo began.
            breaks: In words.
            facts: Events of this act.
            seen: What the agent saw in it.
            orders: Orders of this act by outcome.
        """
        self._say(
            (f"{at_s:6.1f} s  ", "dim"),
            (breaks, "bold"),
            " -> ",
            (did(facts, orders), "yellow"),
            " -> ",
            (saw(seen, orders), "green"),
        )

    def ending(self, summary: Summary) -> None:
        """The table of sums, and what does not add up."""
        table = Table.grid(padding=(0, 2))
        for label, value in rows(summary):
            table.add_row(Text(label, "dim"), value)
        self._console.print()
        self._console.print(table)
        for fault in summary.faults:
            self._say((f"WRONG: {fault}", "bold red"))

    def _say(self, *parts: str | tuple[str, str]) -> None:
        self._console.print(Text.assemble(*parts), soft_wrap=True)


def did(facts: Counter[str], orders: Counter[str]) -> str:
    """What switchgear did, in few words."""
    asked = orders[Outcome.FOUND.value] + orders[Outcome.ABSENT.value]
    opened, closed, gates = (named(facts, part) for part in (OPENED, CLOSED, GATE))
    words = [
        f"{facts['slow']} noted as slow" if facts["slow"] else "",
        f"retried {facts['retries']}x" if facts["retries"] else "",
        f"opened {_listed(opened)}" if opened else "",
        f"closed the gate ({', '.join(gates)})" if gates else "",
        f"held back {facts['rejected']} calls" if facts["rejected"] else "",
        f"a probe closed {'each' if closed.keys() == opened.keys() else _listed(closed)}"
        if closed
        else "",
        f"sent none again, looked {asked} up" if asked else "",
        "passed the refusals on" if orders[Outcome.REFUSED.value] else "",
    ]
    return ", ".join(word for word in words if word) or "let everything through"


def _listed(circuits: dict[str, int]) -> str:
    """Their names, or how many when they are many."""
    return ", ".join(circuits) if len(circuits) < 3 else f"{len(circuits)} circuits"


def saw(seen: Seen, orders: Counter[str]) -> str:
    """What the trader saw, in few words."""
    age = f" (to {seen.oldest_s:.1f} s old)" if seen.oldest_s else ""
    live = seen.values["primary"]
    words = [f"{live} values live"] if live else []
    words += [
        f"{number} from {source}{age if source == 'last_good' else ''}"
        for source, number in sorted(seen.values.items())
        if source != "primary"
    ]
    words += [f"{seen.without} without a value"] if seen.without else []
    counted = [f"{orders[each.value]} {each.value}" for each in Outcome if orders[each.value] > 0]
    words += [f"orders: {', '.join(counted)}"] if counted else []
    return ", ".join(words)


def rows(summary: Summary) -> list[tuple[str, str]]:
    """The lines of the table, label and value."""
    calls, orders = summary.calls, summary.orders
    became = f"{calls.succeeded} succeeded + {calls.failed} failed + {calls.other} other"
    known = f"{orders.found} found + {orders.refused} refused + {orders.unknown} unknown"
    sources = ", ".join(f"{name} {number}" for name, number in calls.by_source.items())
    return [
        ("calls", f"{calls.total} = {became}"),
        ("attempts", f"{calls.attempts}, {calls.retried} of them retries"),
        ("failures", f"{calls.failed}"),
        ("rejections", f"{calls.rejected} calls not made"),
        ("fallbacks", f"{calls.served}: {sources or 'none'}"),
        ("circuits", f"{calls.opened} opened, {calls.closed} closed"),
        ("orders sent", f"{orders.sent} = {known}"),
        ("orders not sent", f"{orders.unsent}"),
        ("orders cancelled", f"{orders.cancelled} of the found"),
        ("lost answers", f"{orders.lost}, {orders.matched} looked up and matched"),
        ("duplicates", f"{orders.duplicates}"),
    ]
