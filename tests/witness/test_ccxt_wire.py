"""What a wrapped exchange of ccxt tells of its requests, in both colours: whose they are, and none of its secrets."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest

from switchgear.practice.sim.server import SimThread
from tests.witness.kit import PYTHON, ROOT, paths

pytestmark = pytest.mark.slow  # each colour is a process that imports ccxt

PROGRAM = ROOT / "tests" / "witness" / "clients" / "ccxt_wire.py"


def run(colour: str) -> tuple[dict[str, Any], str]:
    """What the program told, and all of it as text but for the keys themselves."""
    with SimThread() as sim:
        given = {"BINANCE_URL": sim.base_url, "BINANCE_KEY": sim.key, "BINANCE_SECRET": sim.secret}
        done = subprocess.run(
            [PYTHON, PROGRAM, colour],
            env={**os.environ, **given, "PYTHONPATH": ":".join(map(str, paths()))},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told, json.dumps([told["said"], told["records"]])


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_requests_and_answers_are_told_without_secrets(colour: str) -> None:
    """The order by its client order id, the refusal with its body; no key, no secret, no signature."""
    told, text = run(colour)
    wires = [record for record in told["records"] if record["event"] == "wire"]
    (placed,) = [
        wire
        for wire in wires
        if wire["method"] == "create_order" and wire["message"].startswith("POST")
    ]
    assert placed["status"] == 200
    assert f"newClientOrderId={placed['order_id']}" in placed["detail"]["request"]["body"]
    assert placed["detail"]["request"]["body"].endswith("&signature=***")
    assert '"status":"NEW"' in placed["detail"]["answer"]["body"]
    (refused,) = [wire for wire in wires if wire["method"] == "fetch_order"]
    assert (refused["status"], "-2013" in refused["detail"]["answer"]["body"]) == (400, True)
    assert "signature=***" in refused["detail"]["request"]["url"]
    (called,) = [record for record in told["records"] if record["event"] == "order_called"]
    assert (called["order_id"], called["call_id"]) == (placed["order_id"], placed["call_id"])
    assert told["key"] not in text
    assert told["secret"] not in text
