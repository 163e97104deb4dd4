"""Every reason in Coinbase's enums, wherever its answers put it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from switchgear.core.verdict import Answer, judge
from switchgear.core.verdict.answer import refuses
from switchgear.core.verdict.coinbase import ROWS
from switchgear.core.verdict.judgement import row_of
from switchgear.core.words import Effect, Kind

ENUMS: dict[str, Any] = tomllib.loads((Path(__file__).parent / "coinbase_enums.toml").read_text())
KINDS = {word: Kind[kind] for kind, words in ENUMS["kinds"].items() for word in words.split()}
GUESSED = {"preview_refused", "invalid_value"}
"""Rows for words that nobody knows yet; a known one must not need them."""


def words_of(enum: str) -> list[str]:
    """The values of an enum, without the prefix that `preview` has."""
    words: str = ENUMS[enum]
    return words.split()


def order_refused(**reasons: str) -> str:
    """The body of a refused order, with these fields in its error_response."""
    body = {
        "success": False,
        "failure_reason": "UNKNOWN_FAILURE_REASON",
        "error_response": {
            "error": "UNKNOWN_FAILURE_REASON",
            "message": "",
            "error_details": "",
            "preview_failure_reason": "UNKNOWN_PREVIEW_FAILURE_REASON",
            "new_order_failure_reason": "UNKNOWN_FAILURE_REASON",
            **reasons,
        },
    }
    return json.dumps(body)


def bodies_of(enum: str, word: str) -> list[str]:
    """Every body in which Coinbase gives a word of this enum."""
    match enum:
        case "new_order":
            return [order_refused(new_order_failure_reason=word), order_refused(error=word)]
        case "preview":
            return [order_refused(preview_failure_reason=f"PREVIEW_{word}")]
        case "cancel":
            result = {"success": False, "failure_reason": word, "order_id": "7"}
            return [json.dumps({"results": [result]})]
        case _:
            error = {"edit_failure_reason": word}
            return [json.dumps({"success": False, "errors": [error]})]


@pytest.mark.parametrize(
    ("enum", "count"), [("new_order", 123), ("preview", 150), ("cancel", 10), ("edit", 14)]
)
def test_every_reason_of_an_enum_has_a_row_and_its_kind(enum: str, count: int) -> None:
    """Each value is known by a row of the table, never guessed by its beginning, and means what is expected."""
    words = words_of(enum)
    assert len(set(words)) == len(words) == count
    for word in words:
        for body in bodies_of(enum, word):
            answer = Answer.read(200, {}, body)
            row = row_of(answer, "coinbase")
            assert row in ROWS, word
            assert row.name not in GUESSED, word
            assert row.kind is KINDS.get(word, Kind[ENUMS["other"]]), word


def test_the_kinds_expected_are_of_words_that_exist() -> None:
    """No expectation is for a word that no enum has."""
    known = {word for enum in ("new_order", "preview", "cancel", "edit") for word in words_of(enum)}
    assert set(KINDS) <= known


@pytest.mark.parametrize(
    ("reasons", "code"),
    [
        ({"new_order_failure_reason": "A", "preview_failure_reason": "B", "error": "C"}, "A"),
        ({"preview_failure_reason": "B", "error": "C"}, "B"),
        ({"error": "C"}, "C"),
        ({}, "UNKNOWN_FAILURE_REASON"),
        ({"new_order_failure_reason": ""}, "UNKNOWN_PREVIEW_FAILURE_REASON"),
    ],
)
def test_the_most_specific_reason_wins(reasons: dict[str, str], code: str) -> None:
    """The reason of the order, then of its check, then the old field; one that says unknown only when all do."""
    assert Answer.read(200, {}, order_refused(**reasons)).code == code


@pytest.mark.parametrize(
    ("body", "refused", "code"),
    [
        ('{"success":false,"failure_reason":"INVALID_SIDE"}', True, "INVALID_SIDE"),
        ('{"success":true,"failure_reason":"UNKNOWN_FAILURE_REASON"}', False, None),
        ('{"results":[{"success":false,"failure_reason":"X"}]}', True, "X"),
        ('{"results":[{"success":true,"failure_reason":"X"}]}', False, None),
        ('{"results":[{"success":false},{"success":true}]}', False, None),
        ('{"order":{"order_id":"7"}}', False, None),
        ("[]", False, None),
        ("<html>", False, None),
        (b"\xff\xfe", False, None),
        ("", False, None),
    ],
)
def test_a_success_is_no_refusal(body: bytes | str, refused: bool, code: str | None) -> None:
    """`success` decides, not the reason beside it; and a success has no code."""
    assert refuses(body) is refused
    assert Answer.read(200, {}, body).code == code


@pytest.mark.parametrize("word", ["NEVER_SEEN", "never seen", "", "UNKNOWN_TOMORROW_REASON"])
def test_a_reason_that_nobody_knows_leaves_an_order_in_doubt(word: str) -> None:
    """It is looked for, not sent again, and says nothing against the exchange."""
    verdict = judge(
        Answer.read(200, {}, order_refused(new_order_failure_reason=word)), "coinbase", Effect.TRADE
    )
    assert (verdict.ambiguous, verdict.counts, verdict.retryable) == (True, False, False)
