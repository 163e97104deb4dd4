"""
Owns the proof for real: processes that order are killed while their wire breaks, and what stands is counted afterwards.

The program that is killed is trader's. A seed draws the orders, the faults and when to kill; what these meet is up to
the machine, so no two runs are the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random  # noqa: TID251  seeded
from selectors import EVENT_READ, DefaultSelector
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from switchgear.core.clock import SystemClock
from switchgear.order import IntentQuery, State
from switchgear.order.sql_store import SqlStore
from switchgear.practice.sim.server import SimThread
from tests.order.trader import QuickClock

if TYPE_CHECKING:
    from switchgear.order import Intent
    from switchgear.order.store import IntentStore

ROOT = Path(__file__).resolve().parents[2]
FAULTS: list[dict[str, Any]] = [
    {"match": "order.create", "action": "reset_after", "probability": 0.07},
    {"match": "order.create", "action": "reset_before", "probability": 0.04},
    {"match": "order.create", "action": "cut", "probability": 0.05},
    {"match": "order.create", "action": "html", "status": 502, "probability": 0.04},
    {
        "match": "order.create",
        "action": "answer",
        "status": 503,
        "booked": True,
        "probability": 0.06,
    },
    # Longer than a client waits, and less than Binance takes a request for: booked when the client has gone; or booked
    # at once, and the answer comes too late.
    {
        "match": "order.create",
        "action": "delay",
        "delay_s": 8,
        "when": "before",
        "probability": 0.03,
    },
    {"match": "order.create", "action": "delay", "delay_s": 8, "probability": 0.03},
    {"match": "order.get", "action": "reset_after", "probability": 0.1},
    {"match": "order.get", "action": "html", "status": 504, "probability": 0.1},
    {"match": "order.get", "action": "unseen", "for_s": 3, "probability": 0.2},
]
WIRE: list[dict[str, Any]] = [
    {"match": "*", "action": "reset", "side": "request", "at_byte": 60, "probability": 0.03},
    {"match": "*", "action": "reset", "side": "answer", "probability": 0.04},
    {"match": "*", "action": "cut", "at_byte": 40, "probability": 0.03},
    {"match": "*", "action": "half_open", "side": "answer", "probability": 0.02},
    {"match": "*", "action": "half_open", "side": "request", "probability": 0.02},
]
UNSEEN: list[dict[str, Any]] = [
    {"match": "order.create", "action": "reset_after", "probability": 0.5},
    {"match": "order.get", "action": "unseen", "for_s": 3},
]
"""What a trader that sends again too early cannot stand."""
SPEED, SETTLING_SPEED = 10.0, 100.0
"""Seconds in one of the machine's: while orders are made, and afterwards, when leases and barriers are waited for."""
AT_ONCE = 2
DEATH_S_MAX = 60.0
"""How long the machine may need to end a process that was killed."""
SILENT_S_MAX = 90.0
"""How long no trader may say anything at all."""
SETTLE_S_MAX = 600.0
_ALL = 10_000_000


class Told(NamedTuple):
    """What the caller of one order was told."""

    name: str
    end: str
    error: str


class Plan(NamedTuple):
    """What is to be done."""

    venue: str
    where: str
    orders: int
    """At least."""
    seed: int
    lives: tuple[int, int] = (7, 14)
    """So many orders a process begins before its time has come, at least and at most."""
    speed: float = SPEED
    settling_speed: float = SETTLING_SPEED
    careless: bool = False
    kills: int = 0
    """So many processes are killed at least, and one of them while a caller waits: orders go on until then."""


@dataclass
class Report:
    """What it came to."""

    plan: Plan
    faults: list[str] = field(default_factory=list[str])
    """What must not be, in words; empty where all is well."""
    orders: int = 0
    kills: int = 0
    booked: int = 0
    twice: int = 0
    lost: int = 0
    """Booked and not known to be, or known to be and not booked."""
    broken: int = 0
    """How often a fault hit, of the venue or the wire."""
    ends: Counter[str] = field(default_factory=Counter[str])
    states: Counter[str] = field(default_factory=Counter[str])
    open_s: list[float] = field(default_factory=list[float])
    """Of those that were unknown for a time: from written down to settled, by the venue's clock."""

    @property
    def unknown(self) -> str:
        """How many were unknown for a time, and how long."""
        if not self.open_s:
            return "none"
        return f"{len(self.open_s)} (median {median(self.open_s):.0f} s, longest {max(self.open_s):.0f} s)"


class Process:
    """A trader that runs, and what it has said."""

    def __init__(self, command: list[str], doom: int) -> None:
        self.doom = doom
        """So many orders it begins at most."""
        self.begun = self.told = 0
        """Orders that it was about to make, and of how many it told the end."""
        self.dies_s: float | None = None
        """When it is killed, by the harness's clock; None while its time has not come."""
        self._rest = b""
        self._popen = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert self._popen.stdout is not None
        self.pipe = self._popen.stdout

    def said(self) -> list[dict[str, Any]] | None:
        """The lines that have come; None when there will be no more."""
        read = os.read(self.pipe.fileno(), 65_536)
        *lines, self._rest = (self._rest + read).split(b"\n")
        return [json.loads(line) for line in lines] if read else None

    def heard(self, lines: list[dict[str, Any]]) -> None:
        """Count what it has said."""
        words = Counter(line["line"] for line in lines)
        self.begun += words["about"]
        self.told += words["told"]

    def kill(self) -> list[dict[str, Any]]:
        """SIGKILL; what it had said until then."""
        self._popen.kill()
        self._popen.wait(DEATH_S_MAX)
        lines: list[dict[str, Any]] = []
        while (said := self.said()) is not None:
            lines += said
        self.pipe.close()
        return lines

    def ended(self, limit_s: float) -> int:
        """Its exit code, once it has ended by itself."""
        return self._popen.wait(limit_s)


class Killing:
    """One plan, carried out once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.report = Report(plan)
        self._dice = Random(plan.seed)
        self._clock = SystemClock()
        self._venue_clock = QuickClock(plan.speed)
        self._selector = DefaultSelector()
        self._about: Counter[str] = Counter()
        self._told: list[Told] = []
        self._first = 0
        self._cut_off = 0
        """Orders whose caller still waited when its process was killed."""

    def run(self) -> Report:
        """Order and kill, settle, count."""
        with ExitStack() as stack:
            plan = self.plan
            sim = SimThread(plan.seed, self._venue_clock, venue=plan.venue)
            self._sim = stack.enter_context(sim)
            stack.callback(self._selector.close)
            sim.add_faults(UNSEEN if plan.careless else FAULTS)
            sim.add_wire([] if plan.careless else WIRE)
            self._trade()
            wire = sim.state()["wire"]
            sim.mend()
            self._settle()
            state = sim.state()
            self.report.broken = sum(state["faults"].values()) + sum(wire["faults"].values())
        with closing(SqlStore(plan.where)) as store:
            self.check(state["orders"], store)
        return self.report

    # --------------------------------------------------------------------------- order and kill

    def _trade(self) -> None:
        running = {self._start() for _ in range(AT_ONCE)}
        heard_s = self._clock.monotonic_s()
        try:
            while self._wants_more():
                now_s = self._clock.monotonic_s()
                assert now_s < heard_s + SILENT_S_MAX, "every trader is silent"
                for process in self._due(running, now_s):
                    running.remove(process)
                    self._kill(process)
                    running.add(self._start())
                heard_s = now_s if self._heard(running) else heard_s
        finally:
            for process in running:
                self._kill(process)

    def _wants_more(self) -> bool:
        # How many die within so many orders, and at what, is up to the machine's speed.
        plan, report = self.plan, self.report
        if report.orders < plan.orders or report.kills < plan.kills:
            return True
        return bool(plan.kills) and not self._cut_off

    def _start(self) -> Process:
        # A few numbers back: whoever comes next asks again with the keys of the one that was killed.
        first = max(0, self._first - self._dice.randint(0, 6))
        process = Process(
            self._command("--first", str(first)), self._dice.randint(*self.plan.lives)
        )
        if (
            self._dice.random() < 0.1
        ):  # it dies before it has ordered anything: while it starts, or recovers
            process.dies_s = self._clock.monotonic_s() + self._dice.uniform(0.2, 1.5)
        self._selector.register(process.pipe, EVENT_READ, process)
        return process

    def _command(self, *more: str) -> list[str]:
        sim, plan = self._sim, self.plan
        words = (plan.venue, sim.wire_url, sim.key, sim.secret, plan.where, str(plan.seed))
        clock = ("--clock", self._venue_clock.text())
        careless = ["--careless"] if plan.careless else []
        return [sys.executable, "-m", "tests.order.trader", *words, *clock, *careless, *more]

    def _due(self, running: set[Process], now_s: float) -> list[Process]:
        return [each for each in running if each.dies_s is not None and each.dies_s <= now_s]

    def _heard(self, running: set[Process]) -> bool:
        """Take what is said until the next process is due; whether anything was."""
        dies_s = [each.dies_s for each in running if each.dies_s is not None]
        wait_s = min(dies_s, default=self._clock.monotonic_s() + 1) - self._clock.monotonic_s()
        ready = self._selector.select(max(0.0, wait_s))
        for key, _ in ready:
            process: Process = key.data
            lines = process.said()
            assert lines is not None, "a trader ended by itself; what it said is above"
            self.take(lines)
            process.heard(lines)
            if process.begun >= process.doom and process.dies_s is None:
                # At any instant of what it is doing now: a part of a second holds writing, sending and answers.
                process.dies_s = self._clock.monotonic_s() + self._dice.uniform(0, 0.1)
        return bool(ready)

    def take(self, lines: list[dict[str, Any]]) -> None:
        """Write down what processes have said."""
        for line in lines:
            match line["line"]:
                case "about":
                    self.report.orders += 1
                    self._about[line["name"]] += 1
                    self._first = max(self._first, line["number"])
                case "told":
                    self._told.append(Told(line["name"], line["end"], line.get("error", "")))
                case _:
                    pass

    def _kill(self, process: Process) -> None:
        self._selector.unregister(process.pipe)
        process.heard(last := process.kill())
        self.take(last)
        self._cut_off += process.begun - process.told
        self.report.kills += 1

    def _settle(self) -> None:
        # The venue first: a request must never be of an instant to come.
        self._venue_clock.go(self.plan.settling_speed)
        process = Process(self._command("--settle"), 0)
        try:
            assert process.ended(SETTLE_S_MAX) == 0, "settling failed; what it said is above"
        finally:
            process.kill()

    # -------------------------------------------------------------------------------- the checks

    def check(self, orders: list[dict[str, Any]], store: IntentStore) -> None:
        """Compare the venue's orders, the journal and what was said; what does not agree is a fault of the report."""
        booked = Counter(str(order["client_order_id"]) for order in orders)
        intents = {each.client_order_id: each for each in store.query(IntentQuery(limit=_ALL))}
        report, say = self.report, self.report.faults.append
        report.booked = len(booked)
        report.ends.update(told.end for told in self._told)
        report.ends["killed"] = report.orders - len(self._told)
        report.states.update(str(each.state) for each in intents.values())
        for name, times in booked.items():
            if times > 1:
                report.twice += 1
                say(f"{name} was booked {times} times")
            if name not in intents:
                report.lost += 1
                say(f"{name} is booked, and in no journal")
        for name in (booked.keys() | intents.keys()) - self._about.keys():
            say(f"{name} is nobody's")
        for name, intent in intents.items():
            self._check_intent(intent, booked[name])
            self._check_life(intent, store)
        for told in self._told:
            self._check_told(told, booked[told.name], intents.get(told.name))

    def _check_intent(self, intent: Intent, stands: int) -> None:
        if intent.state.is_open:
            wrong = f"is still {intent.state}: {intent.why}"
        elif intent.state.is_booked != bool(stands):
            wrong = f"is {intent.state} ({intent.why}), and booked {stands} times"
        else:
            return
        self.report.lost += 1
        self.report.faults.append(f"{intent.client_order_id} {wrong}")

    def _check_life(self, intent: Intent, store: IntentStore) -> None:
        moves = store.moves(intent.intent_id)
        states = [move.new for move in moves]
        if [move.old for move in moves] != [None, *states[:-1]] or states[-1] is not intent.state:
            self.report.faults.append(f"{intent.client_order_id} has a life with a gap: {moves}")
        if State.UNKNOWN in states and not intent.state.is_open:
            settled = next(move for move in moves if not move.new.is_open)
            self.report.open_s.append((settled.at_ms - intent.created_ms) / 1000)

    def _check_told(self, told: Told, stands: int, intent: Intent | None) -> None:
        match told.end:
            case "booked":
                is_true = stands > 0
            case "refused" | "not sent":
                is_true = not stands
            case "unknown":
                is_true = intent is not None
            case "not kept":
                # What this caller did came to nothing; another one may have come with the same key.
                is_true = not stands or self._about[told.name] > 1
            case _:
                is_true = False
        if not is_true:
            state = "in no journal" if intent is None else f"{intent.state} ({intent.why})"
            said = f"{told.name}: its caller was told {told.end} {told.error}"
            self.report.faults.append(f"{said}; it is {state}, and booked {stands} times")
