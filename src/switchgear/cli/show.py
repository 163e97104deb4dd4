"""Owns printing records, circuits and settings for people and for programs; finding them is others'."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any

import typer

from switchgear.core.words import Effect, Key, Level
from switchgear.observe.history import HistoryReader, LogQuery, to_jsonl
from switchgear.settings import Settings, asdict_shallow, pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from switchgear.cli.config import Config, ExchangeTable
    from switchgear.core.clock import Clock
    from switchgear.observe.history import CircuitSnapshot
    from switchgear.observe.record import LogRecord

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_IN_CODE = ("ignore", "failed_result")
"""Settings that a file cannot hold."""


def show_logs(path: Path, filters: Mapping[str, str], clock: Clock, *, as_json: bool) -> None:
    """
    Print the newest records that match, the newest last.

    Raises:
        SettingsError: A filter does not parse, or the file is no history.
    """
    query = LogQuery.parse(filters, _now_ms(clock))
    found = HistoryReader(path, clock).query(query)[::-1]
    if as_json:
        for line in to_jsonl(found):
            typer.echo(line, nl=False)
        return
    for record in found:
        typer.echo(_log_line(record))


def show_circuits(path: Path, clock: Clock, *, as_json: bool) -> None:
    """Print the circuits as they were last written down; raises SettingsError as show_logs."""
    for one in HistoryReader(path, clock).circuits():
        typer.echo(
            json.dumps(_circuit_dict(one)) if as_json else _circuit_line(one, _now_ms(clock))
        )


def show_config(config: Config) -> None:
    """Print what a settings file comes to, in the file's own form."""
    for line in _config_lines(config):
        typer.echo(line)


def _now_ms(clock: Clock) -> int:
    return round(clock.wall().timestamp() * 1000)


def _date(at_ms: int) -> str:
    at = _EPOCH + timedelta(milliseconds=at_ms)
    return at.isoformat(sep=" ", timespec="milliseconds").replace("+00:00", "Z")


def _log_line(record: LogRecord) -> str:
    where = ".".join(part for part in (record.exchange, record.method) if part) or "switchgear"
    account = "" if record.account in {"", "main"} else f"[{record.account}]"
    line = f"{_date(record.at_ms)} {record.level.name:8} {where}{account} {record.message}"
    return _harmless(line)


def _harmless(text: str) -> str:
    """The text, with what a terminal would obey spelled out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _circuit_line(one: CircuitSnapshot, now_ms: int) -> str:
    since_s = max(0, now_ms - one.since_ms) / 1000
    metrics = one.metrics
    words = [f"{one.key}: {one.state.value} since {since_s:.0f} s"]
    words += [one.reason] if one.reason else []
    words += [f"held by {one.by}"] if one.by else []
    if one.until_ms is not None:
        words.append(f"next try in {max(0, one.until_ms - now_ms) / 1000:.0f} s")
    if metrics.get("total_calls"):
        words.append(
            f"{metrics['total_calls']} calls, {_number(metrics, 'success_rate') * 100:.1f} % well, "
            f"p50 {_number(metrics, 'p50_ms'):.1f} ms, p95 {_number(metrics, 'p95_ms'):.1f} ms"
        )
    return _harmless("; ".join(words))


def _number(metrics: Mapping[str, object], name: str) -> float:
    value = metrics.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def _circuit_dict(one: CircuitSnapshot) -> dict[str, Any]:
    found = {each.name: getattr(one, each.name) for each in fields(one) if each.name != "key"}
    plain = {k: v.value if isinstance(v, Enum) else v for k, v in found.items()}
    return {**one.key._asdict(), **plain, "metrics": dict(one.metrics)}


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
