"""Owns the tests of names: how they fold, what is refused, and what a method's name says it does."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from switchgear.core.words import GATED, REFUSALS, Effect, Key, KeyNameError, effect_of, fold

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.:\-]{0,40}", fullmatch=True)


@pytest.mark.parametrize(
    ("given_", "folded"),
    [
        ("getMarketData", "get_market_data"),
        ("GetMarketData", "get_market_data"),
        ("get_market_data", "get_market_data"),
        ("GET", "get"),
        ("getOHLCVData", "get_ohlcv_data"),
        ("fetchOrder2Fast", "fetch_order2_fast"),
        ("coinbase-pro", "coinbase-pro"),
        ("kraken.futures", "kraken.futures"),
        ("Binance:US", "binance:us"),
    ],
)
def test_case_and_camel_case_fold_to_snake_case(given_: str, folded: str) -> None:
    """However a name is written, it is one key."""
    assert fold("method", given_) == folded


@given(NAMES)
def test_folding_twice_changes_nothing(name: str) -> None:
    """A folded name is a name, and its own fold."""
    assume(len(name) <= 32)  # humps add at most as many again
    folded = fold("method", name)
    assert fold("method", folded) == folded


@pytest.mark.parametrize("name", ["aB" * 32, "aB" * 22])
def test_a_name_that_folding_makes_too_long_is_refused(name: str) -> None:
    """The bound holds for the folded name, so a key can always be asked for by its own parts."""
    with pytest.raises(KeyNameError, match="1 to 64"):
        Key.of("binance", name)


@given(NAMES)
def test_a_folded_name_is_made_of_few_characters(name: str) -> None:
    """Lower case letters, digits and four marks: nothing that a page or a label must escape."""
    assert re.fullmatch(r"[a-z0-9][a-z0-9_.:\-]*", fold("method", name[:30]), re.ASCII)


@given(st.text(max_size=80))
def test_any_text_is_a_name_or_a_clear_error(text: str) -> None:
    """No text gets through that is not plain ASCII, and the error names the part."""
    try:
        said, folded = "", fold("exchange", text)
    except KeyNameError as error:
        said, folded = str(error), ""
    assert text.isascii() or said
    assert said.startswith("exchange=") if said else 1 <= len(folded) <= 64
    assert said.isprintable()


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "a b", " a", "a ", "a\n", "a\x00b", "\x1b[31mred", "a/b", "_a", "-a", ".a"),
        *("bin\u0430nce", "b\u0131nance", "\u212araken", "\uff42inance", "bin\u200bance", "\u0661"),
    ],
)
def test_control_characters_blanks_and_look_alikes_are_refused(name: str) -> None:
    """A Cyrillic a or a Kelvin sign makes no second binance or kraken, and no line is broken."""
    with pytest.raises(KeyNameError) as caught:
        Key.of(name, "get_x")
    assert str(caught.value).startswith("exchange=")
    assert "allowed are 1 to 64" in str(caught.value)
    assert not any(char < " " for char in str(caught.value))


def test_ten_thousand_letters_are_refused_briefly() -> None:
    """The error says how long the name was and does not repeat it."""
    with pytest.raises(KeyNameError) as caught:
        Key.of("binance", "x" * 10_000)
    assert "(10000 characters)" in str(caught.value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("length", [1, 64])
def test_the_bounds_are_allowed(length: int) -> None:
    """One character and sixty-four are names."""
    assert Key.of("x" * length, "get_x").exchange == "x" * length


@pytest.mark.parametrize("name", [None, 5, b"binance", True])
def test_what_is_no_text_is_refused(name: object) -> None:
    """A name of another type is a KeyNameError, which is a ValueError."""
    with pytest.raises(ValueError, match="must be a str"):
        Key.of(name, "get_x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  the point


def test_a_key_reads_well() -> None:
    """The account is shown where it is not the usual one."""
    assert str(Key.of("Binance", "getX")) == "binance.get_x"
    assert str(Key.of("binance", "get_x", "Second")) == "binance.get_x[second]"


@pytest.mark.parametrize(
    ("method", "effect"),
    [
        *(
            (name, Effect.READ)
            for name in ("get_x", "fetch_x", "list_x", "query_x", "ping", "time")
        ),
        *((name, Effect.IDEMPOTENT) for name in ("cancel", "cancel_order", "cancel_all")),
        *((name, Effect.TRADE) for name in ("create_order", "buy", "x", "getaway", "cancellation")),
        *((name, Effect.TRADE) for name in ("timed_sell", "time_weighted_order", "ping_pong_buy")),
        *((name, Effect.TRADE) for name in ("cancel_replace_order", "cancel_and_replace")),
        *((name, Effect.TRADE) for name in ("get_or_create_order", "cancel_or_buy")),
    ],
)
def test_a_name_says_what_it_does_or_counts_as_a_trade(method: str, effect: Effect) -> None:
    """Only a name that plainly reads or cancels may be sent again; one that also orders is a trade."""
    assert effect_of(method) is effect


def test_no_kind_is_both_an_answer_and_a_gate() -> None:
    """A refusal proves the exchange up, a gate's kind proves nothing: none can be both."""
    assert not REFUSALS & GATED
