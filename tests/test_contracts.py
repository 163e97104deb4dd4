"""Proves of each import rule in scripts/contracts.py that it bites, on graphs drawn by hand."""

from __future__ import annotations

import pytest
from grimp import ImportGraph

from scripts.contracts import OnlyIn, SeesOnly


def graph_of(*imports: tuple[str, str]) -> ImportGraph:
    """A graph with these imports, importer first."""
    graph = ImportGraph()
    for module in sorted({name for pair in imports for name in pair}):
        graph.add_module(module)
    for importer, imported in imports:
        graph.add_import(importer=importer, imported=imported)
    return graph


ONLY_IN = {"imported": ["sqlalchemy"], "importers": ["switchgear.observe.store"]}
SEES_ONLY = {"module": "switchgear.practice.sim", "may_import": ["switchgear.core.clock"]}


@pytest.mark.parametrize(
    ("importer", "imported", "kept"),
    [
        ("switchgear.observe.store", "sqlalchemy", True),
        ("switchgear.observe.store.engine", "sqlalchemy.orm", True),
        ("switchgear.observe.history", "sqlalchemy", False),
        ("switchgear.observe.stores", "sqlalchemy.orm", False),
        ("switchgear", "sqlalchemy", False),
        ("switchgear.observe.history", "sqlalchemy_utils", True),
    ],
)
def test_a_library_is_imported_in_its_room_alone(importer: str, imported: str, kept: bool) -> None:
    """A library is imported inside its room, at any depth, and nowhere else."""
    rule = OnlyIn("sql", {}, ONLY_IN)
    assert rule.check(graph_of((importer, imported)), verbose=False).kept is kept


@pytest.mark.parametrize(
    ("importer", "imported", "kept"),
    [
        ("switchgear.practice.sim.ledger", "switchgear.core.clock", True),
        ("switchgear.practice.sim.ledger", "switchgear.practice.sim.faults", True),
        ("switchgear.practice.sim.ledger", "aiohttp", True),
        ("switchgear.practice.sim.ledger", "switchgear.core.errors", False),
        ("switchgear.practice.sim", "switchgear", False),
        ("switchgear.practice.demo", "switchgear.core.errors", True),
    ],
)
def test_a_room_apart_sees_what_it_may(importer: str, imported: str, kept: bool) -> None:
    """A room that stands apart imports itself, what it was given, and what is not ours."""
    rule = SeesOnly("apart", {}, SEES_ONLY)
    assert rule.check(graph_of((importer, imported)), verbose=False).kept is kept


def test_rules_bear_with_rooms_that_are_not_there() -> None:
    """A rule may stand before the room that it guards."""
    graph = graph_of(("switchgear.core.errors", "switchgear.core.words"))
    assert OnlyIn("sql", {}, ONLY_IN).check(graph, verbose=False).kept
    assert SeesOnly("apart", {}, SEES_ONLY).check(graph, verbose=False).kept
