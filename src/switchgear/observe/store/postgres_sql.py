"""
Owns the statements that PostgreSQL has in words of its own: many rows at once, pages of many shapes, its text search.

Words are made by us; the server takes them as they are, and finds what begins with a word by its own index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, any_, literal, text
from sqlalchemy.dialects.postgresql import ARRAY

from switchgear.observe.store.rows import COLUMNS, json_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import ColumnElement, Connection

    from switchgear.observe.store.abreast import Hit
    from switchgear.observe.store.bounds import Bounds
    from switchgear.observe.store.rollups import Sum
    from switchgear.observe.store.rows import Word
    from switchgear.observe.store.shapes import Saying

LOCK = 0x53574752
"""SWGR: one transaction writes at a time, so that ids come to be seen in order."""
_COPY_ROWS = f"COPY record (id, run, {', '.join(COLUMNS)}) FROM STDIN"
_SUMS = (
    "json_to_recordset(cast(:rows AS json)) AS new"
    " (w bigint, s integer, a bigint, n bigint, low bigint, high bigint)"
)
_PUT_SUMS = text(
    "INSERT INTO rollup AS old (width, shape, start, count, id_min, id_max)"  # noqa: S608  names and numbers of ours alone
    f" SELECT w, s, a, n, low, high FROM {_SUMS} ON CONFLICT (width, shape, start) DO UPDATE SET"
    " count = old.count + excluded.count, id_min = least(old.id_min, excluded.id_min),"
    " id_max = greatest(old.id_max, excluded.id_max)"
)
_DROP_SUMS = text(
    f"DELETE FROM rollup USING {_SUMS} WHERE width = w AND shape = s AND start = a AND count = 0"  # noqa: S608  names and numbers of ours alone
)
_PUT_WORDS = text(
    "INSERT INTO word (id, shape, run, at_ms, words) SELECT i, s, :run, a, array_to_tsvector(w)"
    " FROM json_to_recordset(cast(:rows AS json)) AS new (i bigint, s integer, a bigint, w text[])"
)
_DROP_WORDS = text("DELETE FROM word WHERE id = any(:numbers)")
_HIT = "id, shape, at_ms"
_PAGE_MAX = 1_000
"""Up to so many it is quickest to take as many of each shape; of more the server may plan for itself."""
_NEAR = 50
"""So many times as many of the newest that say anything are looked at, which takes a few milliseconds."""
_UNION_MAX = 64
"""More parts of a union take longer to plan than to read."""


class PostgresSql:
    """How PostgreSQL says it."""

    name = "postgresql"
    sparse = 100

    def begin(self, connection: Connection) -> None:
        """Wait until whoever else writes is done."""
        connection.execute(text(f"select pg_advisory_xact_lock({LOCK})"))

    def pack(self, row: list[Any]) -> tuple[Any, ...]:
        """As it is; a tuple is soon none of the garbage collector's business."""
        return tuple(row)

    def put_rows(
        self, connection: Connection, run: int, first: int, rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """As one COPY."""
        json_of(rows)  # raises what the server would, while the transaction is still whole
        raw: Any = connection.connection.driver_connection
        lacking = [None] * len(COLUMNS)
        with raw.cursor() as cursor, cursor.copy(_COPY_ROWS) as copy:
            for place, *values in rows:
                copy.write_row((first + place, run, *values, *lacking[len(values) :]))

    def put_sums(self, connection: Connection, sums: Iterable[Sum]) -> None:
        """Add to the sums; what comes to nothing goes."""
        rows = list(sums)
        names = ("w", "s", "a", "n", "low", "high")
        said = {"rows": json_of(dict(zip(names, one, strict=True)) for one in rows)}
        connection.execute(_PUT_SUMS, said)
        if any(one.records < 0 for one in rows):
            connection.execute(_DROP_SUMS, said)

    def put_words(
        self, connection: Connection, run: int, first: int, words: Iterable[Word]
    ) -> None:
        """Make the words of a batch's records findable."""
        rows = (
            {"i": first + one.place, "s": one.shape, "a": one.at_ms, "w": one.words}
            for one in words
        )
        connection.execute(_PUT_WORDS, {"run": run, "rows": json_of(rows)})

    def drop_words(self, connection: Connection, words: Iterable[tuple[int, list[str]]]) -> None:
        """Forget the words of records."""
        connection.execute(_DROP_WORDS, {"numbers": [number for number, _ in words]})

    def among(self, column: ColumnElement[Any], numbers: Collection[int]) -> ColumnElement[bool]:
        """As one array, however many there are."""
        return column == any_(literal(list(numbers), ARRAY(BigInteger)))

    def newest(
        self, connection: Connection, bounds: Bounds, shapes: Sequence[int], most: int
    ) -> list[Hit]:
        """One walk down the index for each shape, side by side; of many shapes, one after the other."""
        condition, end = bounds.sql(), f"order by id desc limit {most:d}"
        if len(shapes) <= _UNION_MAX and most > _PAGE_MAX:
            parts = [
                f"select {_HIT} from record where shape = {shape:d} and {condition}"  # noqa: S608  names and numbers of ours alone
                for shape in shapes
            ]
            asked = f"{' union all '.join(parts)} {end}"
        else:
            listed = ", ".join(str(int(shape)) for shape in shapes)
            asked = (
                f"select r.* from unnest(array[{listed}]) wanted (number) cross join lateral"  # noqa: S608  names and numbers of ours alone
                f" (select {_HIT} from record where shape = wanted.number and {condition} {end}) r {end}"
            )
        return _rows(connection, asked)

    def scan(
        self, connection: Connection, bounds: Bounds, shapes: Sequence[int] | None, most: int
    ) -> list[Hit]:
        """Down the records themselves; a sum with the shape, so that no index of it is thought of."""
        of_shapes = "" if shapes is None else "and record.shape + 0 = any(%(shapes)s)"
        asked = (
            f"select {_HIT} from record where {bounds.sql()} {of_shapes}"  # noqa: S608  names and numbers of ours alone
            f" order by id desc limit {most:d}"
        )
        return _rows(connection, asked, {} if shapes is None else {"shapes": list(shapes)})

    def saying(
        self, connection: Connection, bounds: Bounds, groups: Sequence[Saying], most: int
    ) -> list[Hit]:
        """A page is looked for among the newest first: of common words the index gives all before the newest."""
        condition, values = _saying(groups)
        within, end = bounds.sql("word"), f"order by id desc limit {most:d}"
        if most <= _PAGE_MAX:
            near = (
                f"(select * from word where {within} order by id desc limit {most * _NEAR:d}) word"  # noqa: S608  names and numbers of ours alone
            )
            found = _rows(connection, f"select {_HIT} from {near} where {condition} {end}", values)  # noqa: S608  names and numbers of ours alone
            if len(found) == most:
                return found
        asked = f"select {_HIT} from word where ({condition}) and {within} {end}"  # noqa: S608  names and numbers of ours alone
        return _rows(connection, asked, values)

    def words(self, connection: Connection) -> set[tuple[int, str]]:
        """Every word that can be found, with the record's id."""
        asked = text(
            "select id, unnest(tsvector_to_array(words))"
            " from word join record using (id, shape, run, at_ms)"
        )
        return {(int(number), str(term)) for number, term in connection.execute(asked)}


def _saying(groups: Sequence[Saying]) -> tuple[str, dict[str, object]]:
    """A condition of words, and its values."""
    conditions, values = list[str](), dict[str, object]()
    for place, one in enumerate(groups):
        condition = f"words @@ cast(%(said{place})s as tsquery)"
        values[f"said{place}"] = " & ".join(f"'{token}':*" for token in one.tokens)
        if one.shapes is not None:
            condition += f" and shape = any(%(shapes{place})s)"
            values[f"shapes{place}"] = one.shapes
        conditions.append(f"({condition})")
    return " or ".join(conditions), values


def _rows(connection: Connection, asked: str, values: dict[str, object] | None = None) -> list[Hit]:
    # Of the driver itself: there may be a hundred thousand.
    raw: Any = connection.connection.driver_connection
    with raw.cursor() as cursor:
        found: list[Hit] = cursor.execute(asked, values or None).fetchall()
    return found
