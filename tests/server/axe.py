"""Owns asking axe-core what somebody with other eyes or hands would stumble over on a page; the page is the test's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

VENDOR = Path(__file__).parent / "vendor"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
"""The rules that are held: WCAG 2.2 to level AA, and axe's own good habits."""

_LOADED = "() => typeof window.axe === 'object'"
_RUN = """async (tags) => {
  const found = await window.axe.run(document, { runOnly: { type: "tag", values: tags }, preload: false });
  return found.violations.map((one) => ({
    rule: one.id, impact: one.impact, help: one.help,
    at: one.nodes.map((node) => [node.target.join(" "), node.failureSummary ?? ""]),
  }));
}"""


def axe(page: Page) -> list[str]:
    """
    What axe finds wrong with the page as it stands: a line each, so that a test can say `== []`.

    It is told to the browser by the debugger's way, which the content security policy does not bar. Movement should
    have ended: a colour that is half way to another is measured as it is.
    """
    if not page.evaluate(_LOADED):
        page.evaluate((VENDOR / "axe.min.js").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(_RUN, list(TAGS))
    return [_line(one) for one in found]


def _line(one: dict[str, Any]) -> str:
    where = json.dumps(one["at"][:4], ensure_ascii=False)
    return f"{one['rule']} ({one['impact']}): {one['help']} at {len(one['at'])} places: {where}"
