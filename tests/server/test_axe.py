"""Tests the checker of accessibility itself: its files are those of its package, and it finds what is wrong."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from tests.server.axe import VENDOR, axe
from tests.server.browser import chromium

_FILES = json.loads((VENDOR / "vendor.json").read_text(encoding="utf-8"))["files"]


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file["file"])
def test_a_vendored_file_is_that_of_its_package(file: dict[str, str]) -> None:
    """Each file has the hash that was written down when it was taken."""
    assert sha256((VENDOR / file["file"]).read_bytes()).hexdigest() == file["sha256"]


def test_every_vendored_file_is_written_down() -> None:
    """No file of others lies there without its package, its version and its licence."""
    assert {path.name for path in VENDOR.iterdir()} == {file["file"] for file in _FILES} | {
        "vendor.json"
    }


@pytest.mark.slow  # a real browser
def test_the_checker_finds_what_is_wrong() -> None:
    """A picture without words and a field without a name are both told, and how bad it is."""
    with chromium() as browser:
        page = browser.new_page()
        page.set_content("<main><img src='data:,' class='bare'><input class='nameless'></main>")
        told = "\n".join(axe(page))
    assert "image-alt" in told
    assert "label (critical)" in told
