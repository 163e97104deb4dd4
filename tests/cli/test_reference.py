"""Proves that the reference pages name every setting, every table's field, and every option."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import typer

from switchgear.cli import config
from switchgear.cli.commands import app
from switchgear.settings import Settings

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def missing(names: set[str], page: str) -> list[str]:
    """The names that the page does not hold in backquotes."""
    text = (REFERENCE / page).read_text(encoding="utf-8")
    return sorted(name for name in names if f"`{name}`" not in text)


def test_every_setting_is_in_the_reference() -> None:
    """What a settings file may hold is described."""
    assert missing({field.name for field in fields(Settings)}, "settings.md") == []


def test_every_field_of_every_table_is_in_the_reference() -> None:
    """So are the other tables of the file that `serve` reads."""
    names = {*config._SERVER, *config._HISTORY, *config._EXCHANGE, "server", "history"}
    assert missing(names, "configuration.md") == []


def test_every_command_and_option_is_in_the_reference() -> None:
    """Each command has its heading, each option is named."""
    group: Any = typer.main.get_command(app)  # of click's types, which typer does not tell
    commands: dict[str, Any] = group.commands
    options: set[str] = {o for one in commands.values() for each in one.params for o in each.opts}
    assert missing(options, "cli.md") == []
    text = (REFERENCE / "cli.md").read_text(encoding="utf-8")
    assert [name for name in commands if f"## switchgear {name}\n" not in text] == []
