"""Proves of scripts/venv that it is quiet about what pip remarks, and loud when pip fails."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "scripts" / "venv"
# Stands in for the Python of an environment that is there already: its pip remarks something, and ends as told.
PYTHON = """#!/bin/sh
case "$*" in *--version*) exit 0 ;; esac
echo "Requirement already satisfied"
echo "WARNING: Location of a package is ignored" >&2
exit {code}
"""


@pytest.mark.parametrize("code", [0, 3])
def test_pip_is_heard_only_when_it_fails(tmp_path: Path, code: int) -> None:
    """Its warnings stay out of a setup that works; of one that fails all of its words are told."""
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(PYTHON.format(code=code), encoding="utf-8")
    python.chmod(0o755)
    done = subprocess.run([SCRIPT, tmp_path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.count("\n")) == (code, 1)
    said = "Requirement already satisfied\nWARNING: Location of a package is ignored\n"
    assert done.stderr == (said if code else "")
