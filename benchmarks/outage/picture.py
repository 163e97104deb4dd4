"""
Owns the picture: a panel for each contestant, with the load it puts on the venue over the capacity that there is.

An SVG written as text, the same bytes for the same figures. It brings its own background, so it reads on any page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.outage.scenario import USE
from benchmarks.outage.tables import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.outage.figures import Figures
    from benchmarks.outage.scenario import Scenario

WIDTH, LEFT, RIGHT, TOP = 860, 62, 24, 82
PANEL, GAP, BOTTOM = 96, 34, 50
LOAD_MAX = 2.5
"""What a panel shows; a higher load is cut off, and its peak written there."""
TICK_S = 30
TITLE = "Load on a venue in an outage"

STYLE = """
  .page { fill: #ffffff; stroke: #d0d7de }
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .head { font-size: 15px; font-weight: 600 }
  .name { font-size: 13px; font-weight: 600 }
  .faint { fill: #59636e }
  .capacity { fill: #a6dcb2 }
  .sent { fill: none; stroke: #0a53a8; stroke-width: 1.6 }
  .vain { fill: #d1242f; fill-opacity: 0.7 }
  .grid { stroke: #d1d9e0; stroke-width: 1 }
  .wanted { stroke: #59636e; stroke-width: 1.2; stroke-dasharray: 2 4 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; stroke: #3d444d }
    text { fill: #f0f6fc }
    .faint { fill: #9198a1 }
    .capacity { fill: #1d5730 }
    .sent { stroke: #79b8ff }
    .vain { fill: #ff7b72; fill-opacity: 0.75 }
    .grid { stroke: #3d444d }
    .wanted { stroke: #9198a1 }
  }
"""


def picture(about: str, scenario: Scenario, panels: Sequence[tuple[str, Figures]]) -> str:
    """The SVG; a panel for each title and its figures, from top to bottom."""
    height = TOP + len(panels) * (PANEL + GAP) + BOTTOM - GAP
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{TITLE}: {about}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="page" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>',
        f'<text class="head" x="{LEFT}" y="28">{about}</text>',
        *_legend(),
    ]
    for number, (title, figures) in enumerate(panels):
        lines += _panel(TOP + number * (PANEL + GAP), title, scenario, figures)
    base = height - BOTTOM
    lines += [
        _text(_x(second, scenario), base + 18, f"{second}", "middle", "faint")
        for second in range(0, scenario.run_s + 1, TICK_S)
    ]
    middle = (LEFT + WIDTH - RIGHT) / 2
    lines.append(_text(middle, base + 38, "seconds", "middle", "faint"))
    aside = f'transform="rotate(-90 16 {(TOP + base) / 2:.1f})"'
    lines.append(
        f'<text class="faint" x="16" y="{(TOP + base) / 2:.1f}" text-anchor="middle" {aside}>'
        "requests per second; 1 is what the venue can serve when it is well</text>"
    )
    return "\n".join([*lines, "</svg>"]) + "\n"


def _legend() -> list[str]:
    y, first, second, third, fourth = 48, LEFT, LEFT + 220, LEFT + 365, LEFT + 550
    return [
        f'<rect class="capacity" x="{first}" y="{y - 10}" width="22" height="12"/>',
        _text(first + 28, y, "the venue’s capacity just then"),
        f'<path class="sent" d="M{second} {y - 4}h22"/>',
        _text(second + 28, y, "requests sent"),
        f'<rect class="vain" x="{third}" y="{y - 10}" width="22" height="12"/>',
        _text(third + 28, y, "of them, sent in vain"),
        f'<path class="wanted" d="M{fourth} {y - 4}h22"/>',
        _text(fourth + 28, y, "what the callers want"),
    ]


def _panel(top: int, title: str, scenario: Scenario, figures: Figures) -> list[str]:
    base, right = top + PANEL, WIDTH - RIGHT
    lines = [_area("capacity", figures.capacities, base, scenario)]
    for load in (0, 1, 2):
        y = _y(load, base)
        lines.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{right}"/>')
        lines.append(_text(LEFT - 8, y + 4, f"{load}", "end", "faint"))
    lines.append(f'<path class="wanted" d="M{LEFT} {_y(USE, base):.1f}H{right}"/>')
    lines.append(_area("vain", figures.vain, base, scenario))
    lines.append(f'<path class="sent" d="{_steps(figures.loads, base, scenario)}"/>')
    peak = max(figures.loads)
    if peak > LOAD_MAX:
        # Above the panel, where neither its title nor what is served stands.
        x = min(max(_x(figures.loads.index(peak), scenario), LEFT + 200), right - 260)
        lines.append(_text(x, top - 8, f"up to {peak:.1f}"))
    served = f"{percent(figures.served_share)} of what was wanted is served"
    lines.append(_text(LEFT, top - 8, title, "start", "name"))
    lines.append(_text(right, top - 8, served, "end", "faint"))
    return lines


def _steps(values: Sequence[float], base: int, scenario: Scenario) -> str:
    """A level for each second; seconds of one level are one stroke."""
    path = [f"M{_x(0, scenario):.1f} {_y(values[0], base):.1f}"]
    before = _y(values[0], base)
    for second, value in enumerate(values):
        y = _y(value, base)
        if f"{y:.1f}" != f"{before:.1f}":
            path.append(f"H{_x(second, scenario):.1f}V{y:.1f}")
            before = y
    path.append(f"H{_x(len(values), scenario):.1f}")
    return "".join(path)


def _area(kind: str, values: Sequence[float], base: int, scenario: Scenario) -> str:
    end = f"V{base}H{_x(0, scenario):.1f}Z"
    return f'<path class="{kind}" d="{_steps(values, base, scenario)}{end}"/>'


def _x(second: float, scenario: Scenario) -> float:
    return LEFT + second / scenario.run_s * (WIDTH - LEFT - RIGHT)


def _y(load: float, base: int) -> float:
    return base - min(load, LOAD_MAX) / LOAD_MAX * PANEL


def _text(x: float, y: float, words: str, anchor: str = "start", kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'
