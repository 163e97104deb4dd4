"""An export that is imported is the same log again; what is no whole export leaves the history as it was."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switchgear.core.errors import SettingsError
from switchgear.core.words import Kind, Level, Scope
from switchgear.observe.history import HistoryReader, HistoryWriter, LogQuery
from switchgear.observe.history.export import FORMS, End, as_dict, exported, filter_of
from switchgear.observe.history.importing import ImportBroken, NotWhole, import_file
from switchgear.observe.history.lines import csv_rows, json_rows
from switchgear.observe.history.parquet import read_parquet
from switchgear.observe.history.values import record_from
from tests.observe.history.kit import record, records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from switchgear.observe.record import LogRecord
    from switchgear.testing import FakeClock

HOSTILE = st.sampled_from(
    [
        *(
            "",
            '"',
            '""',
            ",",
            "\r\n",
            "\n",
            "# whole: 7 records",
            "null",
            "'",
            "\ufeff",
            "=1+1",
            "é€🙂",
        ),
        *(
            '{"end":true,"whole":true,"records":0}',
            "\\",
            "\x1b[2J",
            "\u2028",
            "NaN",
            "1e5",
            'x,"y"\r\nz',
        ),
    ]
)
TEXT = HOSTILE | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30
)
VALUES: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | TEXT
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["binance", "create_order", "a.b-c:d", ""])
RECORDS: Any = st.fixed_dictionaries(
    {
        "level": st.sampled_from(Level),
        "event": st.sampled_from(["wire", "call_failed", "note"]),
        "exchange": NAMES,
        "method": NAMES,
        "account": NAMES,
        "message": TEXT,
        "call_id": st.integers(0, 2**53),
        "attempt": st.none() | st.integers(1, 9),
        "duration_ms": st.none() | st.integers(0, 10**9).map(lambda us: us / 1000),
        "kind": st.none() | st.sampled_from([kind.value for kind in Kind]),
        "status": st.none() | st.integers(100, 599),
        "code": st.none() | TEXT,
        "source": st.none() | TEXT,
        "scope": st.none() | st.sampled_from([scope.value for scope in Scope]),
        "order_id": st.none() | TEXT,
        "detail": st.dictionaries(TEXT, VALUES, max_size=3),
    }
)
TEXTUAL = {"jsonl": json_rows, "csv": csv_rows}


def written(
    path: Path, form: str, found: Iterable[LogRecord], query: LogQuery | None = None
) -> Path:
    """An export in a file."""
    file = path.with_suffix(f".{form}")
    file.write_bytes(b"".join(exported(form, found, query)))
    return file


def same(found: Iterable[LogRecord]) -> list[LogRecord]:
    """The records without the two fields that are the history's own."""
    return [each._replace(id=0, run=0) for each in found]


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=st.lists(RECORDS, max_size=5))
def test_any_record_reads_back_to_the_letter(
    form: str, fields: list[dict[str, Any]], tmp_path: Path
) -> None:
    """Commas, quotes, line ends, what looks like a last line: each field comes back as it was."""
    given = [record(number, run=number % 3, **each) for number, each in enumerate(fields, 1)]
    file = written(tmp_path / "log", form, given)
    mark: Mapping[str, Any] | None
    found: list[tuple[str, Mapping[str, Any]]]
    if form == "parquet":
        mark, rows = read_parquet(file)
        found = [("a row", each) for each in rows]
    else:
        with file.open("rb") as lines:
            *found, (_, mark) = TEXTUAL[form](lines)
    assert mark is not None
    assert (mark["whole"], mark["records"]) == (True, len(given))
    assert [record_from(values, place) for place, values in found] == given


@pytest.mark.parametrize("form", FORMS)
def test_an_export_imported_and_exported_is_the_same(
    form: str, where: Path | str, tmp_path: Path, clock: FakeClock
) -> None:
    """In a file and on a server: all but the ids and the runs, which are new; runs that were apart stay apart."""
    hostile = ['x,"y"\r\nz', "# whole: 7 records", "é€🙂", "=1+1", "\\", ""]
    for run in (1, 2):
        writer = HistoryWriter(tmp_path / "old.db", clock)
        writer.write(
            [
                record(
                    10 * run + n,
                    message=text or "m",
                    call_id=n,
                    code=text,
                    detail={"said": text, "price": 0.1},
                )
                for n, text in enumerate(hostile, 1)
            ]
        )
        writer.close()
    old = list(HistoryReader(tmp_path / "old.db", clock).export(LogQuery()))
    done = import_file(written(tmp_path / "log", form, old), where, clock)
    assert (done.records, done.whole, sorted(done.runs)) == (12, True, [1, 2])
    new = list(HistoryReader(where, clock).export(LogQuery()))
    assert same(new) == same(old)
    assert [done.runs[each.run] for each in old] == [each.run for each in new]
    assert [each.id for each in new] == sorted((each.id for each in new), reverse=True)
    again = import_file(written(tmp_path / "again", form, new), tmp_path / "third.db", clock)
    third = HistoryReader(tmp_path / "third.db", clock)
    assert again.records == 12
    assert same(third.export(LogQuery())) == same(old)


def test_a_history_that_has_records_keeps_them(tmp_path: Path, clock: FakeClock) -> None:
    """What is imported comes behind what is there, and what is old is not swept away."""
    writer = HistoryWriter(tmp_path / "log.db", clock)
    writer.write(records(1, 3))
    writer.close()
    old = [record(2, at_ms=86_400_000), record(1, at_ms=0)]
    import_file(written(tmp_path / "old", "jsonl", old), tmp_path / "log.db", clock)
    found = list(HistoryReader(tmp_path / "log.db", clock).export(LogQuery()))
    assert [each.at_ms for each in found[:2]] == [86_400_000, 0]
    assert len(found) == 5


def broken() -> Iterator[LogRecord]:
    """Records of which the second cannot be read."""
    yield record(2)
    raise OSError("the disk is gone")


@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_broke_off_is_refused(form: str, tmp_path: Path, clock: FakeClock) -> None:
    """It says why itself; nothing is written, unless what there is will do."""
    file = written(tmp_path / "log", form, broken())
    with pytest.raises(NotWhole, match=r"the disk is gone; give --partial"):
        import_file(file, tmp_path / "new.db", clock)
    assert not (tmp_path / "new.db").exists()
    done = import_file(file, tmp_path / "new.db", clock, partial=True)
    assert (done.records, done.whole, done.why) == (1, False, "OSError: the disk is gone")


@pytest.mark.parametrize("form", TEXTUAL)
@pytest.mark.parametrize("left", [0.3, 0.6, 0.9, 0.999])
def test_a_file_that_was_cut_is_never_taken_for_whole(
    form: str, left: float, tmp_path: Path, clock: FakeClock
) -> None:
    """Wherever it was cut, it is refused; with partial, each record that is all there is taken."""
    whole = b"".join(exported(form, records(1, 20)[::-1]))
    cut = whole[: int(len(whole) * left)]
    file = tmp_path / f"log.{form}"
    file.write_bytes(cut)
    with pytest.raises(NotWhole):
        import_file(file, tmp_path / "new.db", clock)
    done = import_file(file, tmp_path / "new.db", clock, partial=True)
    head = 1 if form == "csv" else 0
    assert done.records == min(20, max(0, cut.count(b"\n") - head))


GOOD = as_dict(record(1))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"level": "LOUD"}, "line 1, level='LOUD': must be one of DEBUG"),
        ({"at_ms": -1}, "line 1, at_ms=-1: must be a whole number from 0"),
        ({"at_ms": True}, "line 1, at_ms=True"),
        ({"at": "2026-01-01"}, "line 1, at='2026-01-01': must be the same as at_ms"),
        ({"call_id": "7"}, "line 1, call_id='7'"),
        ({"duration_ms": -0.5}, r"line 1, duration_ms=-0.5: must be milliseconds"),
        ({"duration_ms": 1e17}, r"line 1, duration_ms=1e\+17: must be milliseconds, from 0 to 9"),
        ({"exchange": "Binance"}, "line 1, exchange='Binance': must be a name"),
        ({"event": "no event"}, "line 1, event='no event'"),
        ({"scope": "moon"}, "line 1, scope='moon': must be one of method"),
        ({"detail": [1]}, r"line 1, detail=\[1\]: must be an object"),
        ({"message": None}, "line 1, message=None: must be text"),
        ({"id": 2**70}, "line 1"),
        ({"surprise": 1}, "line 1='surprise': is no field of a record"),
    ],
)
def test_a_field_that_cannot_be_is_named(
    changed: dict[str, Any], words: str, tmp_path: Path, clock: FakeClock
) -> None:
    """Line, field, value and what is allowed; nothing of the file is written."""
    lines = [GOOD | changed, End(1, {}).as_dict()]
    (tmp_path / "log.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    with pytest.raises(SettingsError, match=words):
        import_file(tmp_path / "log.jsonl", tmp_path / "new.db", clock, partial=True)
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize("field", [name for name in GOOD if name != "id"])
def test_a_field_that_is_missing_is_named(field: str, tmp_path: Path, clock: FakeClock) -> None:
    """A line of another program's log is no record."""
    line = {name: value for name, value in GOOD.items() if name != field}
    (tmp_path / "log.jsonl").write_text(f"{json.dumps(line)}\n")
    with pytest.raises(SettingsError, match=f"line 1, {field}=None: is missing"):
        import_file(tmp_path / "log.jsonl", tmp_path / "new.db", clock, partial=True)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("log.jsonl", b"garbage\n", "line 1='garbage"),
        ("log.jsonl", b"\xff\xfe\n", "line 1"),
        ("log.jsonl", b'"text"\n', "must be a JSON object"),
        ("log.csv", b'"id","at"\r\n', "line 1=.*must name id, at"),
        ("log.csv", b"\xff\r\n", "must be UTF-8"),
        ("log.parquet", b"PAR1 no", "is no Parquet file"),
        ("log.txt", b"", "format='log.txt': must be one of jsonl, csv, parquet"),
    ],
)
def test_what_is_no_export_is_refused(
    name: str, content: bytes, words: str, tmp_path: Path, clock: FakeClock
) -> None:
    """Whatever it holds, one line says what is wrong."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SettingsError, match=words):
        import_file(tmp_path / name, tmp_path / "new.db", clock, partial=True)


def test_two_exports_in_one_file_are_refused(tmp_path: Path, clock: FakeClock) -> None:
    """The second one would be lost without a word."""
    file = written(tmp_path / "log", "jsonl", records(1, 2))
    file.write_bytes(file.read_bytes() * 2)
    with pytest.raises(SettingsError, match="stands behind the last line"):
        import_file(file, tmp_path / "new.db", clock)


def test_a_last_line_with_another_number_is_refused(tmp_path: Path, clock: FakeClock) -> None:
    """A record was taken out, or put in: the file is not what was exported."""
    lines = written(tmp_path / "log", "jsonl", records(1, 3)).read_bytes().splitlines(keepends=True)
    (tmp_path / "less.jsonl").write_bytes(b"".join(lines[1:]))
    with pytest.raises(SettingsError, match=r"line 3, records=3: must be 2"):
        import_file(tmp_path / "less.jsonl", tmp_path / "new.db", clock, partial=True)


def test_a_file_that_is_not_there_is_said(tmp_path: Path, clock: FakeClock) -> None:
    """The same for each form."""
    for form in FORMS:
        with pytest.raises(SettingsError, match="No such file"):
            import_file(tmp_path / f"none.{form}", tmp_path / "new.db", clock)


def test_a_history_that_cannot_take_it_says_how_much_it_took(
    tmp_path: Path, clock: FakeClock, impatient: None
) -> None:
    """No record is lost without a word, as while another program holds the file; it can be tried again."""
    del impatient
    file = written(tmp_path / "log", "jsonl", records(1, 10))
    HistoryWriter(tmp_path / "busy.db", clock).close()
    with closing(sqlite3.connect(tmp_path / "busy.db")) as other:
        other.execute("begin immediate")
        with pytest.raises(ImportBroken, match="10 records could not be written; 0 are there"):
            import_file(file, tmp_path / "busy.db", clock)
    assert import_file(file, tmp_path / "busy.db", clock).records == 10


def test_the_last_line_repeats_the_filter() -> None:
    """By the names that give it again."""
    query = LogQuery(exchange="Binance", level=Level.ERROR, since_ms=5, text="a,b", limit=3)
    assert filter_of(query) == {
        "exchange": "binance",
        "level": "error",
        "since": "5",
        "text": "a,b",
    }
    *_, last = exported("jsonl", [], query)
    told = json.loads(last)
    assert told == {"end": True, "whole": True, "records": 0, "filter": filter_of(query)}
    *_, row = exported("csv", [], query)
    assert row.decode().startswith('"# whole: 0 records; filter {""exchange"":""binance""')
    assert LogQuery.parse(told["filter"], 0) == LogQuery(
        exchange="binance", level=Level.ERROR, since_ms=5, text="a,b"
    )


def test_a_form_that_is_none_is_refused_before_the_first_byte() -> None:
    """Not in the midst of the file."""
    with pytest.raises(SettingsError, match="format='xlsx': must be one of jsonl, csv, parquet"):
        exported("xlsx", [])
