"""Owns the tests of settings files: tables, patterns in them, and every way in which one can be wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from switchgear.core.words import Key
from switchgear.settings import SettingsBook, load_file
from tests.test_settings import KEY, refused

if TYPE_CHECKING:
    from pathlib import Path

FILE = """
[settings]
retries = 1
log_level = "debug"
[settings."bin*"]
timeout_s = 4
[settings.binance]
deadline_s = "none"
[settings.Binance.getMarketData]
retries = 5
effect = "read"
[settings."*"."create_*"]
retries = 0
"""


def test_a_file_sets_by_tables(tmp_path: Path) -> None:
    """Tables name exchange and method, by pattern too; the gear that is made from the file obeys them."""
    path = tmp_path / "switchgear.toml"
    path.write_text(FILE, encoding="utf-8")
    with sg.Switchgear(settings=path) as gear:
        found = gear.book.of(KEY)
        assert (found.retries, found.timeout_s, found.deadline_s) == (5, 4, None)
        assert found.log_level is sg.Level.DEBUG
        assert gear.book.of(Key("kraken", "create_order", "main")).retries == 0


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("[settings]\nretrys = 1", "retrys"),
        ("[settings.binance]\ntimeout_s = 0", "binance.timeout_s"),
        ("[settings.binance.get_x]\nprobes = '1'", "binance.get_x.probes"),
        ("[settings.binance.get_x]\nprobes_to_close = 2", "binance.get_x.probes_to_close"),
        ("[settings.binance.get_x.main]\nretries = 1", "binance.get_x.main"),
        ("[settings.'a b']\nretries = 1", "a b.exchange"),
        ("[settings]\nignore = ['KeyError']", "ignore"),
        ("settings = 5", "settings"),
        ("[[settings]]\nretries = 1", "settings"),
        ("[setings]\nretries = 1", "setings"),
        ("retries = 1", "retries"),
        ("[settings\n", "settings file"),
    ],
)
def test_a_file_with_a_fault_makes_no_gear(tmp_path: Path, text: str, field: str) -> None:
    """The error names the table and the field that is wrong."""
    path = tmp_path / "switchgear.toml"
    path.write_text(text, encoding="utf-8")
    assert refused(lambda: sg.Switchgear(settings=path)).field == field


def test_a_file_that_cannot_be_read_is_a_clear_error(tmp_path: Path) -> None:
    """A missing file and one that is no text say so."""
    missing = refused(lambda: load_file(tmp_path / "none.toml"))
    assert "readable" in missing.allowed
    (tmp_path / "raw.toml").write_bytes(b"\xff\xfe\x00")
    assert refused(lambda: load_file(tmp_path / "raw.toml")).field == "settings file"


def test_a_narrow_table_may_mend_a_wide_one() -> None:
    """A file is judged as a whole: the order of its tables does not matter."""
    book = SettingsBook()
    book.load(
        {
            "*": {"get_*": {"probes": 3, "probes_to_close": 3}},
            "binance": {"probes": 1, "get_*": {"probes_to_close": 1}},
        }
    )
    assert book.of(KEY).probes_to_close == 1
