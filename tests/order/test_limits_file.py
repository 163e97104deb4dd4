"""Tests limits of orders in the settings file: what may stand there, which table wins, how code goes along."""

from __future__ import annotations

import os
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.cli.config import read
from switchgear.core.errors import SettingsError
from switchgear.exchange import Side
from switchgear.exchange.model import FieldError
from switchgear.order import OrderLimits
from switchgear.settings.given import given_settings
from switchgear.settings.order_limits import LimitTables
from tests.order.bench import Bench

if TYPE_CHECKING:
    from pathlib import Path

FILE = """
[settings]
timeout_s = 5
[orders]
notional_max = "1000"
open_orders_max = 20
[orders.binance]
notional_max = "500"
symbols = ["BTC/USDT", "ETH/USDT"]
[orders.binance.main]
open_orders_max = "none"
sides = ["buy"]
[orders.kraken.main]
price_away_max_percent = "2.5"
"""


def written(folder: Path, text: str) -> Path:
    """A settings file."""
    path = folder / "switchgear.toml"
    path.write_text(text, encoding="utf-8")
    return path


class Filed(Bench):
    """A bench whose gear has a settings file; it can be written anew."""

    def __init__(self, folder: Path, text: str, **more: Any) -> None:
        self.path = written(folder, text)
        super().__init__(**more)

    def program(self, who: str = "one") -> Any:
        """As a bench's; the gear knows the limits of the file."""
        gear, api, desk = super().program(who)
        gear.order_limits = given_settings(self.path).limits
        return gear, api, desk


def test_the_narrower_table_wins_field_by_field(tmp_path: Path) -> None:
    """All, then the exchange, then the account; none lifts what a wider table says; names fold as in calls."""
    with sg.Switchgear(settings=written(tmp_path, FILE)) as gear:
        assert gear.order_limits.of("binance", "main") == {
            "notional_max": Decimal(500),
            "open_orders_max": None,
            "symbols": frozenset({"BTC/USDT", "ETH/USDT"}),
            "sides": frozenset({"buy"}),
        }
        assert gear.order_limits.of("Binance", "second")["open_orders_max"] == 20
        assert gear.order_limits.of("coinbase", "main") == {
            "notional_max": Decimal(1_000),
            "open_orders_max": 20,
        }
        assert gear.order_limits.of("kraken", "main")["price_away_max_percent"] == Decimal("2.5")


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        ("[orders]\nnotional_max = 1000.0", "orders.notional_max", "as text"),
        ("[orders]\nnotional_max = 1000", "orders.notional_max", "as text"),
        ("[orders]\nnotional_max = '0'", "orders.notional_max", "above 0"),
        ("[orders]\nnotional_max = '1e3'", "orders.notional_max", "as text"),
        ("[orders]\nnotional_max = 'NaN'", "orders.notional_max", "as text"),
        ("[orders.binance]\nnotional_day_max = '-1'", "orders.binance.notional_day_max", "above 0"),
        ("[orders.binance.main]\nopen_orders_max = 0", "orders.binance.main.open_orders_max", "1"),
        ("[orders]\nopen_orders_max = true", "orders.open_orders_max", "whole number"),
        ("[orders]\nsymbols = 'BTC/USDT'", "orders.symbols", "a list"),
        ("[orders]\nsymbols = ['btc']", "orders.symbols", "BTC/USDT"),
        ("[orders]\nsymbols = []", "orders.symbols", "a list"),
        ("[orders.symbols]\nx = 1", "orders.symbols", "a list"),
        ("[orders]\nsides = ['hold']", "orders.sides", "sell"),
        ("[orders]\nprice_away_max_percent = 5", "orders.price_away_max_percent", "as text"),
        ("[orders]\nnotional_maxx = '1'", "orders.notional_maxx", "did you mean notional_max"),
        ("[orders.binance]\nsecret = 'abc'", "orders.binance.secret", "known are notional_max"),
        ("[orders.binance.main.deep]\nx = 1", "orders.binance.main.deep", "not a table"),
        ("[orders.'a b']\nnotional_max = '1'", "orders.a b", "beginning with"),
        ("[orders.a.'b c']\nnotional_max = '1'", "orders.a.b c", "beginning with"),
        ("orders = 5", "orders", "must be a table"),
        (
            "[orders.Kraken]\nsides=['buy']\n[orders.kraken]\nsides=['sell']",
            "orders.kraken",
            "twice",
        ),
    ],
)
def test_a_limit_that_cannot_be_makes_no_gear(
    tmp_path: Path, text: str, field: str, words: str
) -> None:
    """The error names the table, the field and what is allowed, and shows nothing that may be a key."""
    with pytest.raises(SettingsError) as caught:
        sg.Switchgear(settings=written(tmp_path, text))
    assert caught.value.field == field
    assert words in caught.value.allowed
    assert "abc" not in str(caught.value)


def test_the_command_line_checks_it_too(tmp_path: Path) -> None:
    """A file that a program and the command line share is judged alike by both."""
    read(written(tmp_path, FILE))
    with pytest.raises(SettingsError) as caught:
        read(written(tmp_path, "[orders]\nnotional_max = 1000.0"))
    assert caught.value.field == "orders.notional_max"


@pytest.mark.parametrize(
    "symbol", ["BTC/USDT", "BRK.B/USD", "1000SHIB/USDT", "btc/usdt", "BTC", ""]
)
def test_a_symbol_is_the_same_in_the_file_and_in_code(symbol: str) -> None:
    """What the one takes the other takes."""

    def takes(make: Any) -> bool:
        try:
            make()
        except SettingsError:
            return False
        return True

    in_file = takes(lambda: LimitTables.read({"symbols": [symbol]}))
    assert in_file == takes(lambda: OrderLimits(symbols=frozenset({symbol})))


def test_a_desk_without_limits_keeps_to_the_file(tmp_path: Path) -> None:
    """What breaks a limit of the file is refused before anything is written."""
    with Filed(tmp_path, "[orders.binance.main]\nnotional_max = '40'") as bench:
        bench.submit(bench.limit("30000"))
        with pytest.raises(FieldError, match="notional_max is 40"):
            bench.submit(bench.limit("50000"))
        assert len(bench.intents) == 1


def test_each_field_of_the_file_reaches_the_desk(tmp_path: Path) -> None:
    """No limit can stand in the file and not hold."""
    text = (
        "[orders]\nnotional_max='1'\nnotional_day_max='2'\nopen_orders_max=3\n"
        "symbols=['BTC/USDT']\nsides=['sell']\nprice_away_max_percent='4'"
    )
    with Filed(tmp_path, text) as bench:
        assert bench.desk.limits == OrderLimits(
            notional_max=Decimal(1),
            notional_day_max=Decimal(2),
            open_orders_max=3,
            symbols=frozenset({"BTC/USDT"}),
            sides=frozenset({Side.SELL}),
            price_away_max_percent=Decimal(4),
        )


def test_code_never_loosens_the_file(tmp_path: Path) -> None:
    """Of two numbers the smaller holds, of two sets what is in both; what only one of them says holds too."""
    text = (
        "[orders]\nnotional_max='100'\nopen_orders_max=2\nsymbols=['BTC/USDT', 'ETH/USDT']\n"
        "price_away_max_percent='5'"
    )
    limits = OrderLimits(
        notional_max=Decimal(1_000),
        notional_day_max=Decimal(50),
        open_orders_max=1,
        symbols=frozenset({"ETH/USDT", "SOL/USDT"}),
        sides=frozenset({Side.BUY}),
    )
    with Filed(tmp_path, text, limits=limits) as bench:
        assert bench.desk.limits == OrderLimits(
            notional_max=Decimal(100),
            notional_day_max=Decimal(50),
            open_orders_max=1,
            symbols=frozenset({"ETH/USDT"}),
            sides=frozenset({Side.BUY}),
            price_away_max_percent=Decimal(5),
        )


def test_sets_without_anything_in_common_allow_nothing(tmp_path: Path) -> None:
    """And the error says why nothing is allowed."""
    limits = OrderLimits(symbols=frozenset({"ETH/USDT"}))
    with Filed(tmp_path, "[orders]\nsymbols = ['SOL/USDT']", limits=limits) as bench:
        with pytest.raises(FieldError, match="none: two limits have none in common"):
            bench.submit(bench.market())
        assert bench.intents == []


def test_a_file_that_changes_holds_for_the_next_order(tmp_path: Path) -> None:
    """Read anew, it acts at once; a file that cannot be used changes nothing."""
    path = written(tmp_path, "[orders]\nnotional_max = '40'")
    with Bench() as bench:
        bench.gear.close()
        bench.gear = sg.Switchgear(clock=bench.clock, settings=path)
        bench.api.gear = bench.gear
        with pytest.raises(FieldError, match="notional_max is 40"):
            bench.submit(bench.limit("50000"))
        written(tmp_path, "[orders.binance]\nnotional_max = '60'")
        os.utime(path, ns=(1, 1))
        bench.gear.reload()
        bench.submit(bench.limit("50000"))
        written(tmp_path, "[orders]\nnotional_max = 5")
        with pytest.raises(SettingsError, match="as text"):
            bench.gear.reload()
        assert bench.desk.limits.notional_max == 60
        written(tmp_path, "[settings]\nretries = 1")
        bench.gear.reload()
        assert bench.desk.limits == OrderLimits()
