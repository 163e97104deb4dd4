"""
Owns the changelog's fragments: checks their names, and at a release folds them into CHANGELOG.md.

A change that a user can see adds one file of whole sentences,
changelog.d/<slug>.<added|changed|fixed>.md.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("added", "changed", "fixed")
NAME = re.compile(rf"[a-z0-9][a-z0-9-]*\.({'|'.join(KINDS)})\.md")
MARK = "<!-- releases below, newest first -->"


def fragments(root: Path) -> list[Path]:
    """The fragments, sorted; README.md, which explains them, is none."""
    return sorted(path for path in (root / "changelog.d").iterdir() if path.name != "README.md")


def faults(root: Path) -> list[str]:
    """What is wrong with the names and contents of the fragments under this root."""
    found: list[str] = []
    for path in fragments(root):
        if not NAME.fullmatch(path.name):
            found.append(f"changelog.d/{path.name}: the name must be <slug>.<{'|'.join(KINDS)}>.md")
        elif not path.read_text(encoding="utf-8").strip():
            found.append(f"changelog.d/{path.name}: is empty")
    return found


def section(root: Path, version: str) -> str:
    """The fragments as one release's section, by kind."""
    parts = [f"## {version}"]
    for kind in KINDS:
        texts = [p.read_text("utf-8").strip() for p in fragments(root) if f".{kind}." in p.name]
        if texts:
            parts.append(f"### {kind.capitalize()}")
            parts.append("\n".join(f"- {' '.join(text.split())}" for text in texts))
    return "\n\n".join(parts)


def release(root: Path, version: str) -> None:
    """Put the section at the top of CHANGELOG.md's releases, and remove the fragments."""
    log = root / "CHANGELOG.md"
    text = log.read_text(encoding="utf-8")
    log.write_text(text.replace(MARK, f"{MARK}\n\n{section(root, version)}"), encoding="utf-8")
    for path in fragments(root):
        path.unlink()


def main() -> int:
    """Check the fragments; with --release VERSION, also fold them in. 1 on a fault, else 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="look only; this is the default")
    parser.add_argument("--release", metavar="VERSION", help="fold the fragments into CHANGELOG.md")
    arguments = parser.parse_args()
    found = faults(ROOT)
    sys.stdout.writelines(f"{fault}\n" for fault in found)
    if not found and arguments.release:
        release(ROOT, arguments.release)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
