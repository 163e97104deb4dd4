"""Owns the fixtures of tests of whole calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.core.callkit import Calls

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=["sync", "async"])
def calls(request: pytest.FixtureRequest) -> Iterator[Calls]:
    """Each scenario with plain functions and with coroutine functions."""
    made = Calls(request.param)
    yield made
    made.close()


@pytest.fixture
def async_calls() -> Iterator[Calls]:
    """Coroutine functions alone."""
    made = Calls("async")
    yield made
    made.close()


@pytest.fixture
def sync_calls() -> Iterator[Calls]:
    """Plain functions alone."""
    made = Calls("sync")
    yield made
    made.close()
