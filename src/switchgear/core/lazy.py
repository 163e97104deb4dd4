"""Owns how a room's names are loaded when they are first used; which names it has is the room's."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def lazy(
    room: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """
    `__getattr__` and `__dir__` of a package whose names live in its modules.

    Args:
        room: The package.
        homes: By module of it, the names that are its, with spaces between.
    """
    home_of = {name: home for home, names in homes.items() for name in names.split()}

    def found(name: str) -> object:
        home = home_of.get(name)
        if home is None:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        value: object = getattr(import_module(f"{room}.{home}"), name)
        setattr(sys.modules[room], name, value)  # the next use finds it without asking here
        return value

    def named() -> list[str]:
        return sorted({*vars(sys.modules[room]), *home_of})

    return found, named
