"""
Owns the statements that SQLite has in words of its own: many rows at once, pages of many shapes, and its text search.

Words are made by us and lie in an FTS5 table that keeps no text; its tokenizer leaves them as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, literal, select

from switchgear.observe.store.abreast import merged, side_by_side
from switchgear.observe.store.rows import COLUMNS, joined, json_of, packed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import ColumnElement, Connection

    from switchgear.observe.store.abreast import Ask, Hit
    from switchgear.observe.store.bounds import Bounds
    from switchgear.observe.store.rollups import Sum
    from switchgear.observe.store.rows import Word
    from switchgear.observe.store.shapes import Saying

# One statement for a whole batch, which SQLite takes apart itself: a statement for each row would take Python's lock
# for each row.
_PUT_ROWS = (
    f"INSERT INTO record (id, run, {', '.join(COLUMNS)}) SELECT ? + json_extract(value, '$[0]'), ?, "  # noqa: S608  names and numbers of ours alone
    + ", ".join(f"json_extract(value, '$[{place}]')" for place in range(1, 1 + len(COLUMNS)))
    + " FROM json_each(?)"
)
_PUT_SUMS = (
    "INSERT INTO rollup (width, shape, start, count, id_min, id_max) SELECT "  # noqa: S608  names and numbers of ours alone
    + ", ".join(f"json_extract(value, '$[{place}]')" for place in range(6))
    + " FROM json_each(?) WHERE true ON CONFLICT (width, shape, start) DO UPDATE SET"
    " count = count + excluded.count,"
    " id_min = min(id_min, excluded.id_min), id_max = max(id_max, excluded.id_max)"
)
_DROP_SUMS = (
    "DELETE FROM rollup WHERE count = 0 AND (width, shape, start) IN (SELECT json_extract(value, '$[0]'),"
    " json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM json_each(?))"
)
_PUT_WORDS = (
    "INSERT INTO word (rowid, words) SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]')"
    " FROM json_each(?)"
)
_DROP_WORDS = (
    "INSERT INTO word (word, rowid, words) SELECT 'delete', json_extract(value, '$[0]'),"
    " json_extract(value, '$[1]') FROM json_each(?)"
)
_HIT = "record.id, record.shape, record.at_ms"
_VOCABULARY = "create virtual table if not exists temp.said using fts5vocab(main, word, instance)"
_OF_SHAPES = "and record.shape in (select value from json_each(?2))"
TERMS_MAX = 12
"""Words that are looked for one by one, where a search names their beginning."""
_UNION_MAX = 400
"""SQLite takes 500 parts of a union."""


class SqliteSql:
    """How SQLite says it."""

    name = "sqlite"
    sparse = 16

    def begin(self, connection: Connection) -> None:
        """Nothing: a transaction of the writing engine begins with the lock."""

    def pack(self, row: list[Any]) -> bytes:
        """As JSON."""
        return packed(row)

    def put_rows(self, connection: Connection, run: int, first: int, rows: Sequence[bytes]) -> None:
        """Keep the records of a batch, the first with this id."""
        connection.exec_driver_sql(_PUT_ROWS, (first, run, joined(rows)))

    def put_sums(self, connection: Connection, sums: Iterable[Sum]) -> None:
        """Add to the sums; what comes to nothing goes."""
        rows = list(sums)
        text = json_of(rows)
        connection.exec_driver_sql(_PUT_SUMS, (text,))
        if any(one.records < 0 for one in rows):
            connection.exec_driver_sql(_DROP_SUMS, (text,))

    def put_words(
        self, connection: Connection, run: int, first: int, words: Iterable[Word]
    ) -> None:
        """Make the words of a batch's records findable."""
        del run
        rows = [(first + one.place, " ".join(one.words)) for one in words]
        connection.exec_driver_sql(_PUT_WORDS, (json_of(rows),))

    def drop_words(self, connection: Connection, words: Iterable[tuple[int, list[str]]]) -> None:
        """Forget the words of records: a table without text has to be told which they were."""
        rows = [(number, " ".join(said)) for number, said in words]
        connection.exec_driver_sql(_DROP_WORDS, (json_of(rows),))

    def among(self, column: ColumnElement[Any], numbers: Collection[int]) -> ColumnElement[bool]:
        """As one JSON text, however many there are."""
        listed = func.json_each(literal(json_of(numbers))).table_valued("value")
        return column.in_(select(listed.c.value))

    def newest(
        self, connection: Connection, bounds: Bounds, shapes: Sequence[int], most: int
    ) -> list[Hit]:
        """One walk down the index for each shape, side by side, which SQLite ends at the last that is needed."""
        pages = [
            self._union(connection, bounds, shapes[place : place + _UNION_MAX], most)
            for place in range(0, len(shapes), _UNION_MAX)
        ]
        return merged(pages, most)

    def _union(
        self, connection: Connection, bounds: Bounds, shapes: Sequence[int], most: int
    ) -> list[Hit]:
        condition = bounds.sql()
        parts = [
            f"select {_HIT} from record where shape = {shape:d} and {condition}"  # noqa: S608  names and numbers of ours alone
            for shape in shapes
        ]
        asked = f"{' union all '.join(parts)} order by id desc limit {most:d}"
        return _rows(connection, asked)

    def scan(
        self, connection: Connection, bounds: Bounds, shapes: Sequence[int] | None, most: int
    ) -> list[Hit]:
        """Down the records themselves; a sum with the shape, so that no index of it is thought of."""
        of_shapes = (
            "" if shapes is None else "and record.shape + 0 in (select value from json_each(?))"
        )
        asked = (
            f"select {_HIT} from record where {bounds.sql()} {of_shapes}"  # noqa: S608  names and numbers of ours alone
            f" order by id desc limit {most:d}"
        )
        return _rows(connection, asked, () if shapes is None else (json_of(shapes),))

    def saying(
        self, connection: Connection, bounds: Bounds, groups: Sequence[Saying], most: int
    ) -> list[Hit]:
        """Of the words' lists, from their newest end, each group by itself."""
        return side_by_side([_ask(connection, one) for one in groups], bounds, most)

    def words(self, connection: Connection) -> set[tuple[int, str]]:
        """Every word that can be found, with the record's id."""
        connection.exec_driver_sql(_VOCABULARY)
        rows = connection.exec_driver_sql("select doc, term from temp.said")
        return {(int(number), str(term)) for number, term in rows}


def _ask(connection: Connection, one: Saying) -> Ask:
    terms = [_terms(connection, token) for token in one.tokens]
    said = " AND ".join(f"({' OR '.join(each)})" for each in terms)
    values = (said,) if one.shapes is None else (said, json_of(one.shapes))
    of_shapes = "" if one.shapes is None else _OF_SHAPES

    def ask(bounds: Bounds, most: int) -> list[Hit]:
        asked = (
            f"select {_HIT} from word cross join record on record.id = word.rowid"  # noqa: S608  names and numbers of ours alone
            f" where word.word match ?1 and word.rowid < {bounds.high:d} and word.rowid >= {bounds.low:d}"
            f" and {bounds.sql()} {of_shapes} order by word.rowid desc limit {most:d}"
        )
        return _rows(connection, asked, values) if all(terms) else []

    return ask


def _terms(connection: Connection, token: str) -> list[str]:
    """What stands for a beginning of words: the words that there are, or itself when they are many."""
    # FTS5 puts the lists of all words of a beginning together before it gives the first; of a word it reads the end.
    raw: Any = connection.connection.driver_connection
    raw.execute(_VOCABULARY)
    found, last = list[str](), token
    while len(found) < TERMS_MAX:
        row = raw.execute("select term from temp.said where term >= ? limit 1", (last,)).fetchone()
        if row is None or not row[0].startswith(token):
            return found
        found.append(f'"{row[0]}"')
        last = row[0] + "\x01"  # all the places of one word are passed over
    return [f'"{token}"*']


def _rows(connection: Connection, asked: str, values: tuple[str, ...] = ()) -> list[Hit]:
    # Of the driver itself: there may be a hundred thousand.
    raw: Any = connection.connection.driver_connection
    found: list[Hit] = raw.execute(asked, values).fetchall()
    return found
