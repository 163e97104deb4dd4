"""
Owns the fifth row: the same call guarded, retried, counted and logged by hand or by pyresilience, beside ours.

Theirs serialise and write a line inside the call. Ours queues the fact, and a thread writes it: so it is measured
twice, on the call path alone, and with the flush to the history file inside the clock.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import circuitbreaker
import msgspec
import prometheus_client
import pyresilience
import structlog
import tenacity
from pyresilience import _logging as pyresilience_logging

from benchmarks.functions import answers
from benchmarks.measure import Candidate, calls, measure, then
from benchmarks.table import Row
from switchgear import Switchgear

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.measure import Effort, Results

RETRIES = 3
DISK_CALLS = 2_000
"""Calls of a sample with the disk in it: some batches of the writer, as at 20,000 calls a second."""

_names = count(1)


class Stack(NamedTuple):
    """What ours is compared with, and the share of it that ours may cost."""

    name: str
    kind: str
    what: str
    bound: float | None
    """None where it is printed alone: decision 0024."""


STACKS = (
    Stack(
        "by hand",
        "path",
        "the call path: circuitbreaker + tenacity + prometheus + structlog",
        1 / 30,
    ),
    Stack("pyresilience", "path", "the call path: pyresilience, all on, line to memory", 1 / 15),
    Stack(
        "by hand",
        "disk",
        "record on disk: circuitbreaker + tenacity + prometheus + structlog",
        1 / 3,
    ),
    Stack("pyresilience", "disk", "record on disk: pyresilience, all on, line to a file", None),
)


def rows(effort: Effort) -> Iterator[Row]:
    """Two lines for each of the two stacks, microseconds over the bare call."""
    with ExitStack() as stack:
        found = _measured(effort, stack)
    for one in STACKS:
        bare = found["bare call", one.kind]
        yield Row(
            f"stack_{one.name.replace(' ', '_')}_{one.kind}",
            f"guarded, retried, counted, logged; {one.what}",
            found["switchgear", one.kind] - bare,
            "µs",
            found[one.name, one.kind] - bare,
            one.name,
            one.bound,
        )


def _measured(effort: Effort, stack: ExitStack) -> Results:
    folder = Path(stack.enter_context(TemporaryDirectory()))
    hand = by_hand(stack.enter_context((folder / "hand.jsonl").open("ab")))
    memory, file = _Lines(), logging.FileHandler(folder / "pyresilience.jsonl")
    stack.callback(file.close)
    gear = stack.enter_context(Switchgear())
    keeping = stack.enter_context(Switchgear(history=folder / "history.db"))
    ours = calls(gear.guarded("bench", "get_counted", retries=RETRIES)(answers))
    kept = calls(keeping.guarded("bench", "get_kept", retries=RETRIES)(answers))
    path = [
        Candidate("bare call", "path", calls(answers)),
        Candidate("switchgear", "path", ours, gear.flush),
        Candidate("by hand", "path", calls(hand)),
        Candidate("pyresilience", "path", calls(by_pyresilience(memory)), memory.lines.clear),
    ]
    number = 200 if effort.quick else DISK_CALLS
    disk = [
        Candidate("bare call", "disk", calls(answers), number=number),
        Candidate("switchgear", "disk", then(kept, keeping.flush), number=number),
        Candidate("by hand", "disk", calls(hand), number=number),
        Candidate("pyresilience", "disk", calls(by_pyresilience(file)), number=number),
    ]
    fewer = effort._replace(rounds=max(2, effort.rounds // 5))
    return measure(path, effort) | measure(disk, fewer)


def by_hand(file: Any) -> Callable[[], int]:
    """What a careful program writes: a breaker, a retry, two metrics and a JSON line for each call."""
    number = next(_names)
    registry = prometheus_client.CollectorRegistry()
    labels = ["exchange", "method", "outcome"]
    made = prometheus_client.Counter(f"calls_{number}", "Calls.", labels, registry=registry)
    lasted = prometheus_client.Histogram(
        f"seconds_{number}", "Seconds.", labels[:2], registry=registry
    )
    log = structlog.wrap_logger(
        structlog.BytesLogger(file),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(serializer=_json),
        ],
        cache_logger_on_first_use=True,
    ).bind()
    wait = tenacity.wait_random_exponential(multiplier=0.3)
    stop = tenacity.stop_after_attempt(1 + RETRIES)
    guarded = tenacity.retry(stop=stop, wait=wait, reraise=True)(
        circuitbreaker.CircuitBreaker(3, 30)(answers)
    )

    def call() -> int:
        begun_s = perf_counter()
        outcome = "failed"
        try:
            value: int = guarded()
            outcome = "ok"
        finally:
            lasted_s = perf_counter() - begun_s
            made.labels("bench", "get", outcome).inc()
            lasted.labels("bench", "get").observe(lasted_s)
            log.info("call", exchange="bench", method="get", outcome=outcome, seconds=lasted_s)
        return value

    return call


def by_pyresilience(handler: logging.Handler) -> Callable[[], int]:
    """Retry, breaker with a window of 100, its metrics and its JSON log."""
    # It serialises with orjson where that is installed; msgspec is as fast, so that a missing package is no excuse.
    pyresilience_logging._dumps = lambda record: _json(record).decode()
    logger = logging.getLogger(f"bench.pyresilience.{next(_names)}")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    guarded: Callable[[], int] = pyresilience.resilient(
        retry=pyresilience.RetryConfig(max_attempts=1 + RETRIES, delay=0.3),
        circuit_breaker=pyresilience.CircuitBreakerConfig(sliding_window_size=100),
        listeners=[
            pyresilience.MetricsCollector(),
            pyresilience.JsonEventLogger(logger_name=logger.name),
        ],
    )(answers)
    return guarded


class _Lines(logging.Handler):
    """A handler that keeps each line in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def _json(record: object, **_: object) -> bytes:
    return msgspec.json.encode(record)
