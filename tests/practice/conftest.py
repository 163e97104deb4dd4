"""Owns the fixtures of the practice venue's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.practice.kit import Desk
from tests.practice.station import Station

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
def desk() -> Desk:
    """A practice world that nothing has happened in."""
    return Desk()


@pytest.fixture
async def station() -> AsyncIterator[Station]:
    """A practice server on a clock that stands still, and a client of it."""
    async with Station() as running:
        yield running
