"""Tests the files of the page: their types, their hashes, and that none can be asked for outside the room."""

from __future__ import annotations

import json
import mimetypes
import re
from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

import httpx
import pytest

from switchgear.server.page import ROOM

if TYPE_CHECKING:
    from pathlib import Path

    from tests.server.kit import House

VENDOR = ROOM / "vendor"


def test_vendored_files_are_what_their_packages_hold() -> None:
    """Each file of others has the hash that was written down when it was taken, and none is unlisted."""
    listed = {
        one["file"]: one["sha256"]
        for one in json.loads((VENDOR / "vendor.json").read_text())["files"]
    }
    found = {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.iterdir()
        if path.name != "vendor.json"
    }
    assert found == listed


def test_the_policy_allows_the_import_map_and_no_other_inline_script(house: House) -> None:
    """The one inline script of the page is the import map, and its hash is in the policy."""
    page = house.http.get("/api-logs")
    inline = [
        part.split("</script>")[0] for part in page.text.split('<script type="importmap">')[1:]
    ]
    hashed = b64encode(sha256(inline[0].encode()).digest()).decode()
    assert len(inline) == 1
    assert f"'sha256-{hashed}'" in page.headers["content-security-policy"]
    assert "<style" not in page.text
    assert "style=" not in page.text


def test_modules_are_named_before_they_are_asked_for(house: House) -> None:
    """What the page loads at once is preloaded, after the import map, and each of it is there."""
    page = house.http.get("/").text
    head, _, rest = page.partition("</script>\n<link")
    assert '<script type="importmap">' in head
    names = re.findall(r'<link rel="modulepreload" href="([^"]+)">', "<link" + rest)
    loaded = {f"static/{path.relative_to(ROOM).as_posix()}" for path in ROOM.rglob("*.mjs")}
    assert set(names) == loaded - {"static/login.mjs"}
    assert {house.http.get(f"/{name}").status_code for name in names} == {200}


def test_types_are_our_own(house: House) -> None:
    """A machine that believes a module to be plain text does not make browsers refuse it."""
    before = mimetypes.guess_type("a.mjs")[0]
    mimetypes.add_type("text/plain", ".mjs")
    mimetypes.add_type("text/plain", ".css")
    try:
        types = {
            name: house.http.get(f"/static/{name}").headers["content-type"]
            for name in ("app.mjs", "vendor/preact.mjs", "boot.js", "base.css", "icon.svg")
        }
    finally:
        mimetypes.init()
        if before:
            mimetypes.add_type(before, ".mjs")
    assert types == {
        "app.mjs": "text/javascript; charset=utf-8",
        "vendor/preact.mjs": "text/javascript; charset=utf-8",
        "boot.js": "text/javascript; charset=utf-8",
        "base.css": "text/css; charset=utf-8",
        "icon.svg": "image/svg+xml",
    }


@pytest.mark.parametrize(
    "path",
    [
        "/static/../page.py", "/static/%2e%2e/page.py", "/static/..%2fpage.py", "/static//etc/passwd",
        "/static/", "/static/vendor/htm.LICENSE", "/static/nothing.mjs",
    ],
)  # fmt: skip
def test_nothing_outside_the_room_is_served(house: House, path: str) -> None:
    """Only the listed files have an address."""
    line = house.raw(f"GET {path} HTTP/1.1\nHost: localhost\nConnection: close\n\n").splitlines()[0]
    assert " 404 " in line


def test_a_file_is_sent_again_only_when_it_changed(house: House) -> None:
    """A browser asks each time, and gets the file once."""
    first = house.http.get("/static/app.mjs")
    again = house.http.get("/static/app.mjs", headers={"if-none-match": first.headers["etag"]})
    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/", "/api-logs", "/calls", "/circuits", "/orders"])
def test_each_page_has_its_address(house: House, path: str) -> None:
    """The bare address is the first page; each other one can be asked for as it is."""
    answer = house.http.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


def _modules() -> list[Path]:
    return [path for path in ROOM.rglob("*.mjs") if path.parent != VENDOR]


@pytest.mark.parametrize("module", _modules(), ids=lambda path: path.name)
def test_modules_take_nothing_from_elsewhere(module: Path) -> None:
    """No module of ours names another host, makes markup from text, or evaluates it."""
    text = module.read_text("utf-8")
    for bad in (
        "http://",
        "https://",
        "innerHTML",
        "outerHTML",
        "eval(",
        "new Function",
        "document.write",
    ):
        assert bad not in text


def test_every_file_that_the_page_names_is_there(house: House) -> None:
    """What the shell links and the modules import can all be loaded."""
    shell = house.http.get("/api-logs").text
    named = [part.split('"')[0] for part in shell.split('="static/')[1:]]
    named += [part.split('"')[0] for part in shell.split('"./static/')[1:]]
    for module in _modules():
        named += [part.split('"')[0] for part in module.read_text("utf-8").split('from "./')[1:]]
    answers = {name: house.http.get(f"/static/{name}").status_code for name in set(named)}
    assert len(answers) > 15
    assert set(answers.values()) == {httpx.codes.OK}
