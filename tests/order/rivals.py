"""
Owns the count of what libraries lose: each places orders over the wire of killing, and the venue's truth is counted.

The libraries run as programs of their own: other people's in the witness environment (order_rivals), our desk in ours
(rival_desk). Nobody is killed here. Orders are known at the venue by side and quantity, whatever id they went out with.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from tempfile import TemporaryDirectory
from threading import Timer
from typing import TYPE_CHECKING, Any, NamedTuple

from switchgear.core.clock import SystemClock
from switchgear.practice.sim.server import SimThread
from tests.order.killing import FAULTS, ROOT, WIRE
from tests.order.trader import SETTINGS, QuickClock
from tests.witness.clients.order_rivals import BOOKED, FAILED, LIBRARIES, NOTHING, UNKNOWN, ask
from tests.witness.kit import PYTHON, paths

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

OURS = "switchgear"
EVERYBODY = (OURS, *LIBRARIES)
SPEED, SETTLING_SPEED = 6.0, 100.0
"""Seconds of the venue in one of the machine's: a client waits for one of those, and a late answer takes 1.3."""
PROXY: list[dict[str, Any]] = [
    *FAULTS,
    # Beside those of killing: a gateway's time is up, and the order is booked.
    {
        "match": "order.create",
        "action": "answer",
        "status": 504,
        "booked": True,
        "probability": 0.03,
    },
]
LATE_S = 9.0
"""After so many seconds of the venue no copy is on its way any more."""
_LIMIT_S = 3_600.0


def trades_at(library: str, venue: str) -> bool:
    """Whether this library trades at this exchange."""
    return venue == "alpaca" or library != "alpaca-py"


class VenueClock(QuickClock):
    """A quick clock that tells the machine's date: libraries sign with theirs."""

    def wall(self) -> datetime:
        """The date and time in UTC, aware."""
        return SystemClock().wall()


class Plan(NamedTuple):
    """What is to be done."""

    library: str
    venue: str
    orders: int
    seed: int = 1
    faults: list[dict[str, Any]] = PROXY
    wire: list[dict[str, Any]] = WIRE
    at_once: int = 8
    rate: float = 8.0
    """So many orders are begun in a second at most."""
    silent_s: float = 20.0
    """After so long a call counts as one that does not come back."""


@dataclass
class Report:
    """What it came to."""

    plan: Plan
    version: str = ""
    met: int = 0
    """How often a fault hit, of the venue or the wire."""
    told: Counter[str] = field(default_factory=Counter[str])
    """What callers were told, and how often."""
    errors: Counter[str] = field(default_factory=Counter[str])
    """The classes of what they were told as errors."""
    twice: int = 0
    """Orders that were booked twice or more."""
    lost: int = 0
    """Told failed and booked, or told booked and not; what our desk's journal has in the end counts as told too."""
    unheard: int = 0
    """Booked, and the call has never come back."""


class Program:
    """A rival that runs."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._popen = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._watch = Timer(_LIMIT_S, self._popen.kill)
        self._watch.start()

    def say(self, line: str = "go") -> None:
        """A line that it waits for."""
        assert self._popen.stdin is not None
        self._popen.stdin.write(line + "\n")
        self._popen.stdin.flush()

    def heard(self) -> Iterator[dict[str, Any]]:
        """What it says until `done` or `ready`, that one too."""
        assert self._popen.stdout is not None
        for line in self._popen.stdout:
            said: dict[str, Any] = json.loads(line)
            yield said
            if said["line"] in {"done", "ready"}:
                return
        raise AssertionError("a rival ended before it was done; what it said is above")

    def end(self) -> None:
        """Kill it, if it still runs."""
        self._watch.cancel()
        self._popen.kill()
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                pipe.close()


class Rivalry:
    """One plan, carried out once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.report = Report(plan)
        self._is_ours = plan.library == OURS
        self._clock = QuickClock(SPEED) if self._is_ours else VenueClock(SPEED)
        self._told: dict[int, str] = {}
        self._settled: dict[int, str] = {}

    def run(self) -> Report:
        """Order, mend, wait for the late copies, count."""
        with ExitStack() as stack:
            plan = self.plan
            folder = stack.enter_context(TemporaryDirectory())
            sim = stack.enter_context(SimThread(plan.seed, self._clock, venue=plan.venue))
            program = self._start(sim, f"{folder}/journal")
            stack.callback(program.end)
            self._hear(program)
            sim.add_faults(plan.faults)
            sim.add_wire(plan.wire)
            program.say()
            self._hear(program)
            wire = sim.state()["wire"]
            sim.mend()
            self._clock.sleep(LATE_S)
            if self._is_ours:
                self._clock.go(SETTLING_SPEED)
                program.say(self._clock.text())
                self._hear(program)
            state = sim.state()
        self.report.met = sum(state["faults"].values()) + sum(wire["faults"].values())
        self.count(state["orders"])
        return self.report

    def _start(self, sim: SimThread, journal: str) -> Program:
        plan = self.plan
        task = json.dumps(
            {
                "library": plan.library,
                "venue": plan.venue,
                "url": sim.wire_url,
                "key": sim.key,
                "secret": sim.secret,
                "orders": plan.orders,
                "at_once": plan.at_once,
                "rate": plan.rate,
                "timeout_s": SETTINGS["timeout_s"] / SPEED,
                "silent_s": plan.silent_s,
                "clock": self._clock.text(),
                "journal": journal,
            }
        )
        if self._is_ours:
            return Program([sys.executable, "-m", "tests.order.rival_desk", task], {**os.environ})
        # With no proxy and no key of whoever runs this.
        place = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": os.pathsep.join(map(str, paths())),
        }
        return Program([str(PYTHON), "-m", "tests.witness.clients.order_rivals", task], place)

    def _hear(self, program: Program) -> None:
        for said in program.heard():
            self.take(said)

    def take(self, said: dict[str, Any]) -> None:
        """Write down what a rival has said."""
        match said["line"]:
            case "ready":
                self.report.version = said["version"]
            case "told":
                self._told[said["number"]] = said["end"]
                if said.get("error"):
                    self.report.errors[said["error"]] += 1
            case "settled":
                self._settled[said["number"]] = said["end"]
            case _:
                pass

    def count(self, orders: list[dict[str, Any]]) -> None:
        """Compare what was told, and what is written down in the end, with the venue's orders."""
        stands = Counter((order["side"].lower(), Decimal(order["quantity"])) for order in orders)
        report = self.report
        report.told.update(self._told.values())
        for number in range(self.plan.orders):
            one = ask(self.plan.venue, number)
            times = stands.pop((one.side, one.quantity), 0)
            report.twice += times > 1
            report.lost += self._is_lost(number, times)
            report.unheard += self._told[number] == NOTHING and times > 0
        assert not stands, f"nobody asked for {stands}"

    def _is_lost(self, number: int, times: int) -> bool:
        told, settled = self._told[number], self._settled.get(number)
        words = {told, settled} if self._is_ours and settled else {told}
        if self._is_ours and told == UNKNOWN and settled in {None, UNKNOWN}:
            return True  # the journal was to end it
        return (FAILED in words and times > 0) or (BOOKED in words and not times)


def carried_out(plan: Plan) -> Report:
    """What it came to."""
    return Rivalry(plan).run()
