"""Owns the fixtures of the practice Alpaca's tests."""

from __future__ import annotations

import pytest

from tests.practice.alpaca.kit import TRADING, Desk


@pytest.fixture
def desk() -> Desk:
    """A practice Alpaca at an hour when equities trade, in which nothing has happened."""
    return Desk(TRADING)
