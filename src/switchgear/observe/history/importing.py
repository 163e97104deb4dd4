"""
Owns bringing an exported file into a history: all of it is read and judged before the first record is written.

What the file looks like is export's; what one record may hold is checked here, field by field.
"""

from __future__ import annotations

import tempfile
from array import array
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import msgspec

from switchgear.core.errors import SettingsError, SwitchgearError
from switchgear.observe.history.export import FORMS, as_dict, encoded
from switchgear.observe.history.lines import TORN, TORN_WHY, csv_rows, json_rows
from switchgear.observe.history.values import record_from
from switchgear.observe.history.writer import HistoryWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from switchgear.core.clock import Clock
    from switchgear.observe.record import LogRecord

RUNS_MAX = 200
"""Processes whose records one file may hold; more are imported run by run."""
BATCH = 1_000
_FOREVER = 10**12
"""Nothing is too old or too much while it is imported: what goes is up to whoever uses the history."""
_FLUSH_S = 60.0
_ENDINGS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet"}
_decode = msgspec.json.Decoder().decode


class NotWhole(SettingsError):
    """The file does not say that it is whole; nothing was written."""


class ImportBroken(SwitchgearError):
    """The history could not take all of it; its words say how much it took."""


class Imported(NamedTuple):
    """What came of a file."""

    records: int
    runs: Mapping[int, int]
    """The runs of the file, and what each is called in the history now."""
    whole: bool
    """Whether the file held all that was exported."""
    why: str = ""
    """Why it is not whole."""


class _Found(NamedTuple):
    """A file that was read through: its records lie in the spool, each where its offset says."""

    spool: IO[bytes]
    ids: array[int]
    offsets: array[int]
    runs: frozenset[int]
    why: str


def import_file(
    path: Path, history: str | Path, clock: Clock, *, form: str | None = None, partial: bool = False
) -> Imported:
    """
    Bring the records of an exported file into a history, the oldest first.

    They keep every field but two: each gets a new id, and each of their runs a new number. A fault in the file leaves
    the history as it was.

    Args:
        path: What was exported.
        history: Where they go, as `Switchgear(history=…)` takes it; made when there is none.
        clock: For the dates of the new runs.
        form: One of FORMS; told by the file's name when not given.
        partial: Take what there is of a file that is not whole.

    Raises:
        SettingsError: The file cannot be read, or a field of it cannot be: its line, name, value and what is allowed.
        NotWhole: It broke off, and partial was not given.
        ImportBroken: The history could not be written; some of the records may be there.
    """
    with ExitStack() as stack:
        spool = stack.enter_context(tempfile.TemporaryFile(prefix="switchgear-"))
        found = _read(path, _form_of(path, form), spool)
        if found.why and not partial:
            allowed = f"is not whole: {found.why}; give --partial to take what there is"
            raise NotWhole("file", str(path), allowed)
        writers = {run: _writer(history, clock, stack) for run in sorted(found.runs)}
        for batch in _batches(found):
            _write(batch, writers)
        runs = {old: writer.run or 0 for old, writer in writers.items()}
    return Imported(len(found.ids), runs, not found.why, found.why)


def _form_of(path: Path, form: str | None) -> str:
    found = _ENDINGS.get(path.suffix.lower()) if form is None else form
    if found not in FORMS:
        allowed = f"must be one of {', '.join(FORMS)}, where the file's name does not end so"
        raise SettingsError("format", form or path.name, allowed)
    return found


def _read(path: Path, form: str, spool: IO[bytes]) -> _Found:
    """Judge every line, and keep it where it can be read backwards: an export begins with the newest."""
    ids, offsets, runs = array("q"), array("q"), set[int]()
    why: str | None = None
    for place, values in _rows_of(path, form):
        if why is not None:
            allowed = "stands behind the last line of an export; import each export by itself"
            raise SettingsError(place, "more", allowed)
        if values is TORN or values.get("end") is True:
            why = TORN_WHY if values is TORN else _why(values, len(ids), place)
            continue
        record = record_from(values, place)
        ids.append(record.id)
        offsets.append(spool.tell())
        runs.add(record.run)
        if len(runs) > RUNS_MAX:
            allowed = f"must be at most {RUNS_MAX} in one file; export them run by run"
            raise SettingsError("runs", len(runs), allowed)
        spool.write(encoded(as_dict(record)) + b"\n")
    return _Found(
        spool, ids, offsets, frozenset(runs), "it has no last line" if why is None else why
    )


def _rows_of(path: Path, form: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The rows with where each stands; the last line as an object with `end`."""
    try:
        if form == "parquet":
            yield from _parquet_rows(path)
        else:
            with path.open("rb") as file:
                yield from json_rows(file) if form == "jsonl" else csv_rows(file)
    except OSError as error:
        allowed = f"must be a file that can be read: {error.strerror or error}"
        raise SettingsError("file", str(path), allowed) from None


def _parquet_rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    from switchgear.observe.history.parquet import read_parquet  # here: it is an extra

    with path.open("rb"):  # that it is not there is said like for the others
        mark, rows = read_parquet(path)
    for number, values in enumerate(rows, 1):
        yield f"row {number}", values
    if mark is not None:
        yield "its end", mark


def _why(end: Mapping[str, Any], records: int, place: str) -> str:
    """Why a file is not whole by its own word; empty when it is. A count that is another one is a fault."""
    if end.get("records") != records:
        raise SettingsError(
            f"{place}, records", end.get("records"), f"must be {records}: so many stand before it"
        )
    return "" if end.get("whole") is True else str(end.get("error") or "it says so")


def _batches(found: _Found) -> Iterator[list[LogRecord]]:
    order = range(len(found.ids) - 1, -1, -1)
    in_order = all(found.ids[at] > found.ids[at + 1] for at in range(len(found.ids) - 1))
    places = order if in_order else sorted(order, key=found.ids.__getitem__)
    batch: list[LogRecord] = []
    for at in places:
        found.spool.seek(found.offsets[at])
        batch.append(record_from(_decode(found.spool.readline()), f"record {at + 1}"))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _writer(history: str | Path, clock: Clock, stack: ExitStack) -> HistoryWriter:
    writer = HistoryWriter(history, clock, rows_max=_FOREVER, age_max_s=_FOREVER)
    stack.callback(writer.close)
    return writer


def _write(batch: list[LogRecord], writers: Mapping[int, HistoryWriter]) -> None:
    """Keep the records of a batch, each in its run; wait until they are kept."""
    for run in dict.fromkeys(record.run for record in batch):
        writer = writers[run]
        writer.write([record for record in batch if record.run == run])
        is_settled = writer.flush(_FLUSH_S)
        lost = sum(writer.lost.values())
        if lost or not is_settled:
            kept = sum(each.written for each in writers.values())
            what = f"{lost} records could not be written" if lost else "it takes too long"
            raise ImportBroken(f"the history could not take all of it: {what}; {kept} are there")
