"""Owns what every test may ask for; fixtures of one room stand in that room's own conftest."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# No deadline: on a busy machine the time of one example says nothing about the code.
settings.register_profile("switchgear", deadline=None, print_blob=True)
settings.load_profile("switchgear")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio alone: the library has no other loop."""
    return "asyncio"


TESTS = Path(__file__).parent
WIDE = ("cli", "docs", "observe/history", "order", "server", "test_tidy.py")
"""What is marked `wide`, below this folder."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests go first, so that no core is idle while the other ends the suite with one."""
    wide = [TESTS / room for room in WIDE]
    for item in items:
        if any(item.path.is_relative_to(room) for room in wide):
            item.add_marker("wide")
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


ROW = re.compile(r"::test_a_recorded_answer_is_judged_by_its_own_row\[([a-z]+)[-:. ]([a-z_]+)")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many rows of each exchange's verdict table were reached by a recorded answer in a test that passed."""
    rows: dict[str, set[str]] = defaultdict(set)
    for report in terminalreporter.stats.get("passed", []):
        if found := ROW.search(report.nodeid):
            rows[found[1]].add(found[2])
    if rows:
        counts = ", ".join(f"{venue} {len(names)}" for venue, names in sorted(rows.items()))
        terminalreporter.write_line(f"verdict rows, each a test that passed: {counts}")
