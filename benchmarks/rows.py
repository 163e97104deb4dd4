"""Owns which figures of the guarded calls make which row, and the bounds of the first two rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.functions import FAILING
from benchmarks.guards import BARE, OURS
from benchmarks.peers import PEERS
from benchmarks.table import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Results

YARDSTICK = "circuitbreaker"
KINDS = ("sync ok", "sync fail", "sync open", "async ok", "async fail", "async open")


def over_bare(results: Results, name: str, kind: str) -> float:
    """Microseconds over the bare call; of a rejection the whole, for no bare call is in it."""
    return results[name, kind] - results.get((BARE, kind), 0.0)


def rows_of(results: Results) -> Iterator[Row]:
    """Every row that comes from single calls, in the order of the table."""
    yield _row(results, "closed_sync", "closed, sync", "sync ok", 1.5)
    yield _row(results, "closed_async", "closed, async", "async ok", 1.3)
    for id_, what, kind, ours, beside in CLOSED:
        yield _row(results, id_, what, kind, ours=f"{OURS}, {ours}", beside=beside)
    # Of an error whose class says all: circuitbreaker asks nothing else. A verdict is ours alone: decision 0024.
    for id_, kind, bound in zip(
        ("known", "unknown", "status"), FAILING, (1.2, None, None), strict=True
    ):
        yield _row(results, f"failing_{id_}", f"a failing attempt: {kind}", kind, bound)
    yield _row(results, "failing_async", "a failing attempt: async fail", "async fail", 1.2)
    yield _row(results, "rejected_sync", "a rejection while open, sync", "sync open", 0.7)
    yield _row(results, "rejected_async", "a rejection while open, async", "async open", 0.7)
    ours, beside = f"{OURS}, try_call", f"{OURS}, call"
    for kind, end in (("fail", "fails"), ("open", "is rejected")):
        what = f"try_call_sync beside the raise, the call {end}"
        yield _row(results, f"try_{kind}", what, f"sync {kind}", 1.0, ours, beside)


CLOSED = (
    (
        "closed_async_timeout",
        "closed, async, with the timeout of 10 s",
        "async ok",
        "timeout",
        f"{YARDSTICK} in asyncio.timeout",
    ),
    (
        "closed_async_timeout_bare",
        "the same beside asyncio.timeout alone",
        "async ok",
        "timeout",
        "asyncio.timeout",
    ),
    (
        "closed_sync_drained",
        "closed, sync, the drain included",
        "sync ok",
        "drained",
        YARDSTICK,
    ),
    (
        "closed_sync_handle",
        "closed, by handle: guarded.call_sync(f)",
        "sync ok",
        "call_sync",
        YARDSTICK,
    ),
)
"""Rows without a bound: id, what, kind, which of ours, what stands beside it."""


def _row(
    results: Results,
    id_: str,
    what: str,
    kind: str,
    bound: float | None = None,
    ours: str = OURS,
    beside: str = YARDSTICK,
) -> Row:
    mine, theirs = over_bare(results, ours, kind), over_bare(results, beside, kind)
    return Row(id_, what, mine, "µs", theirs, beside, bound)


def peer_table(results: Results) -> list[tuple[str, ...]]:
    """Microseconds over the bare call, ours and every peer's; a rejection as a whole."""
    names = (OURS, *(peer.name for peer in PEERS))
    return [
        ("µs over the bare call (open: in all)", *KINDS),
        (f"{BARE} itself", *(_cell(results.get((BARE, kind))) for kind in KINDS)),
        *((name, *(_over_or_none(results, name, kind) for kind in KINDS)) for name in names),
    ]


def _over_or_none(results: Results, name: str, kind: str) -> str:
    return _cell(over_bare(results, name, kind) if (name, kind) in results else None)


def _cell(us: float | None) -> str:
    return "–" if us is None else f"{us:.2f}"
