"""Owns what the commands about orders print; whose they are, and what may be done about them, is others'."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from switchgear.cli.show import date, harmless
from switchgear.order import State
from switchgear.server.orders_source import named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switchgear.cli.sources import Orders
    from switchgear.server.orders_model import IntentOut, OrderLife, SwitchOut

_PIPED_CHARS = 2_000
_STYLES: Mapping[str, str] = {
    State.NEW: "blue",
    State.SENT: "blue",
    State.ACKED: "green",
    State.FOUND: "green",
    State.UNKNOWN: "bold yellow",
    State.REJECTED: "red",
}


class _Column(NamedTuple):
    title: str
    is_number: bool = False
    needs_chars: int = 0
    """Left out where the terminal has less."""


_COLUMNS = (
    _Column("since"),
    _Column("state"),
    _Column("exchange"),
    _Column("account", needs_chars=100),
    _Column("order"),
    _Column("client order id", needs_chars=120),
    _Column("tries", is_number=True, needs_chars=140),
    _Column("intent", needs_chars=160),
    _Column("why"),
)


def show_orders(orders: Orders, given: Mapping[str, str], *, as_json: bool) -> None:
    """
    Print the orders that match, the newest first, below what is halted; as JSON the orders alone.

    Raises:
        SettingsError: A filter cannot be.
        SwitchgearError: The orders cannot be read now.
    """
    intents = orders.intents(given)
    if as_json:
        return _print_json(intents)
    screen = _screen()
    for switch in orders.switches():
        screen.print(Text(harmless(_switch_line(switch)), style="bold red"))
    if intents:
        screen.print(_table(intents, screen.width))
    return None


def show_order(orders: Orders, intent_id: str, *, as_json: bool) -> None:
    """Print one order with every move that it made; raises as Orders.life."""
    print_life(orders.life(intent_id), as_json=as_json)


def _table(found: list[IntentOut], width: int) -> Table:
    """A line for each order; where it is narrow with less."""
    columns = [each for each in _COLUMNS if width >= each.needs_chars]
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    for column in columns:
        folds = column.title == "why"
        table.add_column(
            column.title,
            justify="right" if column.is_number else "left",
            no_wrap=not folds,
            overflow="fold" if folds else "ellipsis",
        )
    for one in found:
        cells = _cells(one)
        table.add_row(*(cells[column.title] for column in columns))
    return table


def _cells(one: IntentOut) -> dict[str, Text]:
    """By the column's title."""
    texts = {
        "since": date(one.since_ms),
        "state": _state_of(one),
        "exchange": one.exchange,
        "account": one.account,
        "order": _sentence(one),
        "client order id": one.client_order_id,
        "tries": str(one.attempts),
        "intent": one.intent_id,
        "why": one.why,
    }
    styles = {"state": _style_of(one)}
    return {name: Text(harmless(text), style=styles.get(name, "")) for name, text in texts.items()}


def _state_of(one: IntentOut) -> str:
    """In words, as the page has it: what the exchange refused is not what it never saw."""
    return "not sent" if one.never_left else one.state


def _style_of(one: IntentOut) -> str:
    return "dim" if one.never_left else _STYLES.get(one.state, "")


def _sentence(one: IntentOut) -> str:
    """What is ordered, in words: every digit as it was given."""
    quote = one.symbol.partition("/")[2]
    amount = one.quantity or f"{one.quote_quantity} {quote}"
    stop = f", once at {one.stop_price}" if one.stop_price else ""
    price = f" {one.price}" if one.price else ""
    return f"{one.side} {amount} {one.symbol} {one.type.replace('_', ' ')}{price}{stop}"


def print_life(life: OrderLife, *, as_json: bool) -> None:
    """Print one order with every move that it made."""
    if as_json:
        return _print_json([life])
    one, screen = life.intent, _screen()
    head = f"{_state_of(one)}  {_sentence(one)}  {named(one.exchange, one.account)}"
    screen.print(Text(harmless(head), style=_style_of(one) or "bold"))
    for name in ("client_order_id", "intent_id", "order_id", "idempotency_key", "attempts"):
        if getattr(one, name) is not None:
            screen.print(Text(harmless(f"  {name:<16} {getattr(one, name)}")))
    if life.next is not None:
        screen.print(Text(harmless(f"  {'next':<16} {life.next.words}")))
    for move in life.moves:
        line = f"{date(move.at_ms)}  {move.old or '':<9} -> {move.new:<9}  {move.why}  by {move.by}"
        screen.print(Text(harmless(line)))
    return None


def print_switches(switches: Sequence[SwitchOut], *, as_json: bool) -> None:
    """Print what is halted."""
    if as_json:
        return _print_json(switches)
    lines = [_switch_line(each) for each in switches] or ["new orders go: nothing is halted"]
    for line in lines:
        _screen().print(Text(harmless(line)))
    return None


def _switch_line(switch: SwitchOut) -> str:
    whose, since = named(switch.exchange, switch.account), date(switch.at_ms)
    return f"new orders of {whose} are halted since {since} by {switch.by}: {switch.why}"


def _print_json(found: Sequence[IntentOut | OrderLife | SwitchOut]) -> None:
    for one in found:
        typer.echo(json.dumps(one.model_dump()))


def _screen() -> Console:
    screen = Console(highlight=False)
    # A program reads what is piped: nothing is folded for it.
    return screen if screen.is_terminal else Console(highlight=False, width=_PIPED_CHARS)
