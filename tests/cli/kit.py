"""Owns what tests of the command line share: running it here, and as a process that is asked over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest

from switchgear.cli import main

if TYPE_CHECKING:
    from collections.abc import Generator

COMMAND = (sys.executable, "-m", "switchgear.cli")


def exit_code(*arguments: str) -> int:
    """Run a command in this process; what it ends with."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


class Process:
    """A command that runs, with its first line read already."""

    def __init__(self, running: subprocess.Popen[str]) -> None:
        self.running = running
        assert running.stdout is not None
        self.first_line = running.stdout.readline()

    @property
    def address(self) -> str:
        """The address in the first line."""
        found = next(word for word in self.first_line.split() if word.startswith("http"))
        return found.removesuffix("/api-logs")

    def asked(self, path: str) -> Any:
        """What the address answers under a path."""
        with urlopen(f"{self.address}{path}", timeout=10) as answer:
            return json.load(answer)

    def end(self, how: signal.Signals) -> tuple[int, str]:
        """Ask it to end; its exit code, and what else it said."""
        self.running.send_signal(how)
        assert self.running.stdout is not None
        said = self.running.stdout.read()  # communicate would miss what is buffered here already
        return self.running.wait(15), said


@contextmanager
def process(*arguments: str, **environment: str) -> Generator[Process]:
    """A command as a process of its own; killed at the end if it still lives."""
    running = subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        yield Process(running)
    finally:
        if running.poll() is None:
            running.kill()
        running.wait()
        assert running.stdout is not None
        running.stdout.close()
