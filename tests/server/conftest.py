"""Owns the houses that tests of the server look at, told once for a module, and the browser that opens their pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.server.browser import chromium
from tests.server.kit import SOURCES, House

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


@pytest.fixture(scope="module", params=SOURCES)
def told(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A house with a story, read in each of the ways; for tests that change nothing."""
    with House(request.param, tmp_path_factory.mktemp("told")) as house:
        house.tell()
        yield house


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house read from memory; what a test of the module does in it stays."""
    with House("memory", tmp_path_factory.mktemp("house")) as made:
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a module."""
    with chromium() as opened:
        yield opened
