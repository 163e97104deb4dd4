"""
Proves that every heading of the guide has a test that names it, and that the reference has its
place for each.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import switchgear
from switchgear import guide

HERE = Path(__file__).parent
REFERENCE = HERE.parent.parent / "docs/reference/guide.md"
HEADINGS = [
    re.sub(r"^#+ ", "", line) for line in (HERE / "headings.txt").read_text("utf-8").splitlines()
]
PARTS = [
    line.removeprefix("## ")
    for line in (HERE / "headings.txt").read_text("utf-8").splitlines()
    if line.startswith("## ")
]


@cache
def named_headings() -> list[str]:
    """The headings that the tests of this room name; read from the files, so -k changes nothing."""
    found: list[str] = []
    for path in sorted(HERE.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found += [text for mark in node.decorator_list for text in _texts(mark)]
    return found


def _texts(mark: ast.expr) -> list[str]:
    if not isinstance(mark, ast.Call) or ast.unparse(mark.func) != "pytest.mark.guide":
        return []
    return [str(ast.literal_eval(argument)) for argument in mark.args]


@pytest.mark.parametrize("heading", HEADINGS)
def test_each_heading_has_a_test(heading: str) -> None:
    """Each heading of the guide is named by the mark of at least one test."""
    assert heading in named_headings()


def test_no_mark_names_a_heading_that_is_not_there() -> None:
    """A mark with a misspelt heading would prove nothing."""
    assert set(named_headings()) - set(HEADINGS) == set()


@pytest.mark.guide("Table of Contents")
def test_the_reference_follows_the_contents() -> None:
    """docs/reference/guide.md has a section for each part of the guide, in the guide's order."""
    sections = re.findall(r"^## (.+)$", REFERENCE.read_text("utf-8"), re.MULTILINE)
    assert [section for section in sections if section in PARTS] == PARTS


@pytest.mark.guide("Conclusion")
def test_the_reference_maps_every_name() -> None:
    """Whoever comes from the guide finds each of our names for it in docs/reference/guide.md."""
    page = REFERENCE.read_text("utf-8")
    assert [name for name in guide.__all__ if f"`{name}" not in page] == []


@pytest.mark.guide("Conclusion")
@pytest.mark.parametrize("name", guide.__all__)
def test_each_name_is_a_name_of_switchgear_too(name: str) -> None:
    """`switchgear.get_logs` and its siblings are the guide's functions."""
    assert getattr(switchgear, name) is getattr(guide, name)
