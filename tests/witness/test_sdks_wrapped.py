"""The exchanges' own SDKs behind one line: the recipes of docs/howto/guard-an-sdk.md, in the witness environment."""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from typing import Any

import pytest

from tests.witness.kit import PYTHON, ROOT

pytestmark = pytest.mark.slow  # a process that imports three SDKs

PROGRAM = ROOT / "tests" / "witness" / "clients" / "sdks_wrapped.py"


@cache
def run() -> dict[str, dict[str, Any]]:
    """What each SDK made of each scenario."""
    done = subprocess.run(
        [PYTHON, PROGRAM],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("sdk", "library"),
    [
        ("alpaca_py", "RequestException"),
        ("python_binance", "RequestException"),
        ("python_binance_async", "ClientError"),
        ("coinbase_advanced", "RequestException"),
    ],
)
def test_an_sdk_is_guarded_by_one_line(sdk: str, library: str) -> None:
    """A read is tried again, an order is sent once, and an open circuit is an error of its HTTP library too."""
    found = run()[sdk]
    assert found["a read fails once"] == {"ok": True, "requests": 2}
    assert found["an order meets 503"]["requests"] == 1
    assert "Exception" in found["an order meets 503"]["error"]
    refused = found["an open circuit"]
    assert refused["requests"] == 0
    assert {"CircuitOpenError", library} <= set(refused["error"])
