"""Owns counting everything again: whether sums, words and ends are what the records say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from switchgear.observe.store.finding import ROW
from switchgear.observe.store.rollups import Sum, minutes_of, spread
from switchgear.observe.store.rows import own_words, record_of_row
from switchgear.observe.store.schema import record, rollup, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from switchgear.observe.store.place import Sql
    from switchgear.observe.store.shapes import ShapeBook


def faults_of(sql: Sql, connection: Connection, book: ShapeBook) -> list[str]:
    """What is not as it should be; reads every record, so it is for stores that are not large."""
    return [*_sums(connection, book), *_words(sql, connection, book), *_ids(connection, book)]


def _sums(connection: Connection, book: ShapeBook) -> Iterator[str]:
    rows = connection.execute(select(record.c.id, record.c.at_ms, record.c.shape))
    counted = minutes_of((number, at_ms, shape) for number, at_ms, shape in rows)
    true = {one[:3]: one for one in spread(counted, book.by_id)}
    kept = {one[:3]: Sum(*one) for one in map(tuple, connection.execute(select(rollup)))}
    for key in sorted(true.keys() | kept.keys()):
        should, has = true.get(key), kept.get(key)
        if should is None or has is None or should.records != has.records:
            yield f"sum {key} is {has and has.records}, the records are {should and should.records}"
        elif has.id_min > should.id_min or has.id_max < should.id_max:
            yield f"sum {key} has ids from {has.id_min} to {has.id_max}, the records {should.id_min} to {should.id_max}"


def _words(sql: Sql, connection: Connection, book: ShapeBook) -> Iterator[str]:
    should: set[tuple[int, str]] = set()
    for row in connection.execute(select(*ROW)):
        said = own_words(row.message, record_of_row(row, book.by_id), book.by_id[row.shape].words)
        should.update((row.id, word) for word in said)
    has = sql.words(connection)
    yield from (f"word {one} cannot be found" for one in sorted(should - has))
    yield from (f"word {one} is found, and no record says it" for one in sorted(has - should))


def _ids(connection: Connection, book: ShapeBook) -> Iterator[str]:
    ends = {row.id: (row.id_min or 0, row.id_max or 0) for row in connection.execute(select(run))}
    for number, of_run in connection.execute(select(record.c.id, record.c.run)):
        low, high = ends.get(of_run, (0, 0))
        if not low <= number <= high:
            yield f"record {number} is outside of its run {of_run}"
        if number > book.newest_id:
            yield f"record {number} is newer than the newest, {book.newest_id}"
