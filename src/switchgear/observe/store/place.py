"""Owns what the store asks of a database, whichever it is: a file, or a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from switchgear.core.errors import SettingsError
from switchgear.observe.store.postgres_engine import PostgresServer
from switchgear.observe.store.sqlite_engine import SqliteFile

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Iterable, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy import ColumnElement, Connection, Engine

    from switchgear.observe.store.abreast import Hit
    from switchgear.observe.store.bounds import Bounds
    from switchgear.observe.store.rollups import Sum
    from switchgear.observe.store.rows import Word
    from switchgear.observe.store.shapes import Saying

_SCHEMES = ("postgresql", "postgresql+psycopg", "postgres")


class Sql(Protocol):
    """The statements that each database has in words of its own."""

    name: str
    """SQLAlchemy's name of it."""
    sparse: int
    """Where one record of so many matches or more, it is quicker to look at all than at an index of each shape."""

    def begin(self, connection: Connection) -> None:
        """Make the transaction under way the only one that writes."""
        ...

    def pack(self, row: list[Any]) -> Any:
        """A row of a batch as `put_rows` takes it; of few objects, for many are kept at once."""
        ...

    def put_rows(self, connection: Connection, run: int, first: int, rows: Sequence[Any]) -> None:
        """Keep the records of a batch, the first with this id."""
        ...

    def put_sums(self, connection: Connection, sums: Iterable[Sum]) -> None:
        """Add to the sums; what comes to nothing goes."""
        ...

    def put_words(
        self, connection: Connection, run: int, first: int, words: Iterable[Word]
    ) -> None:
        """Make the words of a batch's records findable."""
        ...

    def drop_words(self, connection: Connection, words: Iterable[tuple[int, list[str]]]) -> None:
        """Forget the words of records, each by its id."""
        ...

    def among(self, column: ColumnElement[Any], numbers: Collection[int]) -> ColumnElement[bool]:
        """Whether a column is one of many numbers."""
        ...

    def newest(
        self, connection: Connection, bounds: Bounds, shapes: Sequence[int], most: int
    ) -> list[Hit]:
        """The newest records of some shapes within bounds, newest first."""
        ...

    def scan(
        self, connection: Connection, bounds: Bounds, shapes: Sequence[int] | None, most: int
    ) -> list[Hit]:
        """The newest records, of these shapes or of all, as they lie."""
        ...

    def saying(
        self, connection: Connection, bounds: Bounds, groups: Sequence[Saying], most: int
    ) -> list[Hit]:
        """The newest records that say what one of the groups asks, newest first."""
        ...

    def words(self, connection: Connection) -> set[tuple[int, str]]:
        """Every word that can be found, with the record's id."""
        ...


class Place(Protocol):
    """Where a store is."""

    shown: str
    """What messages call it; without a password."""

    @property
    def sql(self) -> Sql:
        """How its database says things."""
        ...

    def writing_engine(self, now_ms: int, said: Callable[[str], object]) -> Engine:
        """What writes: one connection. Brings the store up to date; `said` is told of one that was moved aside."""
        ...

    def reading_engine(self, *, clears: bool = False) -> Engine:
        """What reads, and deletes if it clears, from any thread; the store is looked at first."""
        ...

    def failures(self) -> AbstractContextManager[None]:
        """Turn what the database raises into the two errors that callers know."""
        ...

    def identity(self) -> object | None:
        """What tells the store that is there now from another one at the same place; None when there is none."""
        ...

    def bytes_used(self, connection: Connection) -> int | None:
        """How many bytes records and all that belongs to them take; None where nobody can tell."""
        ...

    def give_back(self, engine: Engine) -> None:
        """Hand a bounded part of what is free back to the disk."""
        ...


def place_of(where: str | os.PathLike[str], noted: Callable[[str], object] | None = None) -> Place:
    """
    The place that a path or a URL names; nothing is opened.

    Args:
        where: The path or the URL.
        noted: Told what a person may want to do with a file; a server has nothing to say.

    Raises:
        SettingsError: It is neither a path nor `postgresql://…`.
    """
    scheme, mark, _ = str(where).partition("://")
    if not isinstance(where, str) or not mark:
        return SqliteFile(Path(where), noted)
    if scheme not in _SCHEMES:
        raise SettingsError("history", f"{scheme}://…", "must be a path or postgresql://…")
    return PostgresServer(where)
