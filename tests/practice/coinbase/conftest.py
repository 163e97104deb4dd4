"""Owns the fixture of the practice Coinbase's tests."""

from __future__ import annotations

import pytest

from tests.practice.coinbase.kit import Desk


@pytest.fixture
def desk() -> Desk:
    """A practice world that nothing has happened in."""
    return Desk()
