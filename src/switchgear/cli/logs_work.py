"""Owns what the commands about records do and print; finding, exporting and importing them is history's."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import typer

from switchgear.cli.show import date, harmless
from switchgear.core.errors import SettingsError
from switchgear.observe.history import HistoryReader, LogQuery, to_jsonl
from switchgear.observe.history.export import FORMS, exported
from switchgear.observe.history.importing import import_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from switchgear.core.clock import Clock
    from switchgear.observe.history.export import End
    from switchgear.observe.record import LogRecord

FOLLOW_S = 0.5
"""So often a history is asked for what has come."""
BROKE_OFF = 1
"""The exit code of an export that is not whole."""


class _Form(NamedTuple):
    """How records are printed."""

    as_json: bool

    def print(self, records: Iterable[LogRecord]) -> None:
        """One line each."""
        if self.as_json:
            for line in to_jsonl(records):
                typer.echo(line, nl=False)
            return
        for record in records:
            typer.echo(_line(record))


def show_logs(
    where: str, filters: Mapping[str, str], clock: Clock, *, as_json: bool, follow: bool = False
) -> None:
    """
    Print the newest records that match, the newest last; and then those that come, until it is interrupted.

    Raises:
        SettingsError: A filter does not parse, or there is no such history.
    """
    query = LogQuery.parse(filters, _now_ms(clock))
    reader, form = HistoryReader(where, clock), _Form(as_json)
    mark = reader.mark()
    # Up to what was the newest before: what comes meanwhile is for who follows.
    page = replace(query, before_id=_end(query, mark[1])) if follow else query
    form.print(reader.query(page)[::-1])
    if follow:
        with suppress(KeyboardInterrupt):
            _follow(reader, query, mark, form, clock)


def _follow(
    reader: HistoryReader, query: LogQuery, mark: tuple[str, int], form: _Form, clock: Clock
) -> None:
    least = query.after_id or 0
    history, seen = mark[0], max(mark[1], least)
    while True:
        clock.sleep(FOLLOW_S)
        now, newest = reader.mark()
        if now != history or newest < seen:
            history, seen = now, least  # it was begun anew, and ids with it
        if newest > seen:
            # Up to what was the newest before: what comes meanwhile has its turn next time.
            span = replace(query, after_id=seen, before_id=_end(query, newest))
            form.print(list(reader.export(span))[::-1])
            seen = newest


def _end(query: LogQuery, newest: int) -> int:
    return newest + 1 if query.before_id is None else min(query.before_id, newest + 1)


def export_logs(
    where: str, filters: Mapping[str, str], clock: Clock, file: Path, form: str | None
) -> int:
    """
    Write every record that matches to a file, the newest first; the exit code.

    It has another name until it is complete: a file of this name ends with a line that says whether it is whole.

    Raises:
        SettingsError: A filter or the form cannot be, there is no such history, or the file cannot be written.
    """
    query = LogQuery.parse(filters, _now_ms(clock))
    found = form or file.suffix.lower().removeprefix(".")
    if found not in FORMS:
        raise SettingsError("format", found, f"must be one of {', '.join(FORMS)}")
    reader = HistoryReader(where, clock)
    ends: list[End] = []
    begun = file.with_name(f"{file.name}.part")
    try:
        with begun.open("wb") as out:
            for piece in exported(found, reader.export(query), query, ends.append):
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        begun.replace(file)
    except OSError as error:
        allowed = f"must be a file that can be written: {error.strerror or error}"
        raise SettingsError("export", str(file), allowed) from None
    (end,) = ends
    if end.whole:
        typer.echo(f"{file}: {end.records} records, whole")
        return 0
    typer.echo(harmless(f"{file}: not whole: {end.records} records, then {end.error}"), err=True)
    return BROKE_OFF


def import_logs(
    file: Path, where: str, clock: Clock, form: str | None, *, partial: bool, as_json: bool
) -> None:
    """Bring a file into a history and say what came of it; raises as `import_file`."""
    done = import_file(file, where, clock, form=form, partial=partial)
    if as_json:
        by_old = {str(old): new for old, new in done.runs.items()}
        told = {"records": done.records, "runs": by_old, "whole": done.whole, "why": done.why}
        typer.echo(json.dumps(told))
        return
    runs = ", ".join(f"{old} is {new} now" for old, new in done.runs.items())
    whole = "" if done.whole else f"; the file is not whole: {harmless(done.why)}"
    typer.echo(f"{done.records} records{f'; run {runs}' if runs else ''}{whole}")


def _now_ms(clock: Clock) -> int:
    return round(clock.wall().timestamp() * 1000)


def _line(record: LogRecord) -> str:
    where = ".".join(part for part in (record.exchange, record.method) if part) or "switchgear"
    account = "" if record.account in {"", "main"} else f"[{record.account}]"
    line = f"{date(record.at_ms)} {record.level.name:8} {where}{account} {record.message}"
    return harmless(line)
