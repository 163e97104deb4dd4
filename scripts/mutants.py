"""
Owns how many planted faults the tests of the core notice: `python scripts/mutants.py [circuit] [policy]`.

Each part is copied to a folder of its own, mutated there by mutmut, and tested by its own fast tests alone; those that
no test noticed are listed, for a person to judge. It takes minutes for the circuit and the better part of an hour for
all, so it is no part of `make check test`.
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


CALLS = (
    "scopes",
    "budget",
    "budget_back",
    "room",
    "room_again",
    "room_back",
    "weights",
    "hedge_cost",
)
"""Tests of whole calls that are about these policies."""

PARTS = {
    "circuit": Part((f"{CORE}/circuit/*",), ("tests/core/circuit",)),
    "policy": Part(
        _policy("again", "budget", "entry", "gate", "latency", "retry", "scopes", "settlement"),
        ("tests/core/policy", *(f"tests/core/test_call_{name}.py" for name in CALLS)),
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
