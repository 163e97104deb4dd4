"""Owns killing: a process that dies at a step does nothing any more, as if the machine had taken it away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from switchgear.order.journal import InlineCommitter
from switchgear.order.store import Change, Write

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from switchgear.order.store import IntentStore, Outcome, Step


class Living(Protocol):
    """What may be killed."""

    def at(self, step: str) -> None:
        """Raises Killed when it dies here, or is dead already."""
        ...


class Killed(BaseException):
    """The process is no more: nothing of it runs, nothing it would do happens."""


class Mortal(InlineCommitter):
    """Carries out what a process hands over while it lives; it may be killed just before or after."""

    def __init__(self, store: IntentStore, process: Living) -> None:
        super().__init__(store)
        self._process = process

    async def commit(self, steps: Sequence[Step], *, durable: bool) -> list[Outcome]:
        """As Committer says."""
        name = _named(steps)
        self._process.at(f"before {name}")
        found = await super().commit(steps, durable=durable)
        self._process.at(f"after {name}")
        return found

    def post(
        self, steps: Sequence[Step], told: Callable[[list[Outcome] | Exception], object]
    ) -> None:
        """As Committer says."""
        name = _named(steps)
        self._process.at(f"before {name}")
        super().post(steps, told)
        self._process.at(f"after {name}")


def _named(steps: Sequence[Step]) -> str:
    first = steps[0]
    if isinstance(first, (Write, Change)):
        return first.intent.state.value
    return "claim"
