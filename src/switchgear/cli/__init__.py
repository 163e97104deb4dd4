"""Owns the way into the command line, and how its errors end: in one line, never in a traceback."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WRONG = 2
"""The exit code when nothing was started: something given cannot be."""
_EXTRAS = {
    "aiohttp": "http",
    "alembic": "history",
    "cryptography": "http",
    "fastapi": "server",
    "msgspec": "history",
    "multidict": "http",
    "rich": "cli",
    "sqlalchemy": "history",
    "sse_starlette": "server",
    "starlette": "server",
    "typer": "cli",
    "uvicorn": "server",
    "yarl": "http",
}
"""Which extra brings a library that a command may miss."""


def main(arguments: Sequence[str] | None = None) -> None:
    """
    Run a command, and end the program with its exit code.

    Args:
        arguments: What follows the program's name; what it was started with when not given.
    """
    try:
        _run(arguments)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in _EXTRAS:
            raise
        extra = _EXTRAS[missing]
        _end(f"{missing} is not installed; pip install 'switchgear[{extra}]' brings it")
    except BrokenPipeError:
        # Who read the output has gone; without this the interpreter says so once more at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _run(arguments: Sequence[str] | None) -> None:
    from switchgear.cli.commands import app
    from switchgear.core.errors import SwitchgearError
    from switchgear.core.words import KeyNameError

    try:
        app(args=None if arguments is None else list(arguments), prog_name="switchgear")
    except (SwitchgearError, KeyNameError) as error:
        _end(str(error))


def _end(words: str) -> None:
    sys.stderr.write(f"switchgear: {' '.join(words.split())}\n")
    sys.exit(WRONG)
