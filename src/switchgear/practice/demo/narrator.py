"""Owns what the demo says: the addresses, a line when something breaks or is mended, the table at the end."""

from __future__ import annotations

import re
from textwrap import shorten
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from switchgear.practice.demo.facts import CLOSED, GATE, OPENED, REOPENED, named
from switchgear.practice.demo.orders import Outcome

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from switchgear.exchange.together import Part, PortfolioOverAll
    from switchgear.practice.demo.agent import Seen
    from switchgear.practice.demo.stand import Span
    from switchgear.practice.demo.summary import Sums

_PLAIN_WIDTH = 200
"""Into a file or a pipe nothing is broken into lines."""
_PAGES = "pages /orders, /api-logs, /circuits"
_REASON_MAX = 120
_WRAPPING = re.compile(r"(?:[A-Z]\w+: )?[a-z_]+\.[a-z_]+(?: was not called)?: ")
"""What stands before the point: the class of an error, and the call; the line names the exchange itself."""


class Narrator:
    """Says what happens; plain lines where nobody looks at a terminal."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        if not self._console.is_terminal:
            self._console.width = _PLAIN_WIDTH

    def opening(self, url: str, files: Mapping[str, Path], truths: Mapping[str, str]) -> None:
        """
        Where to look, before anything happens.

        Args:
            url: Of the pages.
            files: What is kept, by what it is.
            truths: By venue, where it tells what it knows.
        """
        self._say("switchgear demo: ", (f"{url}/", "bold cyan"), f" and its {_PAGES}")
        kept = ", ".join(f"{what} in {path}" for what, path in files.items())
        told = ", ".join(f"{venue} {address}" for venue, address in truths.items())
        self._say((f"{kept}; what the venues know: {told}", "dim"))

    def breaks(self, at_s: float, venue: str, meaning: str) -> None:
        """Something begins to break at a venue; at_s is in seconds since the demo began."""
        self._line(at_s, venue, ("breaks   ", "red"), (meaning, "bold"))

    def told(self, at_s: float, venue: str, what: str, span: Span) -> None:
        """What switchgear did and the agent saw, in a span that is over."""
        self._line(
            at_s,
            venue,
            (f"{what} ", "bold"),
            "-> ",
            (did(span.facts, span.orders), "yellow"),
            " -> ",
            (saw(span.seen, span.orders), "green"),
        )

    def over_all(self, at_s: float, told: PortfolioOverAll) -> None:
        """The portfolio over all accounts, and who is not in it."""
        self._line(at_s, "all", ("portfolio  ", "cyan"), worth(told))

    def losing(self, at_s: float, error: str) -> None:
        """Records cannot be written from here on."""
        self._line(at_s, "all", ("history    ", "red"), f"records are being lost: {error}")

    def keeping(self, at_s: float, lost: int) -> None:
        """They can be again; so many were lost."""
        words = f"records are kept again, {lost} were lost"
        self._line(at_s, "all", ("history    ", "green"), words)

    def lost(self, number: int) -> None:
        """How many records are missing in the history; nothing when none is."""
        if number:
            self._say((f"LOST {number} records: they are not in the history", "bold red"))

    def ending(self, sums: Sequence[Sums]) -> None:
        """The table of sums, and what does not add up."""
        table = Table.grid(padding=(0, 2))
        for _ in range(len(sums) + 1):
            table.add_column(justify="right")
        table.columns[0].justify = "left"
        table.add_row("", *(Text(each.venue, "bold") for each in sums), Text("all", "bold"))
        for label, numbers in rows(sums):
            table.add_row(Text(label, "dim"), *map(str, numbers), str(sum(numbers)))
        self._console.print()
        self._console.print(table)
        for each in sums:
            if each.orders.unkept:
                words = f"LOST at {each.venue}: orders of which the journal does not have the end:"
                self._say((f"{words} {each.orders.unkept}", "bold red"))
            for fault in each.faults:
                self._say((f"WRONG at {each.venue}: {fault}", "bold red"))

    def _line(self, at_s: float, venue: str, *parts: str | tuple[str, str]) -> None:
        self._say((f"{at_s:6.1f} s  ", "dim"), f"{venue:<8}  ", *parts)

    def _say(self, *parts: str | tuple[str, str]) -> None:
        self._console.print(Text.assemble(*parts), soft_wrap=True)


def did(facts: Counter[str], orders: Counter[str]) -> str:
    """What switchgear did, in few words."""
    again = orders[Outcome.AGAIN.value]
    asked = orders[Outcome.FOUND.value] + orders[Outcome.ABSENT.value] + again
    opened, reopened = named(facts, OPENED), named(facts, REOPENED)
    closed, gates = named(facts, CLOSED), named(facts, GATE)
    words = [
        f"{facts['slow']} noted as slow" if facts["slow"] else "",
        f"retried {facts['retries']}x" if facts["retries"] else "",
        f"opened {_listed(opened)}" if opened else "",
        f"a probe failed, {sum(reopened.values())}x" if reopened else "",
        f"closed the gate ({', '.join(gates)})" if gates else "",
        f"held back {facts['rejected']} calls" if facts["rejected"] else "",
        f"a probe closed {'each' if closed.keys() == opened.keys() else _listed(closed)}"
        if closed
        else "",
        f"looked {asked} up, sent {again or 'none'} again" if asked else "",
        "passed the refusals on" if orders[Outcome.REFUSED.value] else "",
    ]
    return ", ".join(word for word in words if word) or "let everything through"


def _listed(circuits: dict[str, int]) -> str:
    """Their names, or how many when they are many."""
    return ", ".join(circuits) if len(circuits) < 3 else f"{len(circuits)} circuits"


def saw(seen: Seen, orders: Counter[str]) -> str:
    """What the agent saw, in few words."""
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
    return ", ".join(words) or "nothing was asked"


def worth(told: PortfolioOverAll) -> str:
    """The worth of all accounts in few words: what is old, and who is missing since when."""
    sums = " + ".join(f"{amount:,.0f} {currency}" for currency, amount in told.totals.items())
    words = [sums or "nothing is known", *(_told_by(part) for part in told.parts)]
    words += [
        f"{gone.exchange} is missing since {gone.since:%H:%M:%S} ({_point(gone.reason)})"
        for gone in told.missing
    ]
    return ("" if told.is_complete else "in part: ") + ", ".join(word for word in words if word)


def _point(reason: str) -> str:
    """What it comes down to, without the errors that it came through."""
    return shorten(_WRAPPING.sub("", reason), _REASON_MAX)


def _told_by(part: Part) -> str:
    """Where it comes from and how old it is, unless the venue tells it now."""
    age = f", {part.age_s:.1f} s old" if part.age_s else ""
    return f"{part.exchange} from {part.source}{age}" if part.is_fallback else ""


def rows(sums: Sequence[Sums]) -> list[tuple[str, list[int]]]:
    """The lines of the table: a label, and its number at each venue."""
    sources = sorted({source for each in sums for source in each.calls.by_source})
    by_source = {
        f"  from {source}": [each.calls.by_source.get(source, 0) for each in sums]
        for source in sources
    }
    calls = {
        "calls": [each.calls.total for each in sums],
        "  succeeded": [each.calls.succeeded for each in sums],
        "  failed": [each.calls.failed for each in sums],
        "  other": [each.calls.other for each in sums],
        "attempts": [each.calls.attempts for each in sums],
        "retries": [each.calls.retried for each in sums],
        "rejections": [each.calls.rejected for each in sums],
        "fallbacks": [each.calls.served for each in sums],
        **by_source,
        "circuits opened": [each.calls.opened for each in sums],
        "opened again": [each.calls.reopened for each in sums],
        "circuits closed": [each.calls.closed for each in sums],
    }
    orders = {
        "orders sent": [each.orders.sent for each in sums],
        "  found": [each.orders.found for each in sums],
        "  refused": [each.orders.refused for each in sums],
        "  unknown": [each.orders.unknown for each in sums],
        "orders not sent": [each.orders.unsent for each in sums],
        "orders cancelled": [each.orders.cancelled for each in sums],
        "lost answers": [each.orders.lost for each in sums],
        "  matched": [each.orders.matched for each in sums],
        "sent again": [each.orders.again for each in sums],
        "duplicates": [each.orders.duplicates for each in sums],
    }
    return list((calls | orders).items())
