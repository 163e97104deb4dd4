"""
Owns the settings file of `switchgear serve`: its tables, checked whole before anything starts.

What the table `settings` may hold is settings' own; keys come from the environment alone.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from math import isfinite
from typing import TYPE_CHECKING, Any, cast

from switchgear.core.errors import SettingsError
from switchgear.core.words import Key, KeyNameError
from switchgear.settings import SettingsBook, load_file
from switchgear.settings.order_limits import LimitTables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Check = Callable[[str, Any], Any]

TABLES = ("settings", "server", "history", "exchanges", "orders")
EXCHANGES = ("alpaca", "binance", "coinbase")
PAPER = ("alpaca", "binance")
"""Those that have an address for trading with play money."""
KEYED = ("alpaca",)
"""Those that tell nothing without a key, prices neither."""
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
_SYMBOL = re.compile(r"[A-Z0-9.]{1,20}/[A-Z0-9]{1,20}", re.ASCII)
_SECRETS = ("key", "secret", "api_key", "api_secret", "apikey", "password", "token")


@dataclass(frozen=True, slots=True)
class ServerTable:
    """Where the pages are."""

    host: str = "127.0.0.1"
    port: int = 8080


@dataclass(frozen=True, slots=True)
class HistoryTable:
    """Where the records are kept, and how many."""

    path: str
    rows_max: int = 1_000_000
    age_max_s: float = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class ExchangeTable:
    """One exchange to watch."""

    name: str
    base_url: str | None = None
    """The exchange's own address when not given."""
    paper: bool = False
    """Its address for play money, where it has one."""
    account: str = "main"
    symbols: tuple[str, ...] = ()
    every_s: float = 10.0
    """Seconds between two looks."""
    key: str = field(default="", repr=False)
    """From the environment; empty watches prices alone."""
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Config:
    """A settings file, checked."""

    settings: Mapping[str, Any]
    """The table `settings`, as the gear takes it."""
    book: SettingsBook
    """The same, for asking what a key's settings come to."""
    server: ServerTable
    history: HistoryTable | None
    exchanges: tuple[ExchangeTable, ...]


def read(path: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """
    The file, checked.

    Args:
        path: A TOML file.
        environment: Where the keys are.

    Raises:
        SettingsError: It cannot be read, a name is unknown, or a value is not allowed.
    """
    tree = load_file(path)
    for name, value in tree.items():
        if name not in TABLES:
            raise SettingsError(name, _shown(name, value), f"is no table; {_near(name, TABLES)}")
        if not isinstance(value, dict):
            raise SettingsError(name, value, f"must be a table: [{name}]")
    history = _fields("history", tree.get("history", {}), _HISTORY)
    if "history" in tree and "path" not in history:
        raise SettingsError("history.path", None, "must be given: the file to keep records in")
    settings = tree.get("settings", {})
    LimitTables.read(tree.get("orders", {}))  # the desks of another program obey them
    return Config(
        settings=settings,
        book=_book(settings),
        server=ServerTable(**_fields("server", tree.get("server", {}), _SERVER)),
        history=HistoryTable(**history) if history else None,
        exchanges=tuple(
            _exchange(name, table, environment) for name, table in tree.get("exchanges", {}).items()
        ),
    )


def _book(settings: Mapping[str, Any]) -> SettingsBook:
    book = SettingsBook()
    try:
        book.load(settings)
    except SettingsError as error:
        raise SettingsError(f"settings.{error.field}", error.value, error.allowed) from None
    return book


def _exchange(name: str, table: object, environment: Mapping[str, str]) -> ExchangeTable:
    place = f"exchanges.{name}"
    if name not in EXCHANGES:
        raise SettingsError(place, "", f"is no exchange of this version; {_near(name, EXCHANGES)}")
    if not isinstance(table, dict):
        raise SettingsError(place, table, f"must be a table: [{place}]")
    found = _fields(place, table, _EXCHANGE)  # pyright: ignore[reportUnknownArgumentType]  TOML's names are text
    names = [found.pop("key_env", None), found.pop("secret_env", None)]
    if (names[0] is None) != (names[1] is None):
        raise SettingsError(f"{place}.key_env", names[0], "key_env and secret_env go together")
    pairs = zip(("key", "secret"), names, strict=True)
    keys: dict[str, Any] = {
        each: _secret(f"{place}.{each}_env", env, environment) for each, env in pairs if env
    }
    if found.get("paper") and name not in PAPER:
        raise SettingsError(f"{place}.paper", True, f"{name} has no address for play money")
    if not keys and name in KEYED:
        raise SettingsError(f"{place}.key_env", None, f"{name} tells nothing without a key")
    if not keys and not found.get("symbols"):
        raise SettingsError(f"{place}.symbols", None, "name symbols, or a key: nothing to watch")
    return ExchangeTable(name, **found, **keys)


def _secret(place: str, name: str, environment: Mapping[str, str]) -> str:
    value = environment.get(name)
    if not value:
        raise SettingsError(place, name, "the environment has no such variable, or it is empty")
    return value


def _fields(place: str, table: Mapping[str, Any], checks: Mapping[str, Check]) -> dict[str, Any]:
    for name, value in table.items():
        if name.lower() in _SECRETS and place.startswith("exchanges"):
            allowed = "keys do not belong in a file: name the environment's variable in key_env"
            raise SettingsError(f"{place}.{name}", "<not shown>", f"{allowed} and secret_env")
        if name not in checks:
            known = _near(name, tuple(checks))
            raise SettingsError(f"{place}.{name}", _shown(name, value), f"is no field; {known}")
    return {name: checks[name](f"{place}.{name}", value) for name, value in table.items()}


def _near(name: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"


def _shown(name: str, value: object) -> object:
    """The value, unless its name says that it is nobody's business."""
    return "<not shown>" if any(word in name.lower() for word in _SECRETS) else value


# ------------------------------------------------------------------------------------------- checks


def _text(place: str, value: Any) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise SettingsError(place, value, "must be a text")
    return value


def _flag(place: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise SettingsError(place, value, "must be true or false")
    return value


def _account(place: str, value: Any) -> str:
    try:
        return Key.of("any", "any", value).account
    except KeyNameError as error:
        raise SettingsError(place, value, str(error).partition(": ")[2]) from None


def _env_name(place: str, value: Any) -> str:
    if not isinstance(value, str) or not _ENV_NAME.fullmatch(value):
        # Somebody may have put the key itself here.
        raise SettingsError(place, "<not shown>", "must be the name of an environment variable")
    return value


def _symbols(place: str, value: Any) -> tuple[str, ...]:
    given: object = value
    symbols = cast("list[object]", value) if isinstance(value, list) else [None]  # proves no more
    found = tuple(one for one in symbols if isinstance(one, str) and _SYMBOL.fullmatch(one))
    if len(found) != len(symbols):
        raise SettingsError(place, given, 'must be a list such as ["BTC/USDT", "ETH/USDT"]')
    return found


def _whole(least: int, most: int) -> Check:
    def check(place: str, value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise SettingsError(place, value, f"must be a whole number from {least} to {most}")
        return value

    return check


def _number(least: float, most: float) -> Check:
    def check(place: str, value: Any) -> float:
        fits = isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
        if not fits or not least <= value <= most:
            raise SettingsError(place, value, f"must be a number from {least:g} to {most:g}")
        return float(value)

    return check


_SERVER: dict[str, Check] = {"host": _text, "port": _whole(0, 65_535)}
_HISTORY: dict[str, Check] = {
    "path": _text,
    "rows_max": _whole(1, 1_000_000_000),
    "age_max_s": _number(1, 10 * 365 * 86_400.0),
}
_EXCHANGE: dict[str, Check] = {
    "base_url": _text,
    "paper": _flag,
    "account": _account,
    "symbols": _symbols,
    "every_s": _number(0.1, 86_400),
    "key_env": _env_name,
    "secret_env": _env_name,
}
