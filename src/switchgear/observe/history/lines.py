"""
Owns cutting an exported text file into its rows, each with the line that it begins in; what a field may be is values'.

A row that ends with the file and not with its line is torn: the file broke off there.
"""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, Any

import msgspec

from switchgear.core.errors import SettingsError
from switchgear.observe.history.export import FIELDS, NOT_WHOLE, WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LINE_BYTES_MAX = 16 * 1024 * 1024
_SHOWN_CHARS = 60
_decode = msgspec.json.Decoder().decode
_CELL = re.compile(r'"((?:[^"]|"")*+)"|([^",\r\n]*+)')
_NUMBER = re.compile(r"-?[0-9]+(?P<float>(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)", re.ASCII | re.IGNORECASE)
_COUNT = re.compile(r"([0-9]+) records")
TORN: Mapping[str, Any] = {}
"""Stands for a row that is not all there; it is this very object."""
TORN_WHY = "it breaks off in the midst of a line"


def json_rows(file: IO[bytes]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The rows of JSON lines; SettingsError names the line that is none."""
    for number, line in _lines(file):
        place = f"line {number}"
        if not line.endswith(b"\n"):
            yield place, TORN
            return
        try:
            found: object = _decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise SettingsError(place, _shown(line), "must be a JSON object")
        yield place, found


def csv_rows(file: IO[bytes]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The rows of a CSV file as `to_csv` writes it; SettingsError names the line that is none."""
    names: list[Any] | None = None
    for number, row in _csv_lines(file):
        place = f"line {number}"
        if not row.endswith("\n"):
            yield place, TORN
            return
        cells = _cells(row.rstrip("\r\n"), place)
        if names is None:
            names = _names(cells, place)
        elif isinstance(cells[0], str) and cells[0].startswith((WHOLE, NOT_WHOLE)):
            yield place, _end(cells[0])
        elif len(cells) != len(names):
            raise SettingsError(place, f"{len(cells)} fields", f"must have {len(names)}")
        else:
            yield place, _detailed(dict(zip(names, cells, strict=True)), place)


def _lines(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := file.readline(LINE_BYTES_MAX + 1):
        number += 1
        if len(line) > LINE_BYTES_MAX:
            allowed = f"must have at most {LINE_BYTES_MAX} bytes"
            raise SettingsError(f"line {number}", _shown(line), allowed)
        yield number, line


def _csv_lines(file: IO[bytes]) -> Iterator[tuple[int, str]]:
    """Rows, which may reach over several lines where a text in quotes does."""
    begun, kept = 0, b""
    for number, line in _lines(file):
        begun = begun or number
        kept += line
        if len(kept) > LINE_BYTES_MAX:
            raise SettingsError(f"line {begun}", _shown(kept), "has a quote that never closes")
        if kept.count(b'"') % 2 == 0:
            yield begun, _decoded(kept, begun)
            begun, kept = 0, b""
    if kept:
        yield begun, _decoded(kept, begun).rstrip("\r\n")


def _decoded(row: bytes, number: int) -> str:
    try:
        return row.decode()
    except UnicodeDecodeError:
        raise SettingsError(f"line {number}", _shown(row), "must be UTF-8") from None


def _names(cells: list[Any], place: str) -> list[Any]:
    if sorted(map(str, cells)) != sorted(FIELDS):
        raise SettingsError(place, _shown(str(cells).encode()), f"must name {', '.join(FIELDS)}")
    return cells


def _cells(row: str, place: str) -> list[Any]:
    """The values: a text in quotes, a number bare, None where there is nothing."""
    cells: list[Any] = []
    at = 0
    while True:
        found = _CELL.match(row, at)
        assert found is not None  # nothing at all matches too
        quoted, bare = found.groups()
        cells.append(_bare(bare, place) if quoted is None else quoted.replace('""', '"'))
        at = found.end()
        if at == len(row):
            return cells
        if row[at] != ",":
            raise SettingsError(place, _shown(row[at:].encode()), "must be a comma after a field")
        at += 1


def _bare(text: str, place: str) -> int | float | None:
    if not text:
        return None
    number = _NUMBER.fullmatch(text)
    if number is None:
        raise SettingsError(place, _shown(text.encode()), "must be a number, or in quotes")
    try:
        return float(text) if number["float"] else int(text)
    except ValueError:  # more digits than a number may have
        raise SettingsError(place, _shown(text.encode()), "must be a number") from None


def _detailed(values: dict[str, Any], place: str) -> dict[str, Any]:
    """The row, with its detail read."""
    text = values.get("detail")
    try:
        values["detail"] = _decode(text) if isinstance(text, str) else text
    except (msgspec.DecodeError, RecursionError):
        raise SettingsError(
            f"{place}, detail", _shown(str(text).encode()), "must be JSON"
        ) from None
    return values


def _end(cell: str) -> dict[str, Any]:
    whole = cell.startswith(WHOLE)
    words = cell.removeprefix(WHOLE if whole else NOT_WHOLE).rpartition("; filter ")[0]
    count = _COUNT.match(words)
    error = "" if whole else words.partition(", then ")[2]
    return {
        "end": True,
        "whole": whole,
        "records": int(count[1]) if count else None,
        "error": error,
    }


def _shown(value: bytes) -> str:
    text = value[: 4 * _SHOWN_CHARS].decode("utf-8", "replace")
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
