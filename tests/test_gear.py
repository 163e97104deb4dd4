"""Owns the gear as its users meet it: keys, holds, live settings, bad input refused where it is set, secrets."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import switchgear as sg
from switchgear.testing import FakeClock

KEY = ("binance", "get_price")
OPEN, CLOSED, HALF = sg.CircuitState.OPEN, sg.CircuitState.CLOSED, sg.CircuitState.HALF_OPEN
HELD = {
    "open": sg.CircuitState.FORCED_OPEN,
    "closed": sg.CircuitState.FORCED_CLOSED,
    "metrics_only": sg.CircuitState.METRICS_ONLY,
}
CANARY = "canary-7f3a9c51e2"
NAN = float("nan")


class Boom(Exception):
    """A failure that counts."""


@pytest.fixture
def clock() -> FakeClock:
    """A clock moved by hand."""
    return FakeClock()


@pytest.fixture
def gear(clock: FakeClock) -> Iterator[sg.Switchgear]:
    """A gear that keeps nothing on disk."""
    with sg.Switchgear(clock=clock, settings={"retries": 0}) as made:
        yield made


def fail(gear: sg.Switchgear, times: int = 1, text: str = "HTTP 503", **key: Any) -> None:
    """Calls that fail."""

    def body() -> None:
        raise Boom(text)

    for _ in range(times):
        with pytest.raises(Boom):
            gear.guarded(*KEY, **key).call_sync(body)


def test_spellings_of_one_name_are_one_key(gear: sg.Switchgear) -> None:
    """Case and camelCase fold; accounts stay apart; a key that was never called reads as untouched."""
    fail(gear)
    assert gear.circuit("Binance", "getPrice").failures == 1
    assert gear.circuit(*KEY, account="second").failures == 0
    assert gear.metrics("Binance", "getPrice").failed_calls == 1
    assert gear.metrics("nobody", "never").total_calls == 0
    assert [view.key for view in gear.circuits()] == [sg.Key("binance", "get_price", "main")]


@pytest.mark.parametrize("state", HELD)
def test_a_hold_decides_until_it_is_released(gear: sg.Switchgear, state: str) -> None:
    """Open refuses all; closed and metrics_only let all pass, failures too; released, it is as before."""
    fail(gear, 2)
    gear.hold(*KEY, state=state, by="ops", why="incident")
    view = gear.circuit(*KEY)
    assert (view.state, view.by, view.reason) == (HELD[state], "ops", "incident")
    if state == "open":
        with pytest.raises(sg.CircuitOpenError, match="held open by ops: incident"):
            gear.call_sync(*KEY, int)
    else:
        fail(gear, 5)
        assert gear.call_sync(*KEY, int) == 0
    gear.release(*KEY, by="ops")
    assert gear.circuit(*KEY).state is CLOSED
    assert gear.circuit(*KEY).failures == 2


def test_a_hold_on_everything_binds_keys_that_come_later(
    gear: sg.Switchgear, clock: FakeClock
) -> None:
    """Old keys and new ones, until its time is over; a key first seen then is free."""
    gear.call_sync(*KEY, int)
    gear.hold("*", by="ops", why="incident", for_s=60)
    clock.advance(20)
    for method in ("get_price", "get_new"):
        with pytest.raises(sg.CircuitOpenError) as caught:
            gear.call_sync("binance", method, int)
        assert caught.value.retry_after_s == pytest.approx(40)
    clock.advance(40)
    for method in ("get_price", "get_new", "get_newer"):
        assert gear.call_sync("binance", method, int) == 0


def test_a_hold_that_is_over_is_not_shown(gear: sg.Switchgear, clock: FakeClock) -> None:
    """Its time ended and nobody has called since: state, failures, reason and person are those of before."""
    fail(gear, 2)
    gear.hold(*KEY, by="ops", why="incident", for_s=60)
    clock.advance(61)
    view = gear.circuit(*KEY)
    assert (view.state, view.failures, view.by) == (CLOSED, 2, "")
    assert "incident" not in view.reason


def test_a_released_pattern_binds_no_key_any_more(gear: sg.Switchgear) -> None:
    """Neither those that it held nor those that come later; another pattern's hold stays."""
    gear.hold("binance", by="ops", why="incident")
    gear.hold("alpaca", by="ops", why="incident")
    gear.call_sync("coinbase", "get_price", int)
    gear.release("binance", by="ops")
    assert gear.call_sync("binance", "get_new", int) == 0
    with pytest.raises(sg.CircuitOpenError):
        gear.call_sync("alpaca", "get_new", int)


def test_reset_closes_and_forgets(gear: sg.Switchgear) -> None:
    """An open circuit, a count of failures, a hold: all gone."""
    fail(gear, 3)
    assert gear.circuit(*KEY).state is OPEN
    gear.reset("binance", by="ops", why="fixed")
    assert (gear.circuit(*KEY).state, gear.circuit(*KEY).failures) == (CLOSED, 0)
    gear.hold(*KEY, by="ops", why="incident")
    gear.reset(*KEY, by="ops")
    assert gear.call_sync(*KEY, int) == 0


def test_a_change_acts_at_the_next_settlement(gear: sg.Switchgear, clock: FakeClock) -> None:
    """A lower threshold opens with the next failure; an open spell keeps its instant."""
    fail(gear, 2)
    gear.configure(*KEY, failure_threshold=2)
    assert gear.circuit(*KEY).state is CLOSED
    fail(gear)
    assert gear.circuit(*KEY).state is OPEN
    gear.configure(*KEY, reset_timeout_s=500)
    assert gear.circuit(*KEY).retry_after_s == pytest.approx(30)
    clock.advance(30)
    assert gear.circuit(*KEY).state is HALF


def configure_and_fail(gear: sg.Switchgear) -> None:
    """The settings change while an attempt is under way."""
    gear.configure("binance", failure_threshold=1, timeout_s=None)
    raise Boom


def test_a_ticket_survives_a_change(gear: sg.Switchgear) -> None:
    """Settings change while a block is open: its failure counts by the new ones."""
    with pytest.raises(Boom), gear.guarded(*KEY).attempt():
        configure_and_fail(gear)
    assert gear.circuit(*KEY).state is OPEN


def test_the_most_specific_setting_wins_field_by_field(gear: sg.Switchgear) -> None:
    """Exchange before method before account, whatever came first; globs reach keys that come later."""
    gear.configure("binance", "get_price", failure_threshold=7)
    gear.configure("*", failure_threshold=9, reset_timeout_s=11)
    gear.configure("binance", "get_*", failure_threshold=8, reset_timeout_s=12)
    rules = gear.circuit(*KEY).rules
    assert (rules.failure_threshold, rules.reset_timeout_s) == (7, 12)
    other = gear.circuit("alpaca", "get_price").rules
    assert (other.failure_threshold, other.reset_timeout_s) == (9, 11)


BAD_SETTINGS: list[tuple[str, Any]] = [
    ("failure_treshold", 3),
    ("failure_threshold", 0),
    ("failure_threshold", -1),
    ("failure_threshold", 2.5),
    ("failure_threshold", True),
    ("failure_threshold", "3"),
    ("reset_timeout_s", 0),
    ("reset_timeout_s", -1),
    ("reset_timeout_s", NAN),
    ("reset_timeout_s", float("inf")),
    ("reset_backoff", 0.5),
    ("reset_jitter", 1.5),
    ("probes", 0),
    ("probes_to_close", 2),
    ("probe_lease_s", 0),
    ("retries", -1),
    ("retry_delay_s", -0.1),
    ("retry_delay_s", NAN),
    ("retry_delay_s_max", -1),
    ("timeout_s", 0),
    ("timeout_s", -5),
    ("timeout_s", "soon"),
    ("deadline_s", 0),
    ("deadline_s", NAN),
    ("slow_call_s", -1),
    ("effect", "maybe"),
    ("ignore", "ValueError"),
    ("ignore", [int]),
    ("failed_result", 5),
    ("log_level", "LOUD"),
    ("log_level", 15),
    ("signed", "yes"),
    ("weight", -1),
    ("weight", 1e300),
]


@pytest.mark.parametrize(("name", "value"), BAD_SETTINGS, ids=str)
def test_a_bad_setting_is_refused_where_it_is_set(
    gear: sg.Switchgear, name: str, value: Any
) -> None:
    """In configure, in guarded and in the settings: the error names field, value and what is allowed."""
    before = gear.circuit(*KEY).rules
    for give in (
        lambda: gear.configure(*KEY, **{name: value}),
        lambda: gear.guarded(*KEY, **{name: value}),
        lambda: sg.Switchgear(settings={"binance": {name: value}}),
    ):
        with pytest.raises(sg.SettingsError) as caught:
            give()
        assert caught.value.field.endswith(name)
        assert str(caught.value.value) == str(value)
        assert caught.value.allowed
    assert gear.circuit(*KEY).rules == before


def test_a_typo_names_what_was_meant(gear: sg.Switchgear) -> None:
    """The nearest setting is offered."""
    with pytest.raises(sg.SettingsError, match="did you mean failure_threshold"):
        gear.configure("*", failure_treshold=3)


@pytest.mark.parametrize(
    "text",
    ["retries = ", "[settings]\nretrys = 1", "[setings]\n", "[settings.binance]\nretries=-1"],
)
def test_a_settings_file_with_a_mistake_starts_nothing(tmp_path: Path, text: str) -> None:
    """No TOML, an unknown setting, an unknown table, a bad value."""
    path = tmp_path / "switchgear.toml"
    path.write_text(text)
    with pytest.raises(sg.SettingsError):
        sg.Switchgear(settings=path)
    with pytest.raises(sg.SettingsError):
        sg.Switchgear(settings=tmp_path / "absent.toml")


BAD_NAMES = ["", " ", "a b", "a\nb", "a\x00b", "\x1b[31m", "ä", "-a", "a/b", "a" * 65, "x" * 10_000]


@pytest.mark.parametrize("name", BAD_NAMES, ids=lambda name: repr(name[:12]))
def test_a_name_that_cannot_be_is_refused(gear: sg.Switchgear, name: str) -> None:
    """As exchange, method and account; the message is short and shows no raw control character."""
    for key in ((name, "get_price"), ("binance", name), ("binance", "get_price", name)):
        with pytest.raises(ValueError, match="allowed are 1 to 64") as caught:
            gear.guarded(*key[:2], account=key[2] if len(key) > 2 else "main")
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 250
    assert gear.circuits() == []


@pytest.mark.parametrize(
    "filters",
    [
        {"level": "LOUD"},
        {"level": 15},
        {"limit": 0},
        {"limit": -1},
        {"limit": True},
        {"since": datetime(2026, 1, 1)},  # noqa: DTZ001  that it has no zone is the point
        {"exchange": "x" * 10_000},
        {"method": "a\nb"},
        {"since": -1},
    ],
    ids=str,
)
def test_a_filter_that_cannot_be_is_refused(gear: sg.Switchgear, filters: dict[str, Any]) -> None:
    """It names the filter."""
    with pytest.raises(sg.SettingsError, match=next(iter(filters))):
        gear.logs(**filters)


def test_good_filters_pass(gear: sg.Switchgear) -> None:
    """Level means at least; newest first; a limit cuts the oldest off."""
    fail(gear, 3)
    gear.call_sync("alpaca", "get_price", int)
    assert [record.event for record in gear.logs(exchange="Binance", level="error", limit=2)]
    assert all(record.level >= sg.Level.ERROR for record in gear.logs(level=sg.Level.ERROR))
    ids = [record.id for record in gear.logs(since=datetime(2025, 1, 1, tzinfo=UTC))]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 5


@pytest.mark.parametrize("bad", [{"state": "ajar"}, {"for_s": 0}, {"for_s": -1}, {"for_s": NAN}])
def test_a_hold_that_cannot_be_is_refused(gear: sg.Switchgear, bad: dict[str, Any]) -> None:
    """It names the field, and holds nothing."""
    with pytest.raises(sg.SettingsError, match=next(iter(bad))):
        gear.hold("binance", by="ops", why="incident", **bad)
    assert gear.call_sync(*KEY, int) == 0


def test_a_secret_in_an_error_is_nowhere_to_be_read(
    gear: sg.Switchgear, caplog: pytest.LogCaptureFixture
) -> None:
    """A registered secret and one by its name: not in records, metrics, rejections, gates, notes, logging."""
    sg.register_secret(CANARY)
    named = "signature=5a1b9c7d3e5f7a9b&apiKey=QWERTYUIOPASDFGH"
    caplog.set_level(logging.DEBUG, "switchgear")

    def backup() -> None:
        raise Boom(f"backup {CANARY} {named}")

    with pytest.raises(Boom) as primary:
        gear.guarded(*KEY, fallback=backup).call_sync(_raise, Boom(f"GET /x?{named} {CANARY}"))
    fail(gear, 2, f"{CANARY} {named}")
    with pytest.raises(sg.CircuitOpenError) as rejected:
        gear.call_sync(*KEY, int)
    limited = sg.ApiError(f"banned {CANARY} {named}", status=418)
    with pytest.raises(sg.ApiError):
        gear.call_sync("binance", "get_time", _raise, limited)
    with pytest.raises(sg.GateClosedError) as gated:
        gear.call_sync("binance", "get_time", int)
    gear.flush()
    told = [
        *primary.value.__notes__,
        *(str(error.value) + repr(error.value) for error in (rejected, gated)),
        *map(repr, gear.logs()),
        *map(repr, gear.all_metrics()),
        *map(repr, gear.circuits()),
        *map(repr, gear.gates()),
        repr(gear.health()),
        caplog.text,
    ]
    assert len(told) > 10
    for text in told:
        for secret in (CANARY, "5a1b9c7d3e5f7a9b", "QWERTYUIOPASDFGH"):
            assert secret not in text


def _raise(error: Exception) -> None:
    raise error


def test_a_time_filter_that_is_no_time_is_refused(gear: sg.Switchgear) -> None:
    """A word where an instant belongs is named, with what is allowed."""
    with pytest.raises(sg.SettingsError, match="until"):
        gear.logs(until="yesterday")  # type: ignore[arg-type]


def test_a_hold_time_that_is_no_number_is_refused(gear: sg.Switchgear) -> None:
    """So is a text where seconds belong."""
    with pytest.raises(sg.SettingsError, match="for_s"):
        gear.hold("binance", by="ops", why="incident", for_s="10")  # type: ignore[arg-type]


def test_reset_ends_a_pattern_for_later_keys_too(gear: sg.Switchgear) -> None:
    """A key that comes after the reset is not held by the pattern of before."""
    gear.hold("binance", by="ops", why="incident")
    gear.reset("binance", by="ops")
    assert gear.call_sync("binance", "get_new", int) == 0


def test_a_guard_that_is_refused_sets_nothing(gear: sg.Switchgear) -> None:
    """The settings given beside an unsuited fallback are not applied."""
    with pytest.raises(sg.SettingsError):
        gear.guarded("binance", "create_order", failure_threshold=77, fallback=int)
    assert gear.circuit("binance", "create_order").rules.failure_threshold == 3
