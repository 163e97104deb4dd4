"""Owns what every test may ask for; fixtures of one room stand in that room's own conftest."""

from __future__ import annotations

import pytest
from hypothesis import settings

# No deadline: on a busy machine the time of one example says nothing about the code.
settings.register_profile("switchgear", deadline=None, print_blob=True)
settings.load_profile("switchgear")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio alone: the library has no other loop."""
    return "asyncio"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests go first, so that no core is idle while the other ends the suite with one."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
