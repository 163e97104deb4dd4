"""
Owns the house rules that no linter knows; tests/test_tidy.py runs them.

`python scripts/tidy.py` prints the same list, one fault a line, and ends with 1 if there is one.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, get_args

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 40
CODE_ROOMS = ("src/", "tests/", "scripts/", "examples/", "benchmarks/")
PAGE_SUFFIXES = (".mjs", ".js", ".css")
BINARY_SUFFIXES = (".png", ".woff2", ".ico", ".gz")
LOCK_FILES = re.compile(
    r"(^|/)((uv|poetry|yarn|pdm|Pipfile)\.lock|package-lock\.json|pnpm-lock\.yaml)$"
)
# Written so that this file does not break its own rules.
UNFINISHED = re.compile(r"\b(TO[D]O|FIX[M]E|XX[X]|NotImplemented[E]rror)\b")
HOSTS = re.compile(r"(pypi|pythonhosted|npmjs|anaconda|crates)[.](org|com|io)\b")
MACHINE_PATHS = re.compile(r"(?<![\w.}])/(work|root|home|Users|tmp|opt|private)/\w")
SKIPS = {"skip", "skipif", "xfail", "importorskip"}


def setting_names() -> list[str]:
    """Every setting."""
    from switchgear.settings import Settings  # here: the rules run without switchgear too

    return [field.name for field in fields(Settings)]


def event_names() -> list[str]:
    """Every event by its class, and by its name in a record."""
    from switchgear.core.event import Event
    from switchgear.observe.record import event_name

    return [name for kind in get_args(Event) for name in (kind.__name__, event_name(kind))]


def metric_names() -> list[str]:
    """Every field of CallMetrics."""
    from switchgear.observe.metrics import CallMetrics

    return [field.name for field in fields(CallMetrics)]


def error_names() -> list[str]:
    """Every error that switchgear raises."""
    from switchgear.core import errors

    return [name for name, cls in vars(errors).items() if _is_error(cls)] + ["KeyNameError"]


def _is_error(thing: object) -> bool:
    return isinstance(thing, type) and issubclass(thing, Exception)


REFERENCE_PAGES: dict[str, Callable[[], Iterable[str]]] = {
    "settings.md": setting_names,
    "events.md": event_names,
    "metrics.md": metric_names,
    "errors.md": error_names,
}
"""A page under docs/reference -> the names it must hold in backquotes."""

NOT_CODE = {
    tokenize.COMMENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
    tokenize.INDENT,
    tokenize.NEWLINE,
    tokenize.NL,
}


@cache
def _parsed(text: str, path: str) -> ast.Module:
    return ast.parse(text, path)


class Source(NamedTuple):
    """A file of the project: its path from the root, and its text."""

    path: str
    text: str

    def tree(self) -> ast.Module:
        """The file's syntax tree; a SyntaxError names the path."""
        return _parsed(self.text, self.path)


# ----------------------------------------------------------------------------------- counting lines


def _strings_alone(tree: ast.AST) -> set[int]:
    """The lines of docstrings, those of attributes too."""
    return {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


@cache
def code_lines(source: Source) -> set[int]:
    """The numbers of the lines that hold code: not blank, not a comment, not a docstring."""
    if not source.path.endswith(".py"):
        return _page_lines(source.text)
    tokens = tokenize.generate_tokens(io.StringIO(source.text).readline)
    lines = {
        line
        for token in tokens
        if token.type not in NOT_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }
    return lines - _strings_alone(source.tree())


def _page_lines(text: str) -> set[int]:
    """The same for JavaScript and CSS, where a comment has its lines for itself."""
    lines: set[int] = set()
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        inside = inside or stripped.startswith("/*")
        if stripped and not inside and not stripped.startswith("//"):
            lines.add(number)
        inside = inside and "*/" not in stripped
    return lines


# ------------------------------------------------------------------------------------ rules on code


def opening(source: Source) -> Iterator[str]:
    """A file says at its top what it owns."""
    if not source.text.strip():
        return
    if source.path.endswith(".py"):
        if not ast.get_docstring(source.tree()):
            yield f"{source.path}: opens without a docstring"
    elif not source.text.lstrip().startswith(("/*", "//")):
        yield f"{source.path}: opens without a comment"


def file_length(source: Source) -> Iterator[str]:
    """A file holds at most FILE_LINES_MAX lines of code."""
    count = len(code_lines(source))
    if count > FILE_LINES_MAX:
        yield f"{source.path}: {count} lines of code, at most {FILE_LINES_MAX}"


def function_length(source: Source) -> Iterator[str]:
    """A function holds at most FUNCTION_LINES_MAX lines of code."""
    lines = code_lines(source)
    for node in ast.walk(source.tree()):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            count = len(lines & set(range(node.lineno, (node.end_lineno or node.lineno) + 1)))
            if count > FUNCTION_LINES_MAX:
                what = f"{node.name} has {count} lines of code, at most {FUNCTION_LINES_MAX}"
                yield f"{source.path}:{node.lineno}: {what}"


def swallowed(source: Source) -> Iterator[str]:
    """An error is never caught and dropped without a word."""
    for node in ast.walk(source.tree()):
        if isinstance(node, ast.ExceptHandler) and all(_says_nothing(part) for part in node.body):
            yield f"{source.path}:{node.lineno}: an error is swallowed"


def _says_nothing(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def told_tests(source: Source) -> Iterator[str]:
    """Each test says in a docstring what it proves."""
    for node in ast.walk(source.tree()):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("test_") and not ast.get_docstring(node):
            yield f"{source.path}:{node.lineno}: {node.name} has no docstring"


def skipped_tests(source: Source) -> Iterator[str]:
    """A test runs, or is not there."""
    for node in ast.walk(source.tree()):
        if isinstance(node, ast.Attribute) and node.attr in SKIPS:
            owner = ast.unparse(node.value)
            if owner in {"pytest", "pytest.mark", "unittest"}:
                yield f"{source.path}:{node.lineno}: {owner}.{node.attr}"


# ------------------------------------------------------------------------------ rules on every file


def _found(source: Source, pattern: re.Pattern[str], what: str) -> Iterator[str]:
    for number, line in enumerate(source.text.splitlines(), 1):
        if match := pattern.search(line):
            yield f"{source.path}:{number}: {what}: {match.group()}"


def unfinished(source: Source) -> Iterator[str]:
    """What is here is finished."""
    return _found(source, UNFINISHED, "unfinished")


def hosts(source: Source) -> Iterator[str]:
    """No file names a package registry's host: where packages come from is the user's choice."""
    return _found(source, HOSTS, "a registry's host")


def machine_paths(source: Source) -> Iterator[str]:
    """No file names a folder of one machine."""
    return _found(source, MACHINE_PATHS, "a path of one machine")


def lock_files(source: Source) -> Iterator[str]:
    """constraints.txt is the one pin; lock files name hosts."""
    if LOCK_FILES.search(source.path):
        yield f"{source.path}: a lock file; constraints.txt is the pin"


# ----------------------------------------------------------------------------------- the whole tree


def sources() -> list[Source]:
    """Every text file of the project that git tracks, or would; vendored files are left out."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = (name for name in sorted(set(names.split("\0"))) if name and "/vendor/" not in name)
    return [
        Source(path, (ROOT / path).read_text(encoding="utf-8"))
        for path in paths
        if not path.endswith(BINARY_SUFFIXES) and (ROOT / path).is_file()
    ]


def _is_python(source: Source) -> bool:
    return source.path.endswith(".py") and source.path.startswith(CODE_ROOMS)


def _is_code(source: Source) -> bool:
    return _is_python(source) or (
        source.path.startswith("src/") and source.path.endswith(PAGE_SUFFIXES)
    )


def _is_test(source: Source) -> bool:
    return _is_python(source) and source.path.startswith("tests/")


def _is_any(source: Source) -> bool:
    return bool(source.path)


RULES: dict[str, tuple[Callable[[Source], bool], Callable[[Source], Iterator[str]]]] = {
    "opening": (_is_code, opening),
    "file_length": (_is_code, file_length),
    "function_length": (_is_python, function_length),
    "swallowed": (_is_python, swallowed),
    "told_tests": (_is_test, told_tests),
    "skipped_tests": (_is_test, skipped_tests),
    "unfinished": (_is_any, unfinished),
    "hosts": (_is_any, hosts),
    "machine_paths": (_is_any, machine_paths),
    "lock_files": (_is_any, lock_files),
}
"""Each rule by name: which files it looks at, and what breaks it."""


def faults(rule: str, files: Iterable[Source]) -> list[str]:
    """What breaks the rule of this name in these files; KeyError for an unknown name."""
    concerns, broken = RULES[rule]
    return [fault for source in files if concerns(source) for fault in broken(source)]


def undocumented(names: Iterable[str], page: str) -> list[str]:
    """The names that the page does not hold in backquotes, in order."""
    return sorted(name for name in names if f"`{name}`" not in page)


def missing_from_reference() -> list[str]:
    """Every setting, event and metric that its page under docs/reference does not name."""
    return [
        f"docs/reference/{page}: `{name}` is not in it"
        for page, names in REFERENCE_PAGES.items()
        for name in undocumented(names(), (ROOT / "docs/reference" / page).read_text("utf-8"))
    ]


def main() -> int:
    """Print every fault of the project; 1 if there is one, else 0."""
    files = sources()
    found = [fault for rule in RULES for fault in faults(rule, files)] + missing_from_reference()
    sys.stdout.writelines(f"{fault}\n" for fault in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
