"""Runs the house rules of scripts/tidy.py on the project, and proves of each rule that it bites."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scripts import changelog, tidy

if TYPE_CHECKING:
    from pathlib import Path

# Bad samples, put together here so that this file keeps the rules itself.
LONG_FUNCTION = '"""Owns a."""\ndef f():\n' + "    g()\n" * 40
BAD = {
    "opening": ("src/switchgear/a.py", "import os\n"),
    "file_length": ("src/switchgear/a.py", '"""Owns a."""\n' + "a = 1\n" * 301),
    "function_length": ("src/switchgear/a.py", LONG_FUNCTION),
    "swallowed": ("src/switchgear/a.py", "try:\n    f()\nexcept ValueError:\n    pass\n"),
    "told_tests": ("tests/test_a.py", "def test_a():\n    assert f()\n"),
    "skipped_tests": ("tests/test_a.py", "@pytest.mark." + "xfail\ndef test_a(): ...\n"),
    "unfinished": ("docs/a.md", "TO" + "DO: say more\n"),
    "hosts": ("Makefile", "\tpip install --index-url https://pypi" + ".org/simple a\n"),
    "machine_paths": ("docs/a.md", "see /ro" + "ot/notes.md\n"),
    "lock_files": ("uv" + ".lock", ""),
}
GOOD = {
    "opening": ("src/switchgear/a.mjs", "// Owns a.\n"),
    "file_length": ("src/switchgear/a.py", '"""Owns a."""\n' + "# why\n\n" * 301 + "a = 1\n" * 300),
    "function_length": ("src/switchgear/a.py", LONG_FUNCTION.replace("g()", "# why", 1)),
    "swallowed": ("src/switchgear/a.py", "try:\n    f()\nexcept ValueError:\n    g()\n"),
    "told_tests": ("tests/test_a.py", 'def test_a():\n    """A is so."""\n    assert f()\n'),
    "skipped_tests": ("tests/test_a.py", "rows = page.skip(3)\n"),
    "unfinished": ("docs/a.md", "All is said.\n"),
    "hosts": ("Makefile", "\tpip install a\n"),
    "machine_paths": ("docs/a.md", "see docs/home/notes.md and GET /work\n"),
    "lock_files": ("src/switchgear/lock.py", ""),
}


@pytest.fixture(scope="module")
def files() -> list[tidy.Source]:
    """Every file of the project, read once."""
    return tidy.sources()


@pytest.mark.parametrize("rule", tidy.RULES)
def test_the_project_keeps_the_rule(rule: str, files: list[tidy.Source]) -> None:
    """No file of the project breaks a house rule."""
    assert tidy.faults(rule, files) == []


@pytest.mark.parametrize("rule", tidy.RULES)
def test_the_rule_bites(rule: str) -> None:
    """Each rule finds exactly one fault in a file that breaks it once, and names the file."""
    found = tidy.faults(rule, [tidy.Source(*BAD[rule])])
    assert [fault.partition(":")[0] for fault in found] == [BAD[rule][0]]


@pytest.mark.parametrize("rule", tidy.RULES)
def test_the_rule_lets_good_files_be(rule: str) -> None:
    """No rule finds a fault in a file that stands just inside the bound."""
    assert tidy.faults(rule, [tidy.Source(*GOOD[rule])]) == []


def test_the_rules_look_at_this_very_project(files: list[tidy.Source]) -> None:
    """The rules see the source, this test and the Makefile, so an empty listing cannot pass."""
    paths = {source.path for source in files}
    assert {"src/switchgear/core/clock.py", "tests/test_tidy.py", "Makefile"} <= paths


def test_the_reference_names_every_setting_event_and_metric() -> None:
    """What a user can set, receive or read is in docs/reference."""
    assert tidy.missing_from_reference() == []


def test_a_name_missing_from_a_page_is_found() -> None:
    """A name counts as documented only in backquotes, and whole."""
    page = "`retries` and timeout_s, `probes_to_close`"
    assert tidy.undocumented(["retries", "timeout_s", "probes"], page) == ["probes", "timeout_s"]


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("gate.added.md", "A gate.", []),
        ("gate.md", "A gate.", ["the name must be <slug>.<added|changed|fixed>.md"]),
        ("gate.new.md", "A gate.", ["the name must be <slug>.<added|changed|fixed>.md"]),
        ("gate.fixed.md", " \n", ["is empty"]),
    ],
)
def test_a_fragment_says_what_kind_it_is(
    tmp_path: Path, name: str, text: str, fault: list[str]
) -> None:
    """A changelog fragment has a known ending and a text."""
    (tmp_path / "changelog.d").mkdir()
    (tmp_path / "changelog.d" / name).write_text(text, encoding="utf-8")
    assert changelog.faults(tmp_path) == [f"changelog.d/{name}: {what}" for what in fault]


def test_a_release_folds_the_fragments_in(tmp_path: Path) -> None:
    """A release puts the fragments on top by kind, keeps the older ones, and leaves none behind."""
    folder = tmp_path / "changelog.d"
    folder.mkdir()
    (folder / "b.fixed.md").write_text("Mended b.\n", encoding="utf-8")
    (folder / "a.added.md").write_text("New\na.\n", encoding="utf-8")
    log = tmp_path / "CHANGELOG.md"
    log.write_text(f"# Changes\n\n{changelog.MARK}\n\n## 0.1.0\n", encoding="utf-8")
    changelog.release(tmp_path, "0.2.0")
    new = "## 0.2.0\n\n### Added\n\n- New a.\n\n### Fixed\n\n- Mended b."
    assert log.read_text("utf-8") == f"# Changes\n\n{changelog.MARK}\n\n{new}\n\n## 0.1.0\n"
    assert list(folder.iterdir()) == []
