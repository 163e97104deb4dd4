"""What is read of an exchange's answer."""

from __future__ import annotations

import pytest

from switchgear.core.verdict import Answer
from switchgear.core.verdict.answer import CODE_CHARS_MAX, MESSAGE_CHARS_MAX


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b'{"code":-1121,"msg":"Invalid symbol."}', -1121, "Invalid symbol."),
        ('{"code":"40310000","message":"no"}', "40310000", "no"),
        (b'{"code":[1],"msg":7}', None, "7"),
        (b'{"message":"forbidden."}', None, "forbidden."),
        (b'{"code":true,"message":"no"}', None, "no"),
        (b'{"id":"7","status":"new"}', None, '{"id":"7","status":"new"}'),
        (b'{"error":"x"}', "x", '{"error":"x"}'),
        (b'{"error":" X ","error_details":"d","message":"m"}', "X", "m: d"),
        (b'{"error":"X","error_details":"m","message":"m"}', "X", "m"),
        (b'{"error":"not a word","code":5,"message":"m","details":[]}', 5, "m"),
        (b'{"error":{"code":5},"message":"m"}', None, "m"),
        (
            b'{"errors":[{"id":"rate_limit_exceeded","message":"slow"}]}',
            "rate_limit_exceeded",
            "slow",
        ),
        (b'{"errors":[{"id":"a"},{"id":"b"}]}', "a", '{"errors":[{"id":"a"},{"id":"b"}]}'),
        (b'{"errors":[]}', None, '{"errors":[]}'),
        (
            b'{"success":false,"message":"out","error_response":{"error":"X","message":"poor"}}',
            "X",
            "poor",
        ),
        (b'{"results":[{"success":false,"failure_reason":"A","order_id":"7"}]}', "A", "{"),
        (b'{"results":[{"failure_reason":"A"},{"failure_reason":"B"}]}', None, "{"),
        (b"Unauthorized", None, "Unauthorized"),
        (b'{"message":"\\ud800"}', None, "?"),
        ('{"message":"a"}'.encode("utf-16"), None, "\N{REPLACEMENT CHARACTER}" * 2),
        (b'{"code":"' + b"A" * (CODE_CHARS_MAX + 1) + b'","message":"m"}', None, "m"),
        (b'{"error":"' + b"A" * (CODE_CHARS_MAX + 1) + b'","message":"m"}', None, "m"),
        (b'{"code":' + b"9" * 5_000 + b"}", None, '{"code":9'),
        (b"[1]", None, "[1]"),
        (b"<html>\xff</html>", None, "<html>\N{REPLACEMENT CHARACTER}</html>"),
        (b"", None, ""),
        (b"[" * 60_000, None, "[" * MESSAGE_CHARS_MAX),
        (b'{"code":1,"msg":"' + b"a" * 70_000 + b'"}', None, '{"code":1,"msg":"' + "a" * 983),
    ],
)
def test_a_body_is_read(body: bytes | str, code: int | str | None, message: str) -> None:
    """JSON gives code and message; anything else, or too long, is a message of bounded length."""
    answer = Answer.read(400, {}, body)
    assert answer.code == code
    assert answer.message.startswith(message)
    assert bool(answer.message) == bool(message)


def test_a_header_is_found_in_any_case() -> None:
    """Names of headers have no case, values keep theirs."""
    answer = Answer(429, headers={"RETRY-after": "Now"})
    assert answer.header("Retry-After") == "Now"
    assert answer.header("Retry") is None


@pytest.mark.parametrize(
    ("code", "number"), [(-5, -5), (" -5 ", -5), ("5", 5), ("", None), ("--5", None), (None, None)]
)
def test_the_number_of_a_code(code: int | str | None, number: int | None) -> None:
    """A code is a number when it is one, or is written as one."""
    assert Answer(400, code).number == number


@pytest.mark.parametrize(
    ("code", "key"), [("-5", -5), (7, 7), (" not_Found", "NOT_FOUND"), (" ", None), (None, None)]
)
def test_a_code_is_compared_as_a_number_or_in_capitals(
    code: int | str | None, key: int | str | None
) -> None:
    """What the tables see of a code has one spelling."""
    assert Answer(400, code).key == key
