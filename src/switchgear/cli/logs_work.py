"""Owns what the commands about records do and print; finding them is whoever's they are: a history, or a server."""

from __future__ import annotations

import json
import os
import re
from contextlib import closing, suppress
from typing import TYPE_CHECKING, NamedTuple

import typer

from switchgear.cli.show import date, harmless
from switchgear.core.errors import SettingsError
from switchgear.observe.history import LogQuery, to_jsonl
from switchgear.observe.history.export import FORMS, exported
from switchgear.observe.history.importing import import_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from switchgear.cli.sources import Logs
    from switchgear.core.clock import Clock
    from switchgear.observe.history.export import End
    from switchgear.observe.record import LogRecord

_NO_ASCII = re.compile(r"[^ -~\n]")
"""Of a line of JSON: only texts in it hold any, and a terminal may obey it."""
BROKE_OFF = 1
"""The exit code of an export that is not whole."""


class _Form(NamedTuple):
    """How records are printed."""

    as_json: bool

    def print(self, records: Iterable[LogRecord]) -> None:
        """One line each."""
        if self.as_json:
            for line in to_jsonl(records):
                typer.echo(_NO_ASCII.sub(_escaped, line.decode()), nl=False)
            return
        for record in records:
            typer.echo(_line(record))


def show_logs(
    logs: Logs, filters: Mapping[str, str], clock: Clock, *, as_json: bool, follow: bool = False
) -> None:
    """
    Print the newest records that match, the newest last; and then those that come, until it is interrupted.

    Raises:
        SettingsError: A filter does not parse.
        SwitchgearError: The log cannot be read.
    """
    query, form = LogQuery.parse(filters, _now_ms(clock)), _Form(as_json)
    if not follow:
        form.print(logs.page(query)[::-1])
        return
    with suppress(KeyboardInterrupt), closing(logs.followed(query)) as found:
        for records in found:
            form.print(records)


def export_logs(
    logs: Logs, filters: Mapping[str, str], clock: Clock, file: Path, form: str | None
) -> int:
    """
    Write every record that matches to a file, the newest first; the exit code.

    It has another name until it is complete: a file of this name ends with a line that says whether it is whole. One
    that is not whole does not take the place of a file: it keeps its other name, with `.part` at its end.

    Raises:
        SettingsError: A filter or the form cannot be, or the file cannot be written.
    """
    query = LogQuery.parse(filters, _now_ms(clock))
    found = form or file.suffix.lower().removeprefix(".")
    if found not in FORMS:
        raise SettingsError("format", found, f"must be one of {', '.join(FORMS)}")
    records = logs.export(query)  # a server refuses here, before a file is begun
    ends: list[End] = []
    begun = file.with_name(f"{file.name}.part")
    try:
        with begun.open("wb") as out:
            for piece in exported(found, records, query, ends.append):
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        (end,) = ends
        keeps = not end.whole and file.exists()
        if not keeps:
            begun.replace(file)
    except OSError as error:
        allowed = f"must be a file that can be written: {error.strerror or error}"
        raise SettingsError("export", str(file), allowed) from None
    if end.whole:
        typer.echo(f"{file}: {end.records} records, whole")
        return 0
    said = f"{begun if keeps else file}: not whole: {end.records} records, then {end.error}"
    said = f"{said}; {file} is left as it was" if keeps else said
    typer.echo(harmless(said), err=True)
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


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]


def _line(record: LogRecord) -> str:
    where = ".".join(part for part in (record.exchange, record.method) if part) or "switchgear"
    account = "" if record.account in {"", "main"} else f"[{record.account}]"
    line = f"{date(record.at_ms)} {record.level.name:8} {where}{account} {record.message}"
    return harmless(line)
