"""Owns printing circuits and settings for people and for programs; finding them is others'."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import zip_longest
from math import inf
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from switchgear.core.words import CircuitState, Effect, Key, Level, Scope
from switchgear.observe.history.wide import the_wide, wide_words
from switchgear.settings import Settings, asdict_shallow, pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import OverflowMethod

    from switchgear.cli.config import Config, ExchangeTable
    from switchgear.cli.sources import Board
    from switchgear.core.policy.gate import GateView
    from switchgear.observe.history import CircuitSnapshot

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_IN_CODE = ("ignore", "failed_result")
"""Settings that a file cannot hold."""


def show_circuits(board: Board, *, as_json: bool) -> None:
    """Print circuits as they stand, and below them the gates that are closed; as JSON, only the circuits."""
    if as_json:
        for one, holder in zip(board.circuits, board.holders, strict=True):
            typer.echo(json.dumps(_circuit_dict(one, holder)))
        return
    screen = Console(highlight=False)
    if not screen.is_terminal:
        screen = Console(
            highlight=False, width=_PIPED_CHARS
        )  # a program reads it: nothing is folded
    if board.circuits:
        screen.print(_circuit_table(board, screen.width))
    for gate in board.gates:
        screen.print(Text(harmless(_gate_line(gate)), style="yellow"))


def show_config(config: Config) -> None:
    """Print what a settings file comes to, in the file's own form."""
    for line in _config_lines(config):
        typer.echo(line)


def date(at_ms: int) -> str:
    """An instant, to the millisecond, in UTC; where no calendar has it, its number."""
    try:
        at = _EPOCH + timedelta(milliseconds=at_ms)
    except OverflowError:
        return f"{at_ms} ms"
    return at.isoformat(sep=" ", timespec="milliseconds").replace("+00:00", "Z")


def harmless(text: str) -> str:
    """The text, with what a terminal would obey spelled out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _circuit_table(board: Board, width: int) -> Table:
    """A line for each circuit, of each exchange those wider than a method first; where it is narrow with less."""
    columns = [each for each in _COLUMNS if width >= each.needs_chars]
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    for column in columns:
        how: OverflowMethod = "fold" if column is _WHY else "ellipsis"
        one_line = column is not _WHY
        table.add_column(column.title, justify=column.side, no_wrap=one_line, overflow=how)
    ordered = sorted(zip(board.circuits, board.holders, strict=True), key=_place)
    for (one, holder), following in zip_longest(ordered, ordered[1:]):
        cells = _circuit_cells(one, holder, board.now_ms)
        ends = following is None or following[0].key.exchange != one.key.exchange
        table.add_row(*(cells[column.title] for column in columns), end_section=ends)
    return table


def _place(found: tuple[CircuitSnapshot, Scope | None]) -> tuple[str, int, Key]:
    key = found[0].key
    return key.exchange, -_WIDTH[key.scope], key


class _Column(NamedTuple):
    title: str
    side: Literal["left", "right"] = "right"
    needs_chars: int = 0
    """Left out where the terminal has less."""


_PIPED_CHARS = 2_000
_WIDTH = {scope: width for width, scope in enumerate(Scope)}
_WHY = _Column("why and since when", "left")
_COLUMNS = (
    _Column("exchange", "left"),
    _Column("circuit", "left"),
    _Column("state", "left"),
    _WHY,
    _Column("next try"),
    _Column("calls", needs_chars=100),
    _Column("well", needs_chars=100),
    _Column("p50 ms", needs_chars=140),
    _Column("p95 ms", needs_chars=140),
    _Column("opened", needs_chars=140),
)
_STYLES = {
    CircuitState.CLOSED: "green",
    CircuitState.OPEN: "bold red",
    CircuitState.FORCED_OPEN: "bold red",
}


def _circuit_cells(one: CircuitSnapshot, holder: Scope | None, now_ms: int) -> dict[str, Text]:
    """By the column's title."""
    name = wide_words(one.key.scope, one.key.account) or _method(one.key)
    passes = one.state in {CircuitState.FORCED_CLOSED, CircuitState.METRICS_ONLY}
    waits_s = None if one.until_ms is None or passes else max(0, one.until_ms - now_ms) / 1000
    wait = "" if waits_s is None else f"in {waits_s:.0f} s"
    texts = {
        "exchange": one.key.exchange,
        _WHY.title: "; ".join(_why(one, holder, now_ms)),
        "next try": wait,
        "opened": str(one.openings),
        **_counts(one.metrics),
    }
    return {
        **{column.title: Text(harmless(texts.get(column.title, ""))) for column in _COLUMNS},
        "circuit": Text(harmless(name), style="bold" if one.key.is_scope else ""),
        "state": Text(one.state.value.replace("_", " "), style=_STYLES.get(one.state, "yellow")),
    }


def _why(one: CircuitSnapshot, holder: Scope | None, now_ms: int) -> Iterator[str]:
    if one.reason:
        yield one.reason
    if one.by:
        yield f"held by {one.by}"
    yield f"for {max(0, now_ms - one.since_ms) / 1000:.0f} s"
    if holder is not None:
        yield f"held back by {the_wide(holder, one.key.account)}"


def _counts(metrics: Mapping[str, object]) -> dict[str, str]:
    """Nothing where nothing was called, as of what is wider than a method."""
    if not metrics.get("total_calls"):
        return {}
    return {
        "calls": str(metrics["total_calls"]),
        "well": f"{_number(metrics, 'success_rate') * 100:.1f} %",
        "p50 ms": f"{_number(metrics, 'p50_ms'):.1f}",
        "p95 ms": f"{_number(metrics, 'p95_ms'):.1f}",
    }


def _method(key: Key) -> str:
    return key.method if key.account == "main" else f"{key.method}[{key.account}]"


def _gate_line(gate: GateView) -> str:
    only = ", new orders only" if gate.orders_only else ""
    only = ", calls without a key only" if gate.public_only else only
    whose = the_wide(gate.scope, gate.account)
    wait = f"{gate.retry_after_s:.0f} s more{only}"
    return f"{gate.exchange}: gate of {whose} closed for {wait}: {gate.reason}"


def _number(metrics: Mapping[str, object], name: str) -> float:
    value = metrics.get(name)
    try:
        return float(value) if isinstance(value, int | float) else 0.0
    except OverflowError:  # a server may tell any number
        return inf


def _circuit_dict(one: CircuitSnapshot, holder: Scope | None) -> dict[str, Any]:
    found = {each.name: getattr(one, each.name) for each in fields(one) if each.name != "key"}
    plain = {k: v.value if isinstance(v, Enum) else v for k, v in found.items()}
    more = {"scope": one.key.scope.value, "held_back_by": None if holder is None else holder.value}
    return {**one.key._asdict(), **plain, "metrics": dict(one.metrics), **more}


# ---------------------------------------------------------------------------------------- settings


def _config_lines(config: Config) -> Iterator[str]:
    yield from ("[server]", f'host = "{config.server.host}"', f"port = {config.server.port}", "")
    if config.history is not None:
        yield "[history]"
        for each in fields(config.history):
            yield f"{each.name} = {_toml(getattr(config.history, each.name))}"
        yield ""
    for table in config.exchanges:
        yield from _exchange_lines(table)
    yield from _settings_lines(config)


def _exchange_lines(table: ExchangeTable) -> Iterator[str]:
    yield f"[exchanges.{table.name}]"
    if table.base_url is not None:
        yield f"base_url = {_toml(table.base_url)}"
    if table.paper:
        yield "paper = true"
    yield f"account = {_toml(table.account)}"
    yield f"symbols = {_toml(list(table.symbols))}"
    yield f"every_s = {table.every_s:g}"
    yield "# key and secret are set" if table.key else "# no key: prices alone"
    yield ""


def _settings_lines(config: Config) -> Iterator[str]:
    """Everything for the rest of the keys, then for each table what is other there."""
    every = config.book.of(Key("*", "*", "*"))
    yield "[settings]"
    yield from _values(every, Settings(), whole=True)
    for exchange, table in config.settings.items():
        if not isinstance(table, dict):
            continue
        key = Key(pattern("exchange", exchange), "*", "*")
        yield from ("", f"[settings.{_name(exchange)}]")
        yield from _values(config.book.of(key), every)
        methods: dict[str, Any] = table  # pyright: ignore[reportUnknownVariableType]  TOML's names are text
        for method, values in methods.items():
            if isinstance(values, dict):
                found = config.book.of(key._replace(method=pattern("method", method)))
                yield from ("", f"[settings.{_name(exchange)}.{_name(method)}]")
                yield from _values(found, every)


def _values(settings: Settings, usual: Settings, *, whole: bool = False) -> Iterator[str]:
    for name, value in asdict_shallow(settings).items():
        if name not in _IN_CODE and (whole or value != getattr(usual, name)):
            yield f"{name} = {_toml(value)}"


def _name(text: str) -> str:
    return text if text.replace("_", "").replace("-", "").isalnum() else json.dumps(text)


def _toml(value: object) -> str:
    match value:
        case None:
            return '"none"'
        case Level():
            return f'"{value.name}"'
        case Effect():
            return f'"{value.value}"'
        case float():
            return f"{value:g}" if abs(value) < 1e6 else f"{value:.1f}"
        case _:
            return json.dumps(value)
