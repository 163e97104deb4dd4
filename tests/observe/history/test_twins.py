"""Tests that a list in memory, a file and a server give the same answers to the same query, whatever is in them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchgear.core.words import Kind, Level, Scope
from switchgear.observe.history import HistoryReader, HistoryWriter, LogQuery, matches
from switchgear.observe.overview import latency_of, overview_of
from switchgear.observe.query import OUTCOMES
from switchgear.observe.record import LogRecord
from switchgear.testing import FakeClock
from tests.observe.history.kit import START_MS
from tests.order.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = st.sampled_from(["binance", "alpaca", "a", "a.b-c:d"])
# Few values, so that a query often finds something.
KINDS = st.sampled_from([Kind.TIMEOUT.value, Kind.NETWORK.value])
FACTS = st.sampled_from(["call_succeeded", "call_succeeded", "call_failed", "gate_closed"])
SCOPES = st.sampled_from([Scope.ACCOUNT.value, Scope.EXCHANGE.value])
DAY_MS = 86_400_000
# Within one minute, within an hour, and over months: each is cut into other sums.
TIMES = st.one_of(
    st.integers(START_MS, START_MS + 20),
    st.integers(START_MS - 3_600_000, START_MS + 3_600_000),
    st.integers(START_MS - 90 * DAY_MS, START_MS),
)
# What a text in the file can hold; the rest has a test of its own.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
WORDS = st.sampled_from(["a", "A", "É", "é", "İ", "ß", "%", "_", "'", '"', "\\", "K", "K"])
SAYING = st.lists(WORDS, max_size=4).map("".join)
SEARCHES = st.one_of(
    SAYING.filter(bool),
    st.lists(
        st.sampled_from(["b", "bin", "alpaca", "succ", "ms", "5", "call", "é", "time"]),
        min_size=1,
        max_size=3,
    ).map(" ".join),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
RECORDS = st.builds(
    LogRecord,
    id=st.just(0),
    at_ms=TIMES,
    level=st.sampled_from(Level),
    event=FACTS,
    exchange=NAMES | st.just(""),
    method=NAMES | st.just(""),
    account=NAMES | st.just(""),
    message=SAYING | TEXTS | st.just("succeeded in 5.0 ms"),
    call_id=st.integers(0, 3),
    attempt=st.none() | st.integers(1, 3),
    duration_ms=st.none() | st.just(5.0) | st.integers(0, 10**9).map(lambda micro: micro / 1000),
    kind=st.none() | KINDS,
    status=st.none() | st.integers(100, 599),
    code=st.none() | TEXTS,
    source=st.none() | TEXTS,
    scope=st.none() | SCOPES,
    order_id=st.none() | st.sampled_from(["x-1", "x-2", "é"]),
    detail=st.dictionaries(TEXTS, JSON, max_size=3),
)


def maybe(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Mostly no filter, so that several filters together still let something through."""
    return st.none() | st.none() | values


QUERIES = st.fixed_dictionaries(
    {
        "exchange": maybe(NAMES),
        "method": maybe(NAMES),
        "account": maybe(NAMES),
        "level": maybe(st.sampled_from(Level)),
        "event": maybe(FACTS),
        "outcome": maybe(st.sampled_from(sorted(OUTCOMES))),
        "kind": maybe(KINDS),
        "scope": maybe(SCOPES),
        "order_id": maybe(maybe(st.sampled_from(["x-1", "x-2", "é"]))),
        "call_id": maybe(maybe(st.integers(1, 3))),
        "since_ms": maybe(TIMES),
        "until_ms": maybe(TIMES),
        "text": maybe(SEARCHES),
        "limit": st.integers(1, 30),
    }
)


class Twins:
    """The same records in a list and in a store, newest first."""

    def __init__(self, where: Path | str) -> None:
        self.writer = HistoryWriter(where, FakeClock(), age_max_s=1e9)
        self.reader = HistoryReader(where, FakeClock())

    def keep(self, batch: list[LogRecord]) -> tuple[int, list[LogRecord]]:
        """Write the batch; gives the id before it, and its records as the store should have them."""
        self.writer.write(batch)
        assert self.writer.flush()
        before = self.reader.newest_id() - len(batch)
        run = self.writer.run
        assert run is not None
        numbered = [one._replace(id=before + place, run=run) for place, one in enumerate(batch, 1)]
        return before, numbered[::-1]

    def only(self, batch: list[LogRecord]) -> list[LogRecord]:
        """The same in a store that holds nothing else."""
        self.reader.clear(LogQuery(), self.reader.count(LogQuery()))
        return self.keep(batch)[1]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def twins(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Twins]:
    """A store that all examples share: each looks only at what it wrote itself."""
    if request.param == "sqlite":
        made = Twins(tmp_path_factory.mktemp("twins") / "log.db")
    else:
        server: Postgres = request.getfixturevalue("postgres")
        made = Twins(server.fresh())
    yield made
    made.writer.close()
    made.reader.close()


def asked(fields: dict[str, object]) -> LogQuery:
    """The query; since and until in their order."""
    since, until = fields["since_ms"], fields["until_ms"]
    if isinstance(since, int) and isinstance(until, int) and since > until:
        fields = {**fields, "since_ms": until, "until_ms": since}
    return LogQuery(**fields)  # type: ignore[arg-type]  # by the strategy


@pytest.mark.slow  # many examples
@settings(max_examples=15, deadline=None)  # each example writes to a store
@given(
    batch=st.lists(RECORDS, min_size=1, max_size=30),
    filters=st.lists(QUERIES, min_size=5, max_size=5),
)
def test_memory_and_store_find_the_same(
    twins: Twins, batch: list[LogRecord], filters: list[dict[str, object]]
) -> None:
    """Any query gives the same records, in the same order, to the letter; and so do count, export and neighbours."""
    before, newest_first = twins.keep(batch)
    for fields in filters:
        query = replace(asked(fields), after_id=before)
        expected = [one for one in newest_first if matches(query, one)]
        assert twins.reader.query(query) == expected[: query.limit]
        assert twins.reader.count(query) == len(expected)
        assert twins.reader.count(query, 3) == min(3, len(expected))
        assert list(twins.reader.export(query)) == expected
        pinned = replace(query, run=twins.writer.run, before_id=before + 4)
        below = [one for one in expected if one.id < before + 4]
        assert twins.reader.query(pinned) == below[: query.limit]
    middle = len(newest_first) // 2
    near = twins.reader.around(newest_first[middle].id, 2)
    expected = newest_first[max(0, middle - 2) : middle + 3]
    assert near[: len(expected)] == expected


@pytest.mark.slow  # many examples
@settings(max_examples=20, deadline=None)  # as above
@given(
    batch=st.lists(RECORDS, min_size=1, max_size=40),
    filters=st.lists(QUERIES, min_size=5, max_size=5),
    bars=st.integers(1, 60),
)
def test_memory_and_store_count_the_same(
    twins: Twins, batch: list[LogRecord], filters: list[dict[str, object]], bars: int
) -> None:
    """Facets, bars and durations are those of the records, to the last of them; sums and words are as a recount."""
    newest_first = twins.only(batch)
    assert twins.reader.check() == []
    for fields in filters:
        query = asked(fields)
        assert twins.reader.count(query) == sum(matches(query, one) for one in newest_first)
        assert twins.reader.overview(query, bars) == overview_of(newest_first, query, bars)
        assert twins.reader.latency(query, bars) == latency_of(newest_first, query, bars)
        older = replace(query, before_id=newest_first[0].id)
        assert twins.reader.count(older) == sum(matches(older, one) for one in newest_first)
        assert twins.reader.overview(older, bars) == overview_of(newest_first, older, bars)


HOSTILE = [
    "'; drop table record; --",
    "<script>alert(1)</script>",
    "\x1b[31mred\x07",
    "line\r\nbreak\u2028and\u2029more",
    "\\u0000 is no NUL",
    '{"json": [1, 2]}',
    "\ufeff\u202eright to left",
    "🚂" * 1000,
    "$[0] ? :batch %s {}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_comes_back_to_the_letter(twins: Twins, text: str) -> None:
    """Whatever a message, a code, a source or a detail holds is text and stays text."""
    one = LogRecord(
        0,
        START_MS,
        Level.INFO,
        "note",
        "a",
        "b",
        "c",
        text,
        code=text,
        source=text,
        detail={text: [text]},
    )
    before, expected = twins.keep([one])
    assert twins.reader.query(LogQuery(after_id=before)) == expected


class Rude:
    """An object that does not want to be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("a\0b", "a\ufffdb"),
        ("a\ud800b", "a\ufffdb"),
        (float("nan"), None),
        (2**80, str(2**80)),
        ({1}, [1]),
        ((1, "\0"), [1, "\ufffd"]),
        ({3: b"raw"}, {"3": "b'raw'"}),
        (Rude(), "<Rude>"),
    ],
)
def test_what_the_file_cannot_hold_is_kept_as_near_as_can_be(
    twins: Twins, value: object, kept: object
) -> None:
    """A value of a note that JSON or SQLite does not know costs neither its record nor its neighbours."""
    fields = (START_MS, Level.INFO, "note", "a", "b", "c")
    batch = [
        LogRecord(0, *fields, "before"),
        LogRecord(0, *fields, "odd\0", detail={"odd": value}),
        LogRecord(0, *fields, "after"),
    ]
    before, _ = twins.keep(batch)
    after, odd, first = twins.reader.query(LogQuery(after_id=before))
    assert (after.message, odd.message, first.message) == ("after", "odd\ufffd", "before")
    assert odd.detail == {"odd": kept}


def test_a_detail_that_holds_itself_is_cut(twins: Twins) -> None:
    """A circle in a note's metadata ends somewhere, and the record is kept."""
    circle: dict[str, object] = {}
    circle["self"] = circle
    one = LogRecord(0, START_MS, Level.INFO, "note", "a", "b", "c", "round", detail=circle)
    before, _ = twins.keep([one])
    assert [found.message for found in twins.reader.query(LogQuery(after_id=before))] == ["round"]


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("source", "a\0b", "a\ufffdb"),
        ("kind", "a\0b", "a\ufffdb"),
        ("duration_ms", 1e17, None),
        ("status", 2**63, None),
        ("attempt", 2**63 + 5, None),
        ("attempt", 2.0, 2),
        ("status", -7, -7),
        ("status", -(2**64), None),
        ("status", "teapot", None),
        ("call_id", 9.75, 9),
    ],
)
def test_a_value_that_no_database_holds_costs_only_itself(
    twins: Twins, field: str, value: object, kept: object
) -> None:
    """Neither its record nor its batch, on a server as in a file."""
    fields = (START_MS, Level.INFO, "note", "a", "b", "c")
    odd = LogRecord(0, *fields, "odd")._replace(**{field: value})  # type: ignore[arg-type]  # of the field's type
    before, _ = twins.keep([LogRecord(0, *fields, "before"), odd])
    found, first = twins.reader.query(LogQuery(after_id=before))
    assert (getattr(found, field), found.message, first.message) == (kept, "odd", "before")


@pytest.mark.parametrize(("field", "value"), [("message", "a\ud800b"), ("code", "a\0b")])
def test_a_text_the_file_cannot_hold_costs_neither_its_record_nor_its_neighbours(
    twins: Twins, field: str, value: str
) -> None:
    """By itself too, with nothing else wrong in its batch."""
    fields = (START_MS, Level.INFO, "note", "a", "b", "c")
    odd = LogRecord(0, *fields, "odd")._replace(**{field: value})  # type: ignore[arg-type]  # one of two texts
    before, _ = twins.keep([LogRecord(0, *fields, "before"), odd])
    found, first = twins.reader.query(LogQuery(after_id=before))
    assert (getattr(found, field), first.message) == ("a\ufffdb", "before")
