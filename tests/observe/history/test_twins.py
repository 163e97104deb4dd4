"""Tests that a list in memory and the file give the same records to the same query, whatever is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchgear.core.words import Kind, Level
from switchgear.observe.history import HistoryReader, HistoryWriter, LogQuery, matches
from switchgear.observe.query import EVENTS
from switchgear.observe.record import LogRecord
from switchgear.testing import FakeClock
from tests.observe.history.kit import START_MS

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = st.sampled_from(["binance", "alpaca", "a", "a.b-c:d"])
# Few values, so that a query often finds something.
KINDS = st.sampled_from([Kind.TIMEOUT.value, Kind.NETWORK.value])
FACTS = st.sampled_from(EVENTS[:3])
TIMES = st.integers(START_MS, START_MS + 20)
# What a text in the file can hold; the rest has a test of its own.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
WORDS = st.sampled_from(["a", "A", "É", "é", "İ", "ß", "%", "_", "'", '"', "\\", "K", "K"])
SAYING = st.lists(WORDS, max_size=4).map("".join)
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
    message=SAYING | TEXTS,
    call_id=st.integers(0, 3),
    attempt=st.none() | st.integers(1, 3),
    duration_ms=st.none() | st.integers(0, 10**9).map(lambda micro: micro / 1000),
    kind=st.none() | KINDS,
    status=st.none() | st.integers(100, 599),
    code=st.none() | TEXTS,
    source=st.none() | TEXTS,
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
        "kind": maybe(KINDS),
        "call_id": maybe(st.integers(1, 3)),
        "since_ms": maybe(st.integers(START_MS, START_MS + 8)),
        "until_ms": maybe(st.integers(START_MS + 8, START_MS + 20)),
        "text": maybe(SAYING.filter(bool)),
        "limit": st.integers(1, 30),
    }
)


class Twins:
    """The same records in a list and in a file, newest first."""

    def __init__(self, writer: HistoryWriter, reader: HistoryReader) -> None:
        self.writer, self.reader = writer, reader

    def keep(self, batch: list[LogRecord]) -> tuple[int, list[LogRecord]]:
        """Write the batch; gives the id before it, and its records as the file should have them."""
        before = self.reader.newest_id()
        self.writer.write(batch)
        assert self.writer.flush()
        numbered = [one._replace(id=before + place) for place, one in enumerate(batch, 1)]
        return before, numbered[::-1]


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    """A file that all examples share: each looks only at what it wrote itself."""
    path = tmp_path_factory.mktemp("twins") / "log.db"
    writer = HistoryWriter(path, FakeClock())
    yield Twins(writer, HistoryReader(path, FakeClock()))
    writer.close()


@pytest.mark.slow  # many examples
@settings(max_examples=20, deadline=None)  # each example writes a file
@given(
    batch=st.lists(RECORDS, min_size=1, max_size=30),
    filters=st.lists(QUERIES, min_size=5, max_size=5),
)
def test_memory_and_file_find_the_same(
    twins: Twins, batch: list[LogRecord], filters: list[dict[str, object]]
) -> None:
    """Any query gives the same records, in the same order, to the letter; and so do count and export."""
    before, newest_first = twins.keep(batch)
    for fields in filters:
        query = LogQuery(after_id=before, **fields)  # type: ignore[arg-type]  # by the strategy
        expected = [one for one in newest_first if matches(query, one)]
        assert twins.reader.query(query) == expected[: query.limit]
        assert twins.reader.count(query) == len(expected)
        assert list(twins.reader.export(query)) == expected


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
