"""
Owns two import rules that import-linter lacks: who may import a module, and what one may see.

Both bear with modules that are not there yet, so a rule can stand before the room it guards.
Layers are import-linter's own contract; pyproject.toml holds all the rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from importlinter import Contract, ContractCheck, fields, output

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from grimp import ImportGraph

ROOT = "switchgear"


def _within(module: str, rooms: Iterable[str]) -> bool:
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


def _imports(graph: ImportGraph, importer: str) -> Iterator[tuple[str, str]]:
    for imported in sorted(graph.find_modules_directly_imported_by(importer)):
        yield importer, imported


def _render(check: ContractCheck, say: str) -> None:
    for importer, imported in cast("list[tuple[str, str]]", check.metadata["broken"]):
        output.print_error(f"{importer} {say} {imported}")


class OnlyIn(Contract):
    """
    The modules of `imported`, with all below them, are imported inside `importers` alone.

    It looks at direct imports: who goes through the one place that may is what the rule wants.
    """

    type_name = "only_in"
    imported = fields.ListField(subfield=fields.StringField())
    importers = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 - import-linter's own signature
        """Broken by every import of a guarded module from outside the rooms that may."""
        guarded = cast("list[str]", self.imported)
        rooms = [*cast("list[str]", self.importers), *guarded]
        outside = (m for m in sorted(graph.modules) if _within(m, [ROOT]) and not _within(m, rooms))
        broken = [pair for m in outside for pair in _imports(graph, m) if _within(pair[1], guarded)]
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One line for each import that has no right to be."""
        _render(check, "may not import")


class SeesOnly(Contract):
    """`module`, with all below it, imports nothing of ours but itself and `may_import`."""

    type_name = "sees_only"
    module = fields.StringField()
    may_import = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 - import-linter's own signature
        """Broken by every import of another room of ours."""
        room = cast("str", self.module)
        seen = [room, *cast("list[str]", self.may_import)]
        inside = (m for m in sorted(graph.modules) if _within(m, [room]))
        pairs = (pair for m in inside for pair in _imports(graph, m))
        broken = [p for p in pairs if _within(p[1], [ROOT]) and not _within(p[1], seen)]
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One line for each import that reaches too far."""
        _render(check, "stands apart, and may not import")
