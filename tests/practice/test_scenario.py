"""Proves the strict reading of scenarios, the shipped ones, and that the reference has them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from switchgear.practice.sim import rules, wire_rules
from switchgear.practice.sim.answers import recorded
from switchgear.practice.sim.faults import Html, Rule
from switchgear.practice.sim.scenario import ScenarioError, Step, load, parse, shipped
from switchgear.practice.sim.wire_rules import Cut, WireRule

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "scenarios.md"
HEAD = 'name = "mine"\nmeaning = "Mine."\nduration_s = 10\n'
FAULT = 'fault = { action = "html", status = 502 }\n'
STEP = f'[[step]]\nat_s = 2\nvenue = "binance"\n{FAULT}'


def test_a_scenario_is_read() -> None:
    """What is not given has a usual value: seed 1, to the end, the rule itself as its meaning."""
    wire = (
        '[[step]]\nat_s = 9.9\nfor_s = 0.1\nvenue = "*"\nmeaning = "M"\nwire = { action = "cut" }\n'
    )
    read = parse(HEAD + STEP + wire, "mine.toml")
    assert (read.name, read.meaning, read.seed, read.duration_s) == ("mine", "Mine.", 1, 10)
    first, second = read.steps
    assert first == Step(2, 8, "binance", Rule(Html(502)), "html 502 on *")
    assert second == Step(9.9, 0.1, "*", WireRule(Cut()), "M")


BAD = [
    ("{", "text"),
    ("", "duration_s"),
    (HEAD.replace("10", '"10"'), "duration_s"),
    (HEAD.replace("10", "0"), "duration_s"),
    (HEAD.replace("10", "inf"), "duration_s"),
    (HEAD.replace("10", "true"), "duration_s"),
    (HEAD.replace('"mine"', '"My own"'), "name"),
    (HEAD.replace('"mine"', "5"), "name"),
    (HEAD.replace('"Mine."', '""'), "meaning"),
    (HEAD + "seed = -1\n", "seed"),
    (HEAD + "seed = true\n", "seed"),
    (HEAD + "colour = 1\n", "colour"),
    (HEAD + "step = 5\n", "step"),
    (HEAD + "step = [5]\n", "step"),
    (HEAD + STEP + "colour = 1\n", "step[0].colour"),
    (HEAD + STEP.replace("at_s = 2\n", ""), "step[0].at_s"),
    (HEAD + STEP.replace("at_s = 2", "at_s = -1"), "step[0].at_s"),
    (HEAD + STEP.replace("at_s = 2", "at_s = 10"), "step[0].at_s"),
    (HEAD + STEP + "for_s = 0\n", "step[0].for_s"),
    (HEAD + STEP + "for_s = 9\n", "step[0].for_s"),
    (HEAD + STEP + 'meaning = ""\n', "step[0].meaning"),
    (HEAD + STEP.replace("binance", "kraken"), "step[0].venue"),
    (HEAD + STEP.replace('venue = "binance"\n', ""), "step[0].venue"),
    (HEAD + STEP + STEP.replace(FAULT, ""), "step[1].fault"),
    (HEAD + STEP + 'wire = { action = "cut" }\n', "step[0].fault"),
    (HEAD + STEP.replace("502", "5020"), "step[0].fault.status"),
    (HEAD + STEP.replace(FAULT, "fault = 7\n"), "step[0].fault.rule"),
    (HEAD + STEP.replace(FAULT, 'wire = { action = "melt" }\n'), "step[0].wire.action"),
    (
        HEAD + STEP.replace(FAULT, 'fault = { action = "row", row = "maintenance" }\n'),
        "step[0].fault.row",
    ),
    (
        HEAD
        + STEP.replace("binance", "*").replace(
            FAULT, 'fault = { action = "row", row = "ip_banned" }\n'
        ),
        "step[0].fault.row",
    ),
]


@pytest.mark.parametrize(("text", "field"), BAD, ids=lambda part: part[-40:])
def test_a_wrong_scenario_names_file_field_value_and_what_is_allowed(text: str, field: str) -> None:
    """Whatever is wrong, the error tells where, and how it would be right."""
    with pytest.raises(ScenarioError) as caught:
        parse(text, "mine.toml")
    error = caught.value
    assert (error.file, error.field) == ("mine.toml", field)
    assert str(error) == f"mine.toml: {field} is {error.value!r}; allowed: {error.allowed}"


def test_a_row_at_every_venue_is_one_that_all_have() -> None:
    """What is allowed for all venues is what each has on record, and no more variants than the fewest."""
    row = 'fault = { action = "row", row = "server_error", variant = 3 }\n'
    assert parse(HEAD + STEP.replace(FAULT, row), "mine.toml").steps[0].venue == "binance"
    with pytest.raises(ScenarioError, match=r"variant is 3; allowed: a whole number from 1 to 2"):
        parse(HEAD + STEP.replace(FAULT, row).replace("binance", "*"), "mine.toml")


def test_a_match_at_every_venue_fits_each() -> None:
    """A name that one of the venues does not have is refused, with the names that this one has."""
    text = HEAD + STEP.replace("html", 'html", match = "account').replace("binance", "*")
    with pytest.raises(
        ScenarioError, match=r"match is 'account'; .* at coinbase: .*accounts\.list"
    ):
        parse(text, "mine.toml")
    assert parse(text.replace('"account"', '"order.*"'), "mine.toml").steps[0].venue == "*"


@pytest.mark.parametrize(
    ("breaks", "words"),
    [
        (
            'fault = { match = "venue", action = "row", row = "ip_banned" }',
            "row ip_banned on venue",
        ),
        ('fault = { action = "delay", delay_s = 0.6 }', "delay of 0.6 s on *"),
        ('fault = { action = "refuse", duration_s = 3 }', "refuse for 3 s on everything"),
        ('fault = { match = "order*", action = "unseen", for_s = 2 }', "unseen for 2 s on order*"),
        ('wire = { action = "reset", side = "answer" }', "reset of the answer on *"),
    ],
)
def test_a_step_without_a_meaning_is_told_by_its_rule(breaks: str, words: str) -> None:
    """What it is, how much of it, and where."""
    text = HEAD + STEP.replace(FAULT, f"{breaks}\n")
    assert parse(text, "mine.toml").steps[0].meaning == words


def test_a_field_that_there_is_not() -> None:
    """The words say that it is not there, and which are."""
    with pytest.raises(ScenarioError, match="seeds is 1; allowed: nothing: there is no such field"):
        parse(HEAD + "seeds = 1\n", "mine.toml")


def test_no_price_is_answered_as_an_order() -> None:
    """What server_error gives at Binance to any call is of no edge of others, and names no order."""
    rows = recorded("binance")["server_error"]
    assert [row.status for row in rows] == [502, 500, 504]
    assert [row.body for row in rows if "order" in row.body] == []


@pytest.mark.parametrize("name", ["ban", "maintenance"])
def test_who_obeys_a_ban_is_let_in(name: str) -> None:
    """A step that tells a time to wait takes as long, no longer."""
    for step in load(name).steps:
        wait_s = getattr(step.breaks.action, "retry_after_s", None)
        assert wait_s in {None, step.for_s}


def test_a_scenario_is_found_by_name_or_file(tmp_path: Path) -> None:
    """A shipped one by its name, another by its path; neither is an error that lists the names."""
    assert load("ban").name == "ban"
    path = tmp_path / "mine.toml"
    path.write_text(HEAD, encoding="utf-8")
    assert load(path) == load(str(path)) == parse(HEAD, "mine.toml")
    with pytest.raises(ScenarioError, match=r"scenario is 'unknown'; allowed: a file, or .*calm"):
        load("unknown")
    path.write_bytes(b"\xff")
    with pytest.raises(ScenarioError, match="readable UTF-8"):
        load(path)
    for name in ("a" * 5_000, "\0", str(tmp_path)):
        with pytest.raises(ScenarioError, match="readable UTF-8"):
            load(name)


def test_what_is_shipped() -> None:
    """The scenarios that pages, demo and tests rely on are there, each named as its file."""
    assert set(shipped()) == {
        "auth_revoked",
        "ban",
        "brown_out",
        "calm",
        "clock_skew",
        "flapping",
        "lost_answers",
        "maintenance",
        "mix",
        "one_endpoint_down",
        "rate_limit_storm",
        "total_outage",
    }
    assert [load(name).name for name in shipped()] == list(shipped())
    assert len({load(name).seed for name in shipped()}) == len(shipped())


def test_the_reference_has_every_scenario_and_action() -> None:
    """A scenario or an action that the page does not explain fails here, and so does its meaning."""
    text = PAGE.read_text(encoding="utf-8")
    assert [
        name for name in shipped() if f"| `{name}` | {load(name).duration_s:g} s |" not in text
    ] == []
    actions = {*rules._ACTIONS, *wire_rules._ACTIONS}
    assert [name for name in sorted(actions) if f"| `{name}` |" not in text] == []
    fields = {
        name for each in (rules, wire_rules) for _, own in each._ACTIONS.values() for name in own
    }
    assert [name for name in sorted(fields) if f"`{name}`" not in text] == []
