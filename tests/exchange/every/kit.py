"""Owns what the suite over every client reads of errors and of the exchange's truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import switchgear as sg
    from switchgear.practice.sim.server import Sim


def kind_of(error: sg.ApiError) -> sg.Kind:
    """What the error's verdict says."""
    assert error.verdict is not None
    return error.verdict.kind


def truth(sim: Sim, number: int = -1) -> dict[str, Any]:
    """An order as the exchange has it."""
    found: dict[str, Any] = sim.state()["orders"][number]
    return found
