"""Owns the tests of facts: the level of each, and that none can be changed."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, is_dataclass
from typing import Any, get_args

import pytest

from switchgear.core.event import Event, level_of
from switchgear.core.words import Level
from tests.observe.facts import SAMPLES


@pytest.mark.parametrize(("event", "level", "_text"), SAMPLES)
def test_each_fact_has_its_level(event: Event, level: Level, _text: str) -> None:
    """Attempts DEBUG, successes INFO, troubles WARNING, final failures ERROR, losses CRITICAL."""
    assert level_of(event) is level


def test_each_fact_has_a_sample() -> None:
    """A fact that is new must take its place in the table of levels."""
    assert {type(event) for event, _, _ in SAMPLES} == set(get_args(Event))


@pytest.mark.parametrize("kind", get_args(Event))
def test_a_fact_is_frozen_and_small(kind: type[Any]) -> None:
    """A fact has slots, says what it is, and begins with its instant."""
    assert is_dataclass(kind)
    assert "__slots__" in vars(kind)
    assert next(iter(kind.__dataclass_fields__)) == "at_s"
    assert kind.__doc__
    sample = next(event for event, _, _ in SAMPLES if type(event) is kind)
    with pytest.raises(FrozenInstanceError):
        sample.at_s = 2.0  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  the point
