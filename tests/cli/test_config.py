"""Proves the settings file of `switchgear serve`: what it may hold, and how a wrong one is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchgear.cli.config import ExchangeTable, HistoryTable, ServerTable, read
from switchgear.core.errors import SettingsError
from switchgear.core.words import Key
from tests.cli.kit import exit_code

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """
[server]
port = 9000

[history]
path = "log.db"
rows_max = 5000
age_max_s = 3600

[exchanges.binance]
account = "Main"
symbols = ["BTC/USDT", "ETH/USDT"]
every_s = 2.5
key_env = "MY_KEY"
secret_env = "MY_SECRET"

[settings]
failure_threshold = 5

[settings.binance]
reset_timeout_s = 12.5
log_level = "debug"

[settings.binance.get_market_price]
timeout_s = "none"

[settings."b*"."get_*"]
retries = 1
"""
ENVIRONMENT = {"MY_KEY": "canary-key-123", "MY_SECRET": "canary-secret-456"}
BINANCE = "[exchanges.binance]\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a settings file can be written."""
    return tmp_path / "switchgear.toml"


def test_a_whole_file_is_read(file: Path) -> None:
    """Every table and field arrives, checked, with keys from the environment."""
    file.write_text(WHOLE, encoding="utf-8")
    config = read(file, ENVIRONMENT)
    assert config.server == ServerTable(port=9000)
    assert config.history == HistoryTable("log.db", 5000, 3600.0)
    expected = ExchangeTable(
        "binance",
        account="main",
        symbols=("BTC/USDT", "ETH/USDT"),
        every_s=2.5,
        key="canary-key-123",
        secret="canary-secret-456",
    )
    assert config.exchanges == (expected,)
    found = config.book.of(Key.of("binance", "get_market_price"))
    assert (found.failure_threshold, found.reset_timeout_s, found.timeout_s) == (5, 12.5, None)


@pytest.mark.parametrize("name", ["alpaca", "binance", "coinbase"])
def test_every_exchange_with_a_client_can_be_watched(file: Path, name: str) -> None:
    """A table for each is read alike; shares of a class have a dot in their name."""
    lines = [f"[exchanges.{name}]", 'symbols = ["BTC/USD", "BRK.B/USD"]']
    lines += ['key_env = "MY_KEY"', 'secret_env = "MY_SECRET"', 'base_url = "http://127.0.0.1:1"']
    file.write_text("\n".join(lines), encoding="utf-8")
    [found] = read(file, ENVIRONMENT).exchanges
    assert (found.name, found.symbols) == (name, ("BTC/USD", "BRK.B/USD"))
    assert (found.key, found.paper) == ("canary-key-123", False)


def test_an_empty_file_is_all_defaults(file: Path) -> None:
    """Nothing set is nothing watched and nothing kept."""
    file.write_text("", encoding="utf-8")
    config = read(file, {})
    assert (config.server, config.history, config.exchanges) == (ServerTable(), None, ())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[setings]\n", ("setings", "did you mean settings")),
        ("settings = 3\n", ("settings=3", "must be a table")),
        ("[server]\nport = 99999\n", ("server.port=99999", "0 to 65535")),
        ("[server]\nport = true\n", ("server.port=True", "whole number")),
        ("[server]\nprot = 1\n", ("server.prot=1", "did you mean port")),
        ("[history]\nrows_max = 5\n", ("history.path", "must be given")),
        ('[history]\npath = "a"\nrows_max = 0\n', ("history.rows_max=0", "from 1")),
        ('[history]\npath = "a"\nage_max_s = nan\n', ("history.age_max_s=nan", "from 1")),
        ("[exchanges]\nbinance = 1\n", ("exchanges.binance=1", "must be a table")),
        ("[exchanges.binanse]\n", ("exchanges.binanse", "did you mean binance")),
        (BINANCE, ("exchanges.binance.symbols", "nothing to watch")),
        (BINANCE + 'symbols = "BTC/USDT"\n', ("symbols='BTC/USDT'", "must be a list")),
        (BINANCE + 'symbols = ["BTCUSDT"]\n', ("symbols=['BTCUSDT']", "BTC/USDT")),
        (BINANCE + "paper = 1\n", ("paper=1", "true or false")),
        ("[exchanges.coinbase]\npaper = true\n", ("coinbase.paper=True", "no address")),
        ('[exchanges.alpaca]\nsymbols = ["BTC/USD"]\n', ("alpaca.key_env", "without a key")),
        (BINANCE + "every_s = -1\n", ("every_s=-1", "from 0.1")),
        (BINANCE + "every_s = nan\n", ("every_s=nan", "from 0.1")),
        (BINANCE + 'account = "a b"\n', ("account='a b'", "letters, digits")),
        (BINANCE + 'key_env = "A"\n', ("key_env='A'", "go together")),
        (BINANCE + 'key_env = "A"\nsecret_env = "B"\n', ("key_env='A'", "no such variable")),
        ("[settings]\nfailure_treshold = 3\n", ("settings.failure_treshold=3", "did you mean")),
        ("[settings]\nfailure_threshold = 0\n", ("settings.failure_threshold=0", "from 1")),
        ("[settings.binance]\ntimeout_s = -1\n", ("settings.binance.timeout_s=-1", "above 0")),
        (
            "[settings.binance.get_x]\nretries = 1.5\n",
            ("settings.binance.get_x.retries=1.5", "whole number"),
        ),
        ('[settings."a b"]\nretries = 1\n', ("exchange='a b'", "letters, digits")),
        ("[settings\n", ("is not TOML",)),
        ("settings = \x00\n", ("is not TOML",)),
    ],
)
def test_what_is_wrong_is_named(
    file: Path, capsys: pytest.CaptureFixture[str], text: str, words: tuple[str, ...]
) -> None:
    """One line names field, value and what is allowed; the exit code is 2, and nothing is printed."""
    file.write_text(text, encoding="utf-8")
    assert exit_code("config", "--config", str(file)) == 2
    assert exit_code("serve", "--config", str(file), "--port", "0") == 2
    out, err = capsys.readouterr()
    assert out == ""
    first, second = err.splitlines()
    assert first == second
    assert all(word in first for word in words)


@pytest.mark.parametrize("name", ["key", "secret", "api_key", "Password"])
def test_a_key_in_the_file_is_refused_and_not_shown(
    file: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """A key belongs in the environment: the error says so, and does not repeat it."""
    file.write_text(f'{BINANCE}{name} = "canary-1234567"\n', encoding="utf-8")
    assert exit_code("config", "--config", str(file)) == 2
    err = capsys.readouterr().err
    assert f"exchanges.binance.{name}" in err
    assert "key_env" in err
    assert "canary" not in err


def test_a_key_in_the_place_of_its_name_is_not_shown(file: Path) -> None:
    """Whoever writes the key where the variable's name belongs does not read it in an error."""
    file.write_text(f'{BINANCE}key_env = "canary-1234567"\n', encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        read(file, {})
    assert "canary" not in str(refused.value)


def test_a_file_prints_what_it_comes_to(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The output holds no key, and is a settings file itself that comes to the same."""
    file.write_text(WHOLE, encoding="utf-8")
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    assert exit_code("config", "--config", str(file)) == 0
    printed = capsys.readouterr().out
    assert "canary" not in printed
    again = file.with_name("again.toml")
    again.write_text(printed, encoding="utf-8")
    before, after = read(file, ENVIRONMENT), read(again, ENVIRONMENT)
    assert (after.server, after.history) == (before.server, before.history)
    for key in (Key.of("binance", "get_market_price"), Key.of("binance", "create_order")):
        assert after.book.of(key) == before.book.of(key)
    assert after.book.of(Key.of("kraken", "get_x")) == before.book.of(Key.of("kraken", "get_x"))
