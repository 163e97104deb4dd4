"""Proves what people read of an answer that is a page, or that names an instant in milliseconds; verdicts read on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import switchgear as sg
from switchgear.core.verdict import Answer, judge
from switchgear.exchange import BinanceApi
from switchgear.exchange.reply import MESSAGE_CHARS_MAX, Reply, Target, refusal
from switchgear.exchange.said import said
from switchgear.testing import FakeClock
from tests.exchange.kit import BTC, answer_bytes, odd_server, one_attempt, texts

if TYPE_CHECKING:
    from switchgear.core.errors import ApiError

pytestmark = pytest.mark.anyio

PAGE = "a web page instead of an answer"
GATEWAY = (
    b"<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>\r\n"
    b"<center><h1>504 Gateway Time-out</h1></center>\r\n<hr><center>nginx</center>\r\n</body></html>"
)
FIREWALL = (
    b"<!DOCTYPE html><!--[if lt IE 7]> <html> <![endif]--><head><style>a>b{}</style></head>"
    b"<body><h1>Sorry, you have been blocked</h1><p>Ray&nbsp;ID: &lt;b&gt;8a1&lt;/b&gt;</p></body>"
)
MAINTENANCE = (
    b"<html><head><title>503</title></head><body>under scheduled maintenance</body></html>"
)
BAN = b'{"code":-1003,"msg":"Way too much request weight used; IP banned until %d. Please use X."}'


def refused(status: int, body: bytes, clock: FakeClock | None = None) -> ApiError:
    """What the client of Binance says of an answer."""
    target = Target("binance", "get_market_price", sg.Effect.READ)
    return refusal(Reply(status, {}, body), target, clock or FakeClock())


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (GATEWAY.decode(), f"{PAGE}: 504 Gateway Time-out"),
        (FIREWALL.decode(), f"{PAGE}: Sorry, you have been blocked Ray ID: 8a1"),
        ("\ufeff <HTML><TITLE> 502\nBad <b>Gateway</b></TITLE>", f"{PAGE}: 502 Bad Gateway"),
        ("<html><title> </title><script>a='<b>'</script>closed</html>", f"{PAGE}: closed"),
        ("<html><head><title>403 Forbid", f"{PAGE}: 403 Forbid"),
        ("<?xml version='1.0'?><Error><Code>AccessDenied</Code>", f"{PAGE}: AccessDenied"),
        ("upstream: <html><body>gone", f"{PAGE}: upstream: gone"),
        ("<html><bo", PAGE),
        ("error code: 1015", "error code: 1015"),
        ("price < 0 or > 10", "price < 0 or > 10"),
        ("banned until 1795731733068.", "banned until 2026-11-26T22:22:14Z."),
        ("Until 1795731733000", "Until 2026-11-26T22:22:13Z"),
        ("until 17957317330681 or 1795731733068", "until 17957317330681 or 1795731733068"),
    ],
)
def test_people_read_words_and_dates(message: str, words: str) -> None:
    """Of a page its title, else what stands in it; of an instant the date, not before it; all else as it is."""
    assert said(message) == words


@given(st.lists(st.sampled_from(["<", ">", "</", "<title>", "<!--", "&lt;", "html", " a "])))
def test_no_page_is_shown_as_markup(parts: list[str]) -> None:
    """However it is broken off, no tag is left of it."""
    assert "<title" not in said("<html>" + "".join(parts))
    assert "<html" not in said("<html>" + "".join(parts))


def test_the_error_says_the_status_and_is_short() -> None:
    """A long page is cut, and its status stands beside it."""
    error = refused(504, b"<html><p>" + b"gone " * 20_000)
    assert len(error.message) == MESSAGE_CHARS_MAX
    assert str(error).endswith("… (HTTP 504)")


async def test_markup_is_nowhere_in_what_is_kept(gear: sg.Switchgear) -> None:
    """Neither the error nor the log nor the circuit's reason has a tag of a proxy's page."""
    one_attempt(gear)
    page = answer_bytes(GATEWAY).replace(b"200 OK", b"504 Gateway Time-out", 1)
    async with odd_server(page) as url, BinanceApi(gear, base_url=url) as api:
        with pytest.raises(sg.ApiError) as caught:
            await api.get_market_price(BTC)
    assert f"{PAGE}: 504 Gateway Time-out (HTTP 504)" in str(caught.value)
    kept = [str(caught.value), *texts(gear)]
    assert not [text for text in kept if "<html" in text or "<title" in text]


def test_a_ban_ends_when_its_message_says() -> None:
    """The text for people has a date; the verdict has what is left of the ban, to the millisecond."""
    clock = FakeClock()
    until_ms = round(clock.wall().timestamp() * 1000) + 90_250
    error = refused(418, BAN % until_ms, clock)
    assert error.verdict is not None
    assert error.verdict.kind is sg.Kind.BANNED
    assert error.verdict.retry_after_s == pytest.approx(90.25)
    assert str(until_ms) not in str(error)
    assert "IP banned until 2" in error.message


@pytest.mark.parametrize("venue", ["alpaca", "binance", "coinbase"])
@pytest.mark.parametrize("status", [400, 403, 418, 429, 503, 504])
@pytest.mark.parametrize("body", [GATEWAY, FIREWALL, MAINTENANCE])
def test_verdicts_look_at_the_page_itself(venue: str, status: int, body: bytes) -> None:
    """What a page means is judged by all of it, as it came."""
    clock = FakeClock()
    target = Target(venue, "create_order", sg.Effect.TRADE)
    told = refusal(Reply(status, {}, body), target, clock).verdict
    assert told == judge(Answer.read(status, {}, body), venue, sg.Effect.TRADE, clock.wall)
