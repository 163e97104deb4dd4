"""Owns deleting records so that sums and words stay true: they go in the same transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from switchgear.observe.store.finding import ROW, ends_of
from switchgear.observe.store.rollups import EVER, OF_LEVELS, minutes_of, spread
from switchgear.observe.store.rows import own_words, record_of_row
from switchgear.observe.store.schema import record, rollup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from switchgear.observe.store.place import Sql
    from switchgear.observe.store.shapes import ShapeBook


def remove(sql: Sql, connection: Connection, book: ShapeBook, ids: Sequence[int]) -> int:
    """Delete the records of these ids, in the writing transaction under way; gives how many there were."""
    if not ids:
        return 0
    these = sql.among(record.c.id, ids)
    rows = connection.execute(select(*ROW).where(these)).all()
    words = [
        (row.id, said)
        for row in rows
        if row.message is not None or row.code or row.status is not None or row.order_id
        if (
            said := own_words(
                row.message, record_of_row(row, book.by_id), book.by_id[row.shape].words
            )
        )
    ]
    if words:
        sql.drop_words(connection, words)
    if rows:
        sums = minutes_of((row.id, row.at_ms, row.shape) for row in rows)
        sql.put_sums(connection, spread(sums, book.by_id, sign=-1))
    connection.execute(delete(record).where(these))
    return len(rows)


def oldest(connection: Connection, most: int) -> list[int]:
    """The ids of the oldest records, at most so many."""
    asked = select(record.c.id).order_by(record.c.id).limit(most)
    return list(connection.execute(asked).scalars())


def older(connection: Connection, oldest_ms: int, most: int) -> list[int]:
    """Of the oldest records by id, at most so many, those that are older than a date."""
    ends = ends_of(connection)
    if ends is None or ends[0] >= oldest_ms:
        return []
    # Only the head is looked at: ids follow time but for what several processes write at once.
    head = select(record.c.id, record.c.at_ms).order_by(record.c.id).limit(most).subquery()
    return list(connection.execute(select(head.c.id).where(head.c.at_ms < oldest_ms)).scalars())


def total(connection: Connection) -> int:
    """How many records there are."""
    asked = select(func.sum(rollup.c.count)).where(
        rollup.c.width == EVER, rollup.c.shape.in_(OF_LEVELS)
    )
    return int(connection.execute(asked).scalar() or 0)
