"""Owns the tests of settings: what is allowed, which layer wins, and that an error changes nothing."""

from __future__ import annotations

import math
import re
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import switchgear as sg
from switchgear.core.words import Key
from switchgear.settings import Settings, SettingsBook, parse_level, pattern
from switchgear.settings import checks as module
from switchgear.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = Key("binance", "get_market_data", "main")
WIDE_TO_NARROW = [
    ("*", "*", "*"),
    ("*", "*", "main"),
    ("*", "get_*", "*"),
    ("*", "get_market_*", "*"),
    ("*", "get_market_data", "*"),
    ("*", "get_market_data", "main"),
    ("bin*", "*", "*"),
    ("binanc?", "*", "*"),
    ("binance", "*", "*"),
    ("binance", "*", "main"),
    ("binance", "get_*_data", "*"),
    ("binance", "get_market_data", "*"),
    ("binance", "get_market_data", "m*"),
    ("binance", "get_market_data", "main"),
]
NUMBERS = [
    *(
        "failure_threshold",
        "reset_timeout_s",
        "reset_timeout_s_max",
        "reset_backoff",
        "reset_jitter",
    ),
    *("probes", "probes_to_close", "probe_lease_s", "retries", "retry_delay_s", "retry_backoff"),
    *("retry_delay_s_max", "timeout_s", "deadline_s", "slow_call_s"),
]
ZERO_IS_FINE = {"reset_jitter", "retries", "retry_delay_s", "retry_delay_s_max"}


def refused(action: Callable[[], object]) -> sg.SettingsError:
    """The error of a setting that cannot be."""
    with pytest.raises(sg.SettingsError) as caught:
        action()
    return caught.value


# ------------------------------------------------------------------------------------ which one wins


@pytest.mark.parametrize("at", range(1, len(WIDE_TO_NARROW)))
@pytest.mark.parametrize("narrow_last", [True, False])
def test_the_more_specific_pattern_wins(at: int, *, narrow_last: bool) -> None:
    """Of two neighbours in the order exchange, method, account the narrower wins, whichever came last."""
    book = SettingsBook()
    both = [(WIDE_TO_NARROW[at - 1], 1), (WIDE_TO_NARROW[at], 2)]
    for parts, retries in both if narrow_last else reversed(both):
        book.add(*parts, {"retries": retries})
    assert book.of(KEY).retries == 2


def test_it_wins_field_by_field() -> None:
    """A narrow layer leaves alone what it does not set."""
    book = SettingsBook()
    book.add("*", "*", "*", {"retries": 1, "timeout_s": 2, "slow_call_s": 3})
    book.add("binance", "*", "*", {"timeout_s": 4, "slow_call_s": 5})
    book.add("binance", "get_market_data", "*", {"slow_call_s": 6})
    found = book.of(KEY)
    assert (found.retries, found.timeout_s, found.slow_call_s) == (1, 4, 6)


@pytest.mark.parametrize("other", ["get_market*", "*arket_data"])
def test_among_equals_the_later_wins(other: str) -> None:
    """The same pattern again, or another of as many letters, beats the earlier one."""
    book = SettingsBook()
    book.add("binance", "get_market*", "*", {"retries": 1})
    book.add("binance", other, "*", {"retries": 2})
    assert book.of(KEY).retries == 2
    book.add("binance", "get_market*", "*", {"retries": 3})
    assert book.of(KEY).retries == 3


def test_wildcards_within_a_pattern_are_no_letters() -> None:
    """Only letters make a pattern specific, wherever its wildcards stand."""
    book = SettingsBook()
    book.add("binance", "get_market_*", "*", {"retries": 1})
    book.add("binance", "g*?*?*?*?*?*a", "*", {"retries": 2})
    assert book.of(KEY).retries == 1


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("getMarket*", "get_market_data"),
        ("GET_*", "get_market_data"),
        ("kraken.*", "kraken.futures"),
        ("coinbase-p?o", "coinbase-pro"),
        ("binance:*", "binance:spot"),
    ],
)
def test_a_pattern_is_folded_as_a_name_is(text: str, name: str) -> None:
    """Camel case, and every character that a name may hold, work in patterns too."""
    book = SettingsBook()
    book.add(text, text, "*", {"retries": 7})
    assert book.of(Key(name, name, "main")).retries == 7


def test_other_keys_are_left_alone() -> None:
    """A layer says nothing of a key that one of its parts does not match."""
    book = SettingsBook()
    book.add("binance", "get_*", "main", {"retries": 7})
    others = [
        ("coinbase", "get_x", "main"),
        ("binance", "create_x", "main"),
        ("binance", "get_x", "b"),
    ]
    assert [book.of(Key(*parts)) for parts in others] == [Settings()] * 3


def test_setting_the_same_again_does_not_pile_up() -> None:
    """A program that configures a key in a loop keeps one layer of it, and the values are the last."""
    book = SettingsBook()
    for number in range(1, 50):
        book.add("binance", "*", "*", {"retries": number})
    book.add("binance", "*", "*", {"timeout_s": 5})
    layers, _ = book._state
    assert len(layers) == 2
    assert (book.of(KEY).retries, book.of(KEY).timeout_s) == (49, 5)


def test_only_keys_that_a_change_concerns_are_looked_up_again() -> None:
    """With many keys a change of one costs one look through the layers, not one for each key."""
    book = SettingsBook()
    keys = [Key("binance", f"get_{number}", "main") for number in range(50)]
    before = {key: book.of(key) for key in keys}
    assert book.add("binance", "get_7", "*", {"retries": 1}, keys) == [keys[7]]
    assert [key for key in keys if book.of(key) is not before[key]] == [keys[7]]


# ----------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1, -0.5, True, "5", [5], 1j])
def test_what_is_no_fit_number_is_refused(name: str, value: object) -> None:
    """Each number refuses NaN, infinity, negatives, booleans and other types, and names itself."""
    error = refused(lambda: SettingsBook().add("*", "*", "*", {name: value}))
    assert (error.field, error.value is value) == (name, True)
    assert "must be a" in error.allowed
    assert str(error).startswith(f"{name}={value!r}: ")


@pytest.mark.parametrize("name", NUMBERS)
def test_zero_is_allowed_where_it_means_something(name: str) -> None:
    """A threshold, a time limit and a growth of 0 are refused; no retry, no wait and no jitter are fine."""
    book = SettingsBook()
    if name in ZERO_IS_FINE:
        book.add("*", "*", "*", {name: 0})
        assert getattr(book.of(KEY), name) == 0
    else:
        assert refused(lambda: book.add("*", "*", "*", {name: 0})).field == name


@pytest.mark.parametrize("name", ["failure_threshold", "probes", "probes_to_close", "retries"])
def test_a_count_is_whole(name: str) -> None:
    """Half a probe is refused."""
    error = refused(lambda: SettingsBook().add("*", "*", "*", {name: 1.5}))
    assert "whole number" in error.allowed


def test_numbers_have_upper_bounds_where_they_need_them() -> None:
    """A jitter above 1, and a time longer than a float can say, are refused."""
    book = SettingsBook()
    jitter, endless = {"reset_jitter": 1.01}, {"timeout_s": 10**400}
    assert refused(lambda: book.add("*", "*", "*", jitter)).allowed.endswith("from 0 to 1")
    assert refused(lambda: book.add("*", "*", "*", endless)).field == "timeout_s"


@pytest.mark.parametrize("name", ["timeout_s", "deadline_s", "slow_call_s", "retries", "effect"])
@pytest.mark.parametrize("value", [None, "none"])
def test_none_switches_off_in_code_and_in_a_file(name: str, value: object) -> None:
    """None, which TOML lacks and `none` stands for, is allowed where the default is or can be none."""
    book = SettingsBook()
    book.add("*", "*", "*", {name: value})
    assert getattr(book.of(KEY), name) is None


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("effect", "write", "read, idempotent or trade"),
        ("effect", [], "read, idempotent or trade"),
        ("signed", 1, "true or false"),
        ("ignore", ["ValueError"], "exception types"),
        ("ignore", int, "exception types"),
        ("failed_result", "x", "a function"),
        ("log_level", "LOUD", "DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("log_level", 11, "DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("log_level", None, "DEBUG, INFO, WARNING, ERROR, CRITICAL"),
    ],
)
def test_other_values_are_checked_too(name: str, value: object, allowed: str) -> None:
    """The error names the field and says what is allowed."""
    error = refused(lambda: SettingsBook().add("*", "*", "*", {name: value}))
    assert error.field == name
    assert allowed in error.allowed


def test_values_are_parsed_once() -> None:
    """What was given as text comes back as what it means."""
    book = SettingsBook()
    book.add("*", "*", "*", {"effect": "trade", "log_level": "debug", "ignore": KeyError})
    found = book.of(KEY)
    assert found.effect is sg.Effect.TRADE
    assert found.log_level is sg.Level.DEBUG
    assert found.ignore == (KeyError,)
    assert parse_level("level", 40) is sg.Level.ERROR


def test_a_typo_gets_a_suggestion() -> None:
    """A name close to a setting is answered with it, any other with the list of all."""
    near = refused(lambda: SettingsBook().add("*", "*", "*", {"failure_treshold": 5}))
    assert near.allowed.endswith("did you mean failure_threshold?")
    far = refused(lambda: SettingsBook().add("*", "*", "*", {"zzz": 5}))
    assert all(field.name in far.allowed for field in fields(Settings))


@pytest.mark.parametrize("part", ["exchange", "method", "account"])
@pytest.mark.parametrize("text", ["", "a b", "a\n*", "é*", "x" * 10_000, "*" * 10_000, 5, None])
def test_a_bad_pattern_is_a_clear_error(part: str, text: Any) -> None:
    """A name or pattern of other characters, none or too many is refused by the name of its part."""
    parts: dict[str, Any] = {"exchange": "*", "method": "*", "account": "*"} | {part: text}
    error = refused(lambda: SettingsBook().add(**parts, values={}))
    assert error.field == part
    assert len(str(error)) < 300


def test_two_values_must_go_together() -> None:
    """Probes bound those that must succeed, and the longest spell is no shorter than the first."""
    book = SettingsBook()
    assert (
        refused(lambda: book.add("*", "*", "*", {"probes_to_close": 2})).field == "probes_to_close"
    )
    bound = {"reset_timeout_s_max": 29.9}
    assert "reset_timeout_s (30)" in refused(lambda: book.add("*", "*", "*", bound)).allowed
    book.add("*", "*", "*", {"probes": 2, "probes_to_close": 2, "reset_timeout_s_max": 30})
    assert book.of(KEY).probes_to_close == 2


def test_two_layers_must_go_together_where_they_meet() -> None:
    """Two layers that clash only for keys that both speak of are refused when set, not at the first call."""
    book = SettingsBook()
    book.add("*", "get_*", "*", {"probes": 3, "probes_to_close": 3})
    error = refused(lambda: book.add("binance", "*", "*", {"probes": 1}))
    assert error.field == "probes_to_close"
    book.add("binance", "create_*", "*", {"probes": 1})
    assert book.of(KEY).probes == 3


def test_a_key_in_use_must_hold_too() -> None:
    """A change that would break a key that is in use is refused, although the layer alone is fine."""
    book = SettingsBook()
    book.add("binance", "*_data", "*", {"probes": 3, "probes_to_close": 3})
    keys = [Key("binance", "get_data", "main")]
    assert refused(lambda: book.add("binance", "get_d*", "*", {"probes": 2}, keys)).value == 3


# ---------------------------------------------------------------------------------- nothing by halves


def test_nothing_is_changed_by_an_error() -> None:
    """After a refused layer, and after a file of which one table is wrong, all is as before."""
    book = SettingsBook()
    book.add("*", "*", "*", {"retries": 1})
    refused(lambda: book.add("*", "*", "*", {"retries": 2, "timeout_s": 0}))
    refused(lambda: book.add("*", "*", "*", {"retries": 2, "probes_to_close": 5}))
    refused(lambda: book.load({"retries": 2, "binance": {"timeout_s": -1}}))
    refused(lambda: book.load({"retries": 2, "binance": {"get_x": {"probes_to_close": 9}}}))
    assert book.of(KEY) == Settings(retries=1)


def test_a_gear_refuses_at_once_and_keeps_what_it_had() -> None:
    """`configure` and `guarded` raise where they stand, and a call goes on under the old settings."""
    with sg.Switchgear(clock=FakeClock(), settings={"retries": 2}) as gear:
        assert gear.call_sync("binance", "get_x", lambda: 1) == 1
        refused(lambda: gear.configure("binance", reset_timeout_s=math.nan))
        refused(lambda: gear.guarded("binance", "get_x", retrys=1))
        assert gear.book.of(Key("binance", "get_x", "main")) == Settings(retries=2)


def test_a_change_is_obeyed_by_the_next_call() -> None:
    """A threshold lowered while the program runs opens the circuit at the next failure, and only there."""
    with sg.Switchgear(clock=FakeClock(), settings={"retries": 0}) as gear:
        guard = gear.guarded("binance", "get_x")

        def fail() -> None:
            raise ConnectionResetError

        guard.try_call_sync(fail)
        assert gear.circuit("binance", "get_x").state is sg.CircuitState.CLOSED
        gear.configure("bin*", failure_threshold=1)
        guard.try_call_sync(fail)
        assert gear.circuit("binance", "get_x").state is sg.CircuitState.OPEN
        assert gear.circuit("coinbase", "get_x").rules.failure_threshold == 3


# ----------------------------------------------------------------------------------------- the whole


def test_every_setting_has_a_check() -> None:
    """Nothing can be set that is not looked at."""
    assert {field.name for field in fields(Settings)} == set(module._CHECKS)


@pytest.mark.parametrize(
    ("method", "given", "retries"),
    [
        ("get_x", {}, 3),
        ("cancel_x", {}, 3),
        ("create_x", {}, 0),
        ("create_x", {"effect": "read"}, 3),
    ],
)
def test_unset_retries_follow_the_effect(method: str, given: dict[str, Any], retries: int) -> None:
    """Nothing is retried by default that may trade."""
    book = SettingsBook()
    book.add("*", "*", "*", given)
    key = Key("binance", method, "main")
    assert book.of(key).plan(key).backoff.retries == retries


@given(st.text(alphabet="abZ09_.:-*?é \n", max_size=70))
def test_a_pattern_is_taken_whole_or_refused(text: str) -> None:
    """Whatever is accepted folds to itself again; whatever is not raises SettingsError."""
    try:
        folded = pattern("method", text)
    except sg.SettingsError:
        return
    assert pattern("method", folded) == folded


def test_the_reference_has_the_defaults_that_hold() -> None:
    """The page's table says of each setting the default that the code has."""
    page = (Path(__file__).parents[1] / "docs/reference/settings.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", page, re.MULTILINE))
    defaults = {field.name: field.default for field in fields(Settings)}
    shown = {
        name: value.name
        if isinstance(value, sg.Level)
        else f"{value:g}"
        if isinstance(value, (int, float)) and not isinstance(value, bool)
        else str(value)
        for name, value in defaults.items()
    }
    assert rows == shown
