"""Owns the tests of the public names: lazy, complete, and the same as in their homes."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest

import switchgear as sg
from switchgear.core.event import Event

LOADED = """
import sys
before = set(sys.modules)
import switchgear
{more}
import json
print(json.dumps(sorted(set(sys.modules) - before - {{"json"}})))
"""
USED = """
with switchgear.Switchgear() as gear:
    gear.call_sync("binance", "get_x", int)
    gear.logs()
    switchgear.classify(OSError("x"), exchange="binance", effect=switchgear.Effect.READ)
"""


def loaded(more: str = "") -> list[str]:
    """The modules that a fresh program loads with switchgear."""
    command = [sys.executable, "-c", LOADED.format(more=more)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    found: list[str] = json.loads(done.stdout)
    return found


def foreign(modules: list[str]) -> set[str]:
    """Those that are neither ours nor the standard library's."""
    tops = {name.partition(".")[0] for name in modules}
    return tops - set(sys.stdlib_module_names) - {"switchgear"}


@pytest.mark.slow
def test_importing_loads_nothing_but_the_package_itself() -> None:
    """No part of ours, and of the heavy standard modules none, is loaded; slow: a process of its own."""
    modules = loaded()
    assert [name for name in modules if name.startswith("switchgear")] == ["switchgear"]
    assert foreign(modules) == set()
    assert not {"asyncio", "logging", "inspect", "json"} & set(modules)


@pytest.mark.slow
def test_calls_need_the_standard_library_alone() -> None:
    """A call, its log and a verdict load no third-party package; slow: a process of its own."""
    assert foreign(loaded(USED)) == set()


@pytest.mark.parametrize("name", sorted(sg._HOME_OF))
def test_each_name_is_the_one_of_its_home(name: str) -> None:
    """A public name is the very object of the module that owns it."""
    home: Any = import_module(f"switchgear.{sg._HOME_OF[name]}")
    assert getattr(sg, name) is getattr(home, name)
    assert name in dir(sg)


def test_type_checkers_see_the_same_names() -> None:
    """The imports that only a type checker reads are those that work when the program runs."""
    tree = ast.parse(Path(sg.__file__).read_text("utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    pairs = {
        (alias.asname, (node.module or "").removeprefix("switchgear."))
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert pairs == set(sg._HOME_OF.items())


@pytest.mark.parametrize("kind", get_args(Event))
def test_every_event_has_a_public_name(kind: type[object]) -> None:
    """Whatever a gear tells can be listened to by a name of the package."""
    assert getattr(sg, kind.__name__) is kind


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A typo says what it was."""
    with pytest.raises(AttributeError, match="'switchgear' has no attribute 'Swichgear'"):
        getattr(sg, "Swichgear")  # noqa: B009  a type checker would refuse it
