"""Owns the tables of a journal in SQL, and whether a database is one; opening it is left to sql_store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    MetaData,
    Table,
    Text,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.exc import DBAPIError

from switchgear.core.errors import SettingsError
from switchgear.order.intent import State

if TYPE_CHECKING:
    from sqlalchemy import Connection, FromClause

APPLICATION_ID = 0x5357474F
"""SWGO, in a SQLite file's header and in the table `journal`: tells ours from any other database."""
VERSION = 1
"""The shape of the tables below."""
OPEN = text(f"state in ({', '.join(repr(str(each)) for each in State if each.is_open)})")
"""Word for word in the index and in the question: else neither database uses that index for it."""

OPEN_HINT = "indexed by intent_open"
"""For SQLite, which counts nothing, and would as soon look through all that an account ever ordered."""


class HintedCompiler(SQLiteCompiler):
    """SQLite's words, with hints, which SQLAlchemy leaves out for it."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:
        """The hint, as it was given."""
        del table
        return text


metadata = MetaData()
# By code point on both: a PostgreSQL database sorts by its own language otherwise.
_NAME = Text().with_variant(Text(collation="C"), "postgresql")

journal = Table(
    "journal",
    metadata,
    Column("application_id", BigInteger, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
)

intent = Table(
    "intent",
    metadata,
    Column("intent_id", _NAME, primary_key=True),
    Column("exchange", _NAME, nullable=False),
    Column("account", _NAME, nullable=False),
    Column("client_order_id", _NAME, nullable=False),
    Column("idempotency_key", _NAME),
    Column("symbol", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("type", Text, nullable=False),
    # Amounts are text: every digit that was given is kept, the zeros at the end among them.
    Column("quantity", Text),
    Column("price", Text),
    Column("time_in_force", Text, nullable=False),
    Column("quote_quantity", Text),
    Column("stop_price", Text),
    Column("post_only", Boolean, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("sent_ms", BigInteger),
    Column("attempts", BigInteger, nullable=False),
    Column("notional", Text),
    Column("order_id", Text),
    Column("why", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("owned_until_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
_PLACE = (intent.c.exchange, intent.c.account)
_HAS_KEY = intent.c.idempotency_key.is_not(None)
Index("intent_by_name", *_PLACE, intent.c.client_order_id, unique=True)
Index(
    "intent_by_key",
    *_PLACE,
    intent.c.idempotency_key,
    unique=True,
    sqlite_where=_HAS_KEY,
    postgresql_where=_HAS_KEY,
)
Index("intent_open", *_PLACE, sqlite_where=OPEN, postgresql_where=OPEN)
_NEWEST = (intent.c.created_ms, intent.c.intent_id)
Index("intent_by_time", *_NEWEST)
Index("intent_by_account", *_PLACE, *_NEWEST)

move = Table(
    "move",
    metadata,
    Column("intent_id", _NAME, primary_key=True),
    # The version that the intent came to by it.
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("old", Text),
    Column("new", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("by", Text, nullable=False),
    sqlite_with_rowid=False,
)

kill_switch = Table(
    "kill_switch",
    metadata,
    Column("exchange", _NAME, primary_key=True),
    Column("account", _NAME, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("why", Text, nullable=False),
    sqlite_with_rowid=False,
)


def make_tables(connection: Connection, shown: str) -> None:
    """
    A journal, made in the transaction under way where there is nothing yet.

    Args:
        connection: In a transaction; whoever else starts waits until it ends.
        shown: What errors call the database.

    Raises:
        SettingsError: What is there is a newer version's, or another program's.
    """
    on_server = connection.dialect.name == "postgresql"
    if on_server:
        connection.exec_driver_sql(f"select pg_advisory_xact_lock({APPLICATION_ID})")
    if _is_journal(connection, shown):
        return
    metadata.create_all(connection, checkfirst=False)
    connection.execute(insert(journal).values(application_id=APPLICATION_ID, version=VERSION))
    if not on_server:
        connection.exec_driver_sql(f"pragma application_id = {APPLICATION_ID}")


def _is_journal(connection: Connection, shown: str) -> bool:
    there = metadata.tables.keys() & set(inspect(connection).get_table_names())
    if not there:
        return False
    version = _version(connection) if journal.name in there else None
    if version is None:
        names = ", ".join(sorted(there))
        allowed = f"must be a journal; it has another program's tables of the same names: {names}"
        raise SettingsError("journal", shown, allowed)
    if version != VERSION:
        allowed = (
            f"is from a newer version of switchgear: its shape is {version}, known is {VERSION}"
        )
        raise SettingsError("journal", shown, allowed)
    return True


def _version(connection: Connection) -> int | None:
    ours = select(journal.c.version).where(journal.c.application_id == APPLICATION_ID)
    try:
        return connection.execute(ours).scalar()
    except DBAPIError as error:
        if error.connection_invalidated or not _lacks_column(error):
            raise
        return None


def _lacks_column(error: DBAPIError) -> bool:
    undefined_column = getattr(error.orig, "sqlstate", None) == "42703"
    return undefined_column or "no such column" in str(error.orig)
