"""What is read of an exchange's answer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchgear.core.verdict import Answer
from switchgear.core.verdict.answer import MESSAGE_CHARS_MAX


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b'{"code":-1121,"msg":"Invalid symbol."}', -1121, "Invalid symbol."),
        ('{"code":"40310000","message":"no"}', "40310000", "no"),
        (b'{"code":[1],"msg":7}', None, "7"),
        (b'{"error":"x"}', None, '{"error":"x"}'),
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
    assert (answer.code, answer.message) == (code, message)


@settings(max_examples=50)
@given(body=st.binary() | st.text() | st.recursive(st.none(), st.lists).map(str))
def test_reading_garbage_never_raises(body: bytes | str) -> None:
    """Any body gives an answer with a message of bounded length."""
    assert len(Answer.read(500, {}, body).message) <= MESSAGE_CHARS_MAX


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
