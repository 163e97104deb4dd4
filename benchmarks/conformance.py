"""
Which checks of the conformance suite switchgear and other breakers pass, in one table.

Owns the command; the checks are in switchgear.testing.conformance, the peers' adapters in a file beside this one.
"""

from __future__ import annotations

import argparse
import logging
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from switchgear.testing.conformance import Report
    from switchgear.testing.conformance.check import Question

OURS = "switchgear"
PATIENCE_S = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    from benchmarks.conformance_peers import PEERS
    from switchgear.testing.conformance import SwitchgearAdapter, run

    adapters = {one.name: one for one in (SwitchgearAdapter(), *PEERS)}
    options = _options(list(adapters), arguments)
    logging.disable()  # a listener that raises on purpose is logged by who isolates it
    reports = [
        run(adapter, patience_s=options.patience)
        for name, adapter in adapters.items()
        if name in options.only
    ]
    print("\n".join(_markdown(reports) if options.markdown else _plain(reports)))
    return 0 if all(report.ok for report in reports if report.breaker == OURS) else 1


def _options(names: list[str], arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markdown", action="store_true", help="as docs/why/conformance.md has it")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME")
    parser.add_argument(
        "--patience",
        type=float,
        default=PATIENCE_S,
        metavar="S",
        help="seconds after which a call that does not come back is given up",
    )
    return parser.parse_args(arguments)


def _markdown(reports: list[Report]) -> Iterator[str]:
    yield _when()
    yield ""
    yield f"| check | {' | '.join(_titled(report) for report in reports)} | from |"
    yield "|-" * (len(reports) + 2) + "|"
    for question in reports[0].questions():
        cells = " | ".join(_cell(report, question) for report in reports)
        yield f"| `{question.name}` | {cells} | {question.source} |"
    yield f"| **passed, sync** | {' | '.join(_passed(report, 'sync') for report in reports)} | |"
    yield f"| **passed, async** | {' | '.join(_passed(report, 'async') for report in reports)} | |"
    yield ""
    for question in reports[0].questions():
        yield f"- `{question.name}`: {question.asks}"
    for report in reports:
        if not report.ok:
            yield from ("", f"{report.breaker}, what was seen:", "", *_seen(report))


def _seen(report: Report) -> Iterator[str]:
    """What failed, once where both colours did the same."""
    from switchgear.testing.conformance.report import words

    told: dict[tuple[str, str], list[str]] = {}
    for check, verdict in report.rows:
        if not verdict.ok:
            told.setdefault((check.question.name, words(verdict)), []).append(check.colour)
    for (name, seen), colours in told.items():
        yield f"- `{name}`{'' if len(colours) > 1 else f' ({colours[0]})'}: {seen}"


def _plain(reports: list[Report]) -> Iterator[str]:
    from switchgear.testing.conformance.report import words

    yield _when()
    for report in reports:
        yield f"\n{_titled(report)}: {_passed(report, 'sync')} sync, {_passed(report, 'async')} async"
        yield from (f"  {check.name}: {words(verdict)}" for check, verdict in report.rows)


def _when() -> str:
    today = datetime.now(UTC).date()
    return f"{today}, {platform.python_implementation()} {platform.python_version()}"


def _titled(report: Report) -> str:
    return f"{report.breaker} {version(report.breaker)}"


def _cell(report: Report, question: Question) -> str:
    """One word where both colours agree, else the synchronous one's first."""
    from switchgear.testing.conformance import Colour
    from switchgear.testing.conformance.report import mark

    marks = [mark(report.verdict(question, colour)) for colour in Colour]
    return marks[0] if marks[0] == marks[1] else " / ".join(marks)


def _passed(report: Report, colour: str) -> str:
    """How many passed, of those that applied."""
    of_colour = [verdict for check, verdict in report.rows if check.colour == colour]
    passed = sum(type(verdict).__name__ == "Passed" for verdict in of_colour)
    missing = sum(type(verdict).__name__ == "NotApplicable" for verdict in of_colour)
    return f"{passed} of {len(of_colour) - missing}"


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    sys.exit(main())
