"""Owns the files of the page, read once, each with a type of our own; the API has the data."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

ROOM = Path(__file__).parent / "page"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""By our own table: what the machine believes of a suffix can make a browser refuse a module."""

_SHELL, _LOGIN = "shell.html", "login.html"
_SHELLS = ("/", "/api-logs", "/calls", "/circuits", "/orders")
_MAIN = '<script type="module" src="static/app.mjs"></script>'
_LATER = frozenset({"login.mjs"})
"""Modules that the pages do not load at once, or not at all."""
_OPEN, _CLOSE = '<script type="importmap">', "</script>"


@dataclass(frozen=True, slots=True)
class File:
    """One file as it is sent."""

    body: bytes
    type: str
    etag: str


class Page:
    """Every file under page/, in memory."""

    def __init__(self) -> None:
        self._files = {
            path.relative_to(ROOM).as_posix(): _read(path)
            for path in sorted(ROOM.rglob("*"))
            if path.suffix in TYPES
        }
        self._files[_SHELL] = self._with_preloads(self._files[_SHELL])

    def _with_preloads(self, shell: File) -> File:
        """The shell, naming every module: else a browser learns of each only from the one that imports it."""
        names = (name for name in self._files if name.endswith(".mjs") and name not in _LATER)
        links = "".join(f'<link rel="modulepreload" href="static/{name}">\n' for name in names)
        # After the import map, which must come before the first module.
        return _file(shell.body.decode().replace(_MAIN, links + _MAIN).encode(), shell.type)

    @property
    def script_hash(self) -> str:
        """sha256 of the import map, in base64, for the content security policy."""
        text = self._files[_SHELL].body.decode().partition(_OPEN)[2].partition(_CLOSE)[0]
        return b64encode(sha256(text.encode()).digest()).decode()

    @property
    def paths(self) -> frozenset[str]:
        """Where a page is."""
        return frozenset(_SHELLS)

    def routes(self, *, login: bool = False) -> list[Route]:
        """The pages and what they load; without login, the page of that name leads home."""
        shells = [Route(path, self._shell) for path in _SHELLS]
        static = Route("/static/{path:path}", self._static)
        return [
            *shells,
            Route("/login", self._login if login else _home),
            static,
        ]

    async def _shell(self, request: Request) -> Response:
        return _send(self._files[_SHELL], request)

    async def _login(self, request: Request) -> Response:
        return _send(self._files[_LOGIN], request)

    async def _static(self, request: Request) -> Response:
        # A name in a table, not a path on a disk: nothing outside the room can be asked for.
        found = self._files.get(request.path_params["path"])
        return Response("no such file", 404) if found is None else _send(found, request)


async def _home(_request: Request) -> Response:
    return RedirectResponse("./", 307)


def _read(path: Path) -> File:
    return _file(path.read_bytes(), TYPES[path.suffix])


def _file(body: bytes, kind: str) -> File:
    return File(body, kind, f'"{sha256(body).hexdigest()[:24]}"')


def _send(file: File, request: Request) -> Response:
    # no-cache asks each time, and a 304 answers: a new version is never mixed with an old one.
    head = {"cache-control": "no-cache", "etag": file.etag}
    if request.headers.get("if-none-match") == file.etag:
        return Response(status_code=304, headers=head)
    return Response(file.body, headers={**head, "content-type": file.type})
