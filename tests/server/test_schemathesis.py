"""Asks the API what its OpenAPI document allows, and what it does not: it never fails, and answers as it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from switchgear.order.intent import State
from switchgear.server import GearSource, create_app
from tests.server.login_kit import OPERATOR, credentials
from tests.server.orders_kit import OrderHouse
from tests.server.test_mounting import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow  # some thousand requests

BEARER = {"authorization": f"Bearer {OPERATOR}"}
EXAMPLES = 5
"""Of each operation and kind: the right and the wrong. They are the same at each run."""
CHECKS: Any = checks  # of types that are known in part
SHAPES = [CHECKS.response_schema_conformance, CHECKS.content_type_conformance]


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A server with records, circuits, orders and a halt, whose live tails end as soon as they began."""
    with OrderHouse(tmp_path) as house:
        house.tell()
        house.book.put(State.SENT, State.ACKED)
        house.book.put(State.SENT, State.UNKNOWN)
        source = GearSource(house.gear)
        app = create_app(source, auth=credentials(), clock=house.clock, closing=lambda: True)
        with serving(app) as address:
            yield address


def _document(url: str) -> Any:
    where = f"{url}/api/v1/openapi.json"
    return schemathesis.openapi.from_url(where, headers=BEARER, config=schemathesis.Config())


@pytest.mark.parametrize("mode", GenerationMode)
def test_whatever_is_asked_has_its_answer(
    url: str, mode: GenerationMode, subtests: pytest.Subtests
) -> None:
    """No question makes the server fail, and each answer has the status, type and fields that the document gives."""
    asked = 0
    for found in _document(url).get_all_operations():
        operation = found.ok()
        with subtests.test(operation=operation.label):
            asked += _ask(operation, mode)
    assert asked > 100


def _ask(operation: Any, mode: GenerationMode) -> int:
    statuses = {int(each) for each in operation.definition.raw["responses"] if each.isdigit()}
    asked = 0

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],  # the first that fails is good enough to look into
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    def ask(case: Any) -> None:
        nonlocal asked
        asked += 1
        answer = case.call(headers=BEARER, timeout=10)
        # What the server cannot do now it says with a status of its document; anything else is a fault of it.
        assert answer.status_code < 500 or answer.status_code in statuses - {500}, answer.text
        case.validate_response(answer, checks=SHAPES)

    ask()
    return asked
