"""Proves that links in the pages lead somewhere, that their Python runs, and that their commands exist."""

from __future__ import annotations

import ast
import asyncio
import re
import subprocess
import sys
from functools import cache
from inspect import iscoroutine
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

import pytest

from switchgear.guide import enable_debug_logging, use_gear

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("changelog.d/*.md")])
NAMES = [str(path.relative_to(ROOT)) for path in PAGES]

FENCE = re.compile(r"^(`{3,})([^\n`]*)\n(.*?)^\1`*\s*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
ELSEWHERE = re.compile(r"^[a-z]+:")
# What a shell line may begin with beside the project's own commands.
SHELL = {"cd", "curl", "git", "pip"}


class Block(NamedTuple):
    """
    A fenced block: its language, its text, and the line of the page on which the text begins.

    Only blocks of the language `python` are run; `python no-run` is for one that needs a world of its
    own, and is held to the grammar alone. A block within an HTML comment is one too: what readers
    need not see, but Python does.
    """

    language: str
    text: str
    line: int


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page."""
    text = (ROOT / page).read_text("utf-8")
    return [
        Block(found[2].strip(), found[3], text.count("\n", 0, found.start(3)) + 1)
        for found in FENCE.finditer(text)
    ]


def prose(page: str) -> str:
    """The page without its blocks and code words, in which brackets are no links."""
    return re.sub(r"`[^`\n]*`", "``", FENCE.sub("", (ROOT / page).read_text("utf-8")))


@cache
def anchors(path: Path) -> set[str]:
    """What a link may point at within a page: its headings, in small letters with hyphens."""
    found = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def broken_links(page: str) -> Iterator[str]:
    """Each link of a page that leads nowhere."""
    for link in LINK.findall(prose(page)):
        if ELSEWHERE.match(link):
            continue
        target, _, anchor = unquote(link).partition("#")
        path = (ROOT / page).parent / target if target else ROOT / page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            yield link


def commands(page: str) -> Iterator[str]:
    """The commands of a page: in a console block behind `$ `, in a shell block each line."""
    for block in blocks(page):
        for line in block.text.splitlines():
            if block.language == "console" and line.startswith("$ "):
                yield line[2:]
            elif block.language in {"sh", "bash"} and line.strip() and not line.startswith("#"):
                yield line.partition("  #")[0].strip()


@cache
def help_text(command: str) -> str:
    """What the command says of itself; fails when there is no such command."""
    program = "from switchgear.cli import main; main()"
    called = [sys.executable, "-c", program, *command.split(), "--help"]
    done = subprocess.run(called, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def wrong_command(command: str) -> str | None:
    """Why a command cannot be, None when it can."""
    words = command.split()
    match words[0]:
        case "make":
            targets = re.findall(
                r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE
            )
            asked = [word for word in words[1:] if "=" not in word and word[0] not in "\"'-"]
            wrong = [] if "ARGS=" in command else [word for word in asked if word not in targets]
            return f"no target {wrong}" if wrong else None
        case "python" | ".venv/bin/python":
            scripts = [word for word in words[1:] if word.endswith(".py")]
            wrong = [word for word in scripts if not (ROOT / word).is_file()]
            return f"no file {wrong}" if wrong else None
        case "switchgear" | ".venv/bin/switchgear":
            text = help_text(words[1])
            wrong = [word for word in words[2:] if word.startswith("--") and word not in text]
            return f"no option {wrong}" if wrong else None
        case first:
            return None if first in SHELL else f"unknown: {first}"


@pytest.mark.parametrize("page", NAMES)
def test_links_lead_somewhere(page: str) -> None:
    """Each file that a page links to is there, with the heading that the link names."""
    assert list(broken_links(page)) == []


@pytest.mark.slow  # each page begins a practice exchange of its own
@pytest.mark.parametrize(
    "page", [page for page in NAMES if any(block.language == "python" for block in blocks(page))]
)
def test_the_python_of_a_page_runs(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Python blocks of a page run one after the other, as a reader would type them."""
    monkeypatch.chdir(tmp_path)  # a file that they write is gone with the test
    names: dict[str, object] = {"__name__": "__main__"}
    before = use_gear(None)
    try:
        for block in blocks(page):
            if block.language == "python":
                run(page, block, names)
    finally:
        enable_debug_logging(on=False)
        made = use_gear(before)
        if made is not None:
            made.close()


def run(page: str, block: Block, names: dict[str, object]) -> None:
    """One block, in which await may stand outside of a function; an error names the page's line."""
    text = "\n" * (block.line - 1) + block.text
    code = compile(text, str(ROOT / page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    value = eval(code, names)
    if iscoroutine(value):
        asyncio.run(value)


@pytest.mark.parametrize("page", NAMES)
def test_python_that_is_not_run_is_python(page: str) -> None:
    """A block marked `python no-run` parses."""
    for block in blocks(page):
        if block.language == "python no-run":
            flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            compile(block.text, page, "exec", flags=flags)


@pytest.mark.parametrize("page", [page for page in NAMES if list(commands(page))])
def test_the_commands_of_a_page_exist(page: str) -> None:
    """A make target, a script, or a subcommand with its options that a page shows is there."""
    wrong = {command: wrong_command(command) for command in commands(page)}
    assert {command: why for command, why in wrong.items() if why} == {}


def test_a_broken_page_is_found(tmp_path: Path) -> None:
    """The checks bite: a dead link, a missing heading, a block that raises and an unknown command."""
    page = tmp_path / "page.md"
    page.write_text(
        "# A\n[dead](none.md) [no such part](page.md#b) [here](#a) [web](https://example.org)\n"
        "```python\nassert (await one()) == 2\n```\n```console\n$ frobnicate --all\n1 done\n```\n"
    )
    assert list(broken_links(str(page))) == ["none.md", "page.md#b"]
    (python, _console) = blocks(str(page))

    async def one() -> int:
        return 1

    with pytest.raises(AssertionError):
        run(str(page), python, {"one": one})
    (command,) = commands(str(page))
    assert wrong_command(command) == "unknown: frobnicate"
    assert wrong_command("make setup test") is None
    assert wrong_command("make frobnicate") == "no target ['frobnicate']"
