"""The page of verdicts says what the tables say."""

from __future__ import annotations

from switchgear.core.verdict import binance
from switchgear.core.verdict.judgement import TABLES as VENUES
from switchgear.core.words import Kind
from tests.core.verdict.verdict_page import PAGE, TABLES, line, page_with


def test_the_page_has_every_row_of_the_tables() -> None:
    """The page is in step with the data; running verdict_page.py writes it anew."""
    text = PAGE.read_text()
    assert page_with(text) == text
    assert [row.name for rows in TABLES.values() for row in rows if line(row) not in text] == []
    assert set(VENUES) < set(TABLES)


def test_the_page_explains_every_kind() -> None:
    """Each kind has its line in the table of kinds."""
    text = PAGE.read_text()
    assert [kind.name for kind in Kind if f"\n| `{kind.name}` |" not in text] == []


def test_a_page_that_lacks_a_row_is_found_out() -> None:
    """The check above fails on a page without one of its rows, so it can fail."""
    text = PAGE.read_text()
    assert page_with(text.replace(line(binance.ROWS[3]) + "\n", "")) == text
    assert text.replace(line(binance.ROWS[3]) + "\n", "") != text
