"""Owns what a step, an intent and a question are in SQL; connections and transactions are left to sql_store."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Numeric,
    and_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from switchgear.core.errors import SettingsError
from switchgear.exchange.model import OrderRequest, OrderType, Side, TimeInForce
from switchgear.order.intent import Intent, Move, StaleIntent, State
from switchgear.order.sql_schema import OPEN, OPEN_HINT, intent, kill_switch, move
from switchgear.order.store import (
    COUNTED,
    Change,
    Claim,
    DayFull,
    DuplicateIntent,
    Halted,
    Switch,
    Write,
    check_day,
    worth,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Insert, RowMapping, Select, Update

    from switchgear.order.store import Day, IntentQuery, Outcome, Step

NAME_CHARS_MAX = 200
"""Of each name that an index holds: three of them, of four bytes a character, still fit into PostgreSQL's."""
_KEPT = [each.name for each in fields(Intent) if each.name not in {"request", "state"}]
_AMOUNTS = ("quantity", "price", "quote_quantity", "stop_price")
_WORDS = ("symbol", "side", "type", "time_in_force")
_MOVING = ("state", "version", "changed_ms", "sent_ms", "attempts", "order_id", "why")
"""What a move changes; the rest of an intent is as it was written, for ever."""
_INDEXED = frozenset({"intent_id", "exchange", "account", "client_order_id", "idempotency_key"})
_NAMES = ("exchange", "account", "client_order_id", "idempotency_key", "symbol")

ONE = select(intent).where(intent.c.intent_id == bindparam("at_id"))
_CHANGE = (
    update(intent)
    .where(
        intent.c.intent_id == bindparam("at_id"),
        intent.c.version == bindparam("at_version"),
        intent.c.state == bindparam("at_state"),
    )
    .values({name: bindparam(name) for name in _MOVING})
)
_CLAIM = (
    update(intent)
    .where(
        intent.c.intent_id == bindparam("at_id"),
        or_(
            intent.c.owner == bindparam("as_owner"), intent.c.owned_until_ms <= bindparam("now_ms")
        ),
    )
    .values(owner=bindparam("as_owner"), owned_until_ms=bindparam("until_ms"))
)
MOVES = select(move).where(move.c.intent_id == bindparam("at_id")).order_by(move.c.seq)
SWITCHES = select(kill_switch).order_by(
    kill_switch.c.at_ms, kill_switch.c.exchange, kill_switch.c.account
)
_OF_DAY = (
    intent.c.exchange == bindparam("exchange"),
    intent.c.account == bindparam("account"),
    intent.c.created_ms >= bindparam("since_ms"),
    intent.c.state.in_(sorted(map(str, COUNTED))),
)
NOTIONALS = select(intent.c.notional).where(*_OF_DAY)
"""For SQLite, which has no decimals: added up here."""
_SPENT = select(func.sum(cast(intent.c.notional, Numeric))).where(*_OF_DAY)
"""For PostgreSQL, whose decimals are exact."""
_LINE = insert(move)
_OFF = delete(kill_switch).where(
    kill_switch.c.exchange == bindparam("exchange"), kill_switch.c.account == bindparam("account")
)


def _writing(statement: sqlite.Insert | postgresql.Insert) -> Insert:
    """One row, unless its ids are taken or a switch is on for it: looked at in the same instant."""
    names = [column.name for column in intent.c]
    values = select(*(bindparam(column.name, type_=column.type) for column in intent.c))
    halted = exists().where(
        or_(
            and_(kill_switch.c.exchange == "", kill_switch.c.account == ""),
            and_(
                kill_switch.c.exchange == bindparam("exchange"),
                kill_switch.c.account == bindparam("account"),
            ),
        )
    )
    one = statement.from_select(names, values.where(~halted)).on_conflict_do_nothing()
    return one.execution_options(preserve_rowcount=True)


def _turning_on(statement: sqlite.Insert | postgresql.Insert) -> Insert:
    newer = {name: statement.excluded[name] for name in ("at_ms", "by", "why")}
    return statement.on_conflict_do_update(index_elements=["exchange", "account"], set_=newer)


_WRITE = {
    "sqlite": _writing(sqlite.insert(intent)),
    "postgresql": _writing(postgresql.insert(intent)),
}
_ON = {
    "sqlite": _turning_on(sqlite.insert(kill_switch)),
    "postgresql": _turning_on(postgresql.insert(kill_switch)),
}


def carry_out(connection: Connection, steps: Sequence[Step]) -> list[Outcome]:
    """What each step came to, in order, in the transaction under way; one that is refused changed nothing."""
    lines: list[dict[str, object]] = []
    outcomes = [_outcome(connection, step, lines) for step in steps]
    if lines:
        connection.execute(_LINE, lines)
    return outcomes


def _outcome(connection: Connection, step: Step, lines: list[dict[str, object]]) -> Outcome:
    kept: Intent | None
    try:
        match step:
            case Write():
                kept = _write(connection, step)
                lines.append(_line(kept.created_ms, None, kept, step.by))
            case Change():
                kept = _change(connection, step)
                lines.append(_line(kept.changed_ms, step.old, kept, step.by))
            case Claim():
                kept = _claim(connection, step)
            case Switch():
                _switch(connection, step)
                kept = None
    except (StaleIntent, DuplicateIntent, Halted, DayFull, SettingsError) as refused:
        return refused
    return kept


def _write(connection: Connection, step: Write) -> Intent:
    _storable({"by": step.by})
    row = _storable(_row_of(step.intent))
    if step.day is not None:
        _check_day(connection, step.intent, step.day)
    if not connection.execute(_WRITE[connection.dialect.name], row).rowcount:
        refusal = _refusal(connection, step.intent)
        assert refusal is not None  # what turns a switch goes alone: it stands as it did
        raise refusal
    return replace(step.intent, why=row["why"])


def _check_day(connection: Connection, wanted: Intent, day: Day) -> None:
    # Nobody else writes until this transaction has ended: sql_store sees to it.
    values = {"exchange": wanted.exchange, "account": wanted.account, "since_ms": day.since_ms}
    try:
        check_day(_spent(connection, values), wanted, day)
    except DayFull as full:
        raise _refusal(connection, wanted) or full from None


def _spent(connection: Connection, values: dict[str, Any]) -> Decimal:
    if connection.dialect.name == "sqlite":
        return worth(connection.execute(NOTIONALS, values).scalars())
    return Decimal(connection.execute(_SPENT, values).scalar() or 0)


def _refusal(connection: Connection, wanted: Intent) -> DuplicateIntent | Halted | None:
    for names in (
        ("exchange", "account", "client_order_id"),
        ("exchange", "account", "idempotency_key"),
        ("intent_id",),
    ):
        # A key that is not there is nobody's: `= null` finds nothing, which SQLAlchemy's == would not write.
        same = [intent.c[name] == bindparam(name, getattr(wanted, name)) for name in names]
        found = connection.execute(select(intent).where(*same)).mappings().first()
        if found is not None:
            return DuplicateIntent(intent_of(found))
    switches = connection.execute(SWITCHES).mappings()
    on = {(each["exchange"], each["account"]): each for each in switches}
    switch = on.get((wanted.exchange, wanted.account)) or on.get(("", ""))
    return None if switch is None else Halted(switch_of(switch))


def _change(connection: Connection, step: Change) -> Intent:
    wanted = step.intent
    _storable({"by": step.by, "intent_id": wanted.intent_id})
    row = _storable({name: getattr(wanted, name) for name in _MOVING})
    row |= {
        "state": str(wanted.state),
        "at_id": wanted.intent_id,
        "at_version": wanted.version - 1,
        "at_state": str(step.old),
    }
    return _updated(connection, _CHANGE, row, f"intent {wanted.intent_id} is not what it was")


def _claim(connection: Connection, step: Claim) -> Intent:
    row = _storable({"intent_id": step.intent_id, "as_owner": step.owner})
    row = {"at_id": row.pop("intent_id"), **row, "now_ms": step.now_ms, "until_ms": step.until_ms}
    refusal = f"intent {step.intent_id} is seen through by somebody else"
    return _updated(connection, _CLAIM, row, refusal)


def _updated(
    connection: Connection, statement: Update, row: dict[str, Any], refusal: str
) -> Intent:
    if not connection.execute(statement, row).rowcount:
        raise StaleIntent(refusal)
    return intent_of(connection.execute(ONE, {"at_id": row["at_id"]}).mappings().one())


def _switch(connection: Connection, step: Switch) -> None:
    place = _storable({"exchange": step.exchange, "account": step.account})
    if not step.on:
        connection.execute(_OFF, place)
        return
    said = _storable({"at_ms": step.at_ms, "by": step.by, "why": step.why})
    connection.execute(_ON[connection.dialect.name], place | said)


def selecting(query: IntentQuery) -> Select[Any]:
    """The question in SQL, newest first."""
    asked = select(intent).order_by(intent.c.created_ms.desc(), intent.c.intent_id.desc())
    for name in _NAMES:
        value = getattr(query, name)
        if value is not None:
            asked = asked.where(intent.c[name] == value)
    if query.states is not None:
        asked = asked.where(intent.c.state.in_(sorted(map(str, query.states))))
        if all(state.is_open for state in query.states):
            asked = asked.where(OPEN).with_hint(intent, OPEN_HINT, "sqlite")
    if query.since_ms is not None:
        asked = asked.where(intent.c.created_ms >= query.since_ms)
    return asked.limit(max(0, query.limit))


def intent_of(row: RowMapping) -> Intent:
    """An intent as it is kept."""
    amounts = {name: None if row[name] is None else Decimal(row[name]) for name in _AMOUNTS}
    request = OrderRequest(
        symbol=row["symbol"],
        side=Side(row["side"]),
        type=OrderType(row["type"]),
        time_in_force=TimeInForce(row["time_in_force"]),
        client_order_id=row["client_order_id"] or None,
        post_only=row["post_only"],
        **amounts,
    )
    kept = {name: row[name] for name in _KEPT}
    return Intent(request=request, state=State(row["state"]), **kept)


def move_of(row: RowMapping) -> Move:
    """One line of an intent's life, as it is kept."""
    old = None if row["old"] is None else State(row["old"])
    told = {name: row[name] for name in ("intent_id", "at_ms", "why", "by")}
    return Move(old=old, new=State(row["new"]), **told)


def switch_of(row: RowMapping) -> Switch:
    """A kill switch that is on."""
    return Switch(on=True, **row)


def _row_of(wanted: Intent) -> dict[str, Any]:
    asked = wanted.request
    row = {name: getattr(wanted, name) for name in _KEPT}
    row |= {name: str(getattr(asked, name)) for name in _WORDS}
    for name in _AMOUNTS:
        amount = getattr(asked, name)
        row[name] = None if amount is None else str(amount)
    row |= {"client_order_id": wanted.client_order_id, "post_only": asked.post_only}
    return row | {"state": str(wanted.state)}


def _line(at_ms: int, old: State | None, kept: Intent, by: str) -> dict[str, object]:
    return {
        "intent_id": kept.intent_id,
        "seq": kept.version,
        "at_ms": at_ms,
        "old": None if old is None else str(old),
        "new": str(kept.state),
        "why": kept.why,
        "by": by,
    }


def _storable(row: dict[str, Any]) -> dict[str, Any]:
    """
    The row, with what no database can hold replaced in the words for people.

    One such text would fail the whole batch, and every batch that it is tried again in.

    Raises:
        SettingsError: It is in a name, where nothing may be replaced: two names could become one. Or the name is too
            long for an index.
    """
    for name, value in row.items():
        if not isinstance(value, str):
            continue
        if name in _INDEXED and len(value) > NAME_CHARS_MAX:
            raise SettingsError(name, value, f"must have at most {NAME_CHARS_MAX} characters")
        if value.isascii() and "\0" not in value:
            continue
        clean = value.replace("\0", "?").encode("utf-8", "replace").decode()
        if clean != value and name != "why":
            raise SettingsError(name, value, "must be text without NUL and lone surrogates")
        row[name] = clean
    return row
