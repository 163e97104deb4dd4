"""
Owns how many planted faults the tests of the core notice: `python scripts/mutants.py [PART…]`.

Each part is copied to a folder of its own, mutated there by mutmut, and tested by its own fast tests alone; those that
no test noticed are listed, for a person to judge. A part takes minutes and all of them more than an hour, so it is no
part of `make check test`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
CORE = "src/switchgear/core"


class Part(NamedTuple):
    """What is mutated, and what must notice."""

    mutated: tuple[str, ...]
    tests: tuple[str, ...]


def _policy(*names: str) -> tuple[str, ...]:
    return tuple(f"{CORE}/policy/{name}.py" for name in names)


def _tests(policy: str, calls: str = "") -> tuple[str, ...]:
    """Files of tests of policies, and of whole calls, by what their names end in."""
    return (
        *(f"tests/core/policy/test_{name}.py" for name in policy.split()),
        *(f"tests/core/test_call_{name}.py" for name in calls.split()),
    )


_TRACED = "--deselect=tests/core/policy/test_flights_errors.py::test_no_traceback_grows"
"""It counts frames, and mutmut adds some. For the same reason nothing here runs breaker_between, which counts steps."""

PARTS = {
    "circuit": Part((f"{CORE}/circuit/*",), ("tests/core/circuit",)),
    "entries": Part(
        _policy("again", "budget", "entry", "gate", "latency", "retry", "scopes", "settlement"),
        _tests(
            "again breaker_pitfalls breaker_probes breaker_straight budget entry flow gate latency retry scopes "
            "scopes_rates settlement planted_entries planted_gates planted_scopes planted_waits",
            "scopes budget budget_back room room_again room_back weights hedge_cost",
        ),
    ),
    "breaker": Part(
        _policy("breaker", "quick", "plan"),
        (
            *_tests(
                "breaker_pitfalls breaker_probes breaker_straight breaker_threads scopes scopes_rates entry again "
                "retry settlement planted_breaker planted_quick planted_scopes planted_views planted_waits "
                "planted_gates planted_entries",
                "forms scopes scopes_answers scopes_hands scopes_live probes recovery throttle counting pitfalls "
                "budget weights heard fallback_layers hedge coalesce",
            ),
            "tests/test_registry_bounds.py",
            "tests/test_registry_forgets.py",
            "tests/test_registry_forgotten.py",
        ),
    ),
    "rooms": Part(
        _policy("bulkhead"),
        _tests("bulkhead bulkhead_crowds bulkhead_tasks entry", "room room_again room_back block"),
    ),
    "weights": Part(
        _policy("window", "weight"),
        _tests(
            "weight weight_model weight_retry_after toll quota quota_limit planted_weights "
            "planted_weights_window",
            "weights heard",
        ),
    ),
    "quotas": Part(
        _policy("quota", "quota_tables", "limit"),
        _tests(
            "quota quota_learnt quota_limit toll weight weight_model planted_weights_quota",
            "weights heard",
        ),
    ),
    "hedges": Part(
        _policy("hedge", "race"),
        _tests("hedge race race_ends planted_hedges", "hedge hedge_ends hedge_cost"),
    ),
    "flights": Part(
        _policy("flights"),
        (
            *_tests(
                "flights flights_crowds flights_errors flights_life planted_flights",
                "coalesce coalesce_lead coalesce_own",
            ),
            _TRACED,
        ),
    ),
    "layers": Part(
        _policy("fallback", "freshness", "memory", "together", "memory_key"),
        _tests(
            "fallback fallback_bounds freshness memory memory_key planted_layers",
            "fallback_layers fallback_waits coalesce coalesce_lead coalesce_own forms",
        ),
    ),
    "views": Part(
        _policy("circuit_view", "outstanding", "domain"),
        (
            *_tests(
                "breaker_pitfalls breaker_probes breaker_straight scopes scopes_rates planted_views",
                "scopes_hands probes recovery throttle",
            ),
            "tests/observe/test_health.py",
        ),
    ),
    "waits": Part(
        _policy("timeout", "bell", "latch"),
        _tests("timeout bell bulkhead toll weight_model planted_bells", "block"),
    ),
    "flow": Part(
        _policy("stand_in", "step", "telling", "flow"),
        _tests(
            "planted_flow planted_flow_ends planted_flow_layers flow again hedge fallback "
            "fallback_bounds entry",
            "fallback_waits recovery forms budget weights room hedge",
        ),
    ),
}


def main(names: list[str]) -> int:
    """Run the parts named, all unless told; 1 where one of them could not be run."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"mutants: {unknown[0]!r} is no part; parts are {', '.join(PARTS)}")
        return 2
    return max(_run(name, PARTS[name]) for name in names or list(PARTS))


def _run(name: str, part: Part) -> int:
    with TemporaryDirectory(prefix="mutants-") as folder:
        place = Path(folder)
        for each in ("src", "tests", "scripts"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / each, place / each, ignore=ignored)
        (place / "pyproject.toml").write_text(_settings(part), encoding="utf-8")
        mutmut = [sys.executable, "-m", "mutmut"]
        done = subprocess.run([*mutmut, "run", "--max-children", "2"], cwd=place, check=False)
        told = subprocess.run(
            [*mutmut, "results", "--all", "true"],
            cwd=place,
            check=False,
            capture_output=True,
            text=True,
        )
        _report(name, told.stdout, place)
        return int(done.returncode not in {0, 1})


def _settings(part: Part) -> str:
    """The project's own, with what this run is about."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    text = text.replace(
        'pythonpath = ["."]', 'pythonpath = ["src", "."]'
    )  # the copy, not the clone
    selection = [*part.tests, "-m", "not slow", "-p", "no:cacheprovider"]
    return f"{text}only_mutate = {list(part.mutated)}\npytest_add_cli_args_test_selection = {selection}\n"


def _report(name: str, told: str, place: Path) -> None:
    lines = [line.strip() for line in told.splitlines() if ": " in line]
    outcomes = [line.rpartition(": ")[2] for line in lines]
    noticed = sum(outcome in {"killed", "timeout"} for outcome in outcomes)
    share = noticed / len(outcomes) if outcomes else 0.0
    print(f"\n{name}: {noticed} of {len(outcomes)} noticed, {share:.1%}; not noticed:")
    for line, outcome in zip(lines, outcomes, strict=True):
        if outcome not in {"killed", "timeout"}:
            print(f"  {line}")
            print(_fault(line.partition(": ")[0], place))


def _fault(mutant: str, place: Path) -> str:
    """What was changed: the lines of its diff."""
    show = [sys.executable, "-m", "mutmut", "show", mutant]
    done = subprocess.run(show, cwd=place, check=False, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    changed = [one for one in lines if one[:1] in "+-" and one[:3] not in {"+++", "---"}]
    return "\n".join(f"      {one}" for one in changed if one)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
