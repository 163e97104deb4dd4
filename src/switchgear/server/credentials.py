"""Owns the tokens by which people and programs are known; what is done with a wrong one is left to gates."""

from __future__ import annotations

import os
import re
import secrets
import stat
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import TYPE_CHECKING

from switchgear.core.errors import SettingsError
from switchgear.core.redact import register_secret
from switchgear.server.who import RESERVED, Role, Who

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TOKEN_CHARS_MIN = 16
TOKEN_CHARS_MAX = 256
NAMES_MAX = 200
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,31}", re.ASCII)
_TOKEN = re.compile(rf"[!-~]{{{TOKEN_CHARS_MIN},{TOKEN_CHARS_MAX}}}", re.ASCII)
_FILE_CHARS_MAX = 100_000
_HIDDEN = "<not shown>"


def new_token() -> str:
    """A token that nobody can guess: 32 random bytes in 43 letters."""
    return secrets.token_urlsafe(32)


class Credentials:
    """
    Who may look and who may act, each by a token.

    Args:
        viewers: Token by name, of those who may look.
        operators: Token by name, of those who may look and act.

    A token is 16 to 256 characters without spaces, or `sha256:` and the 64 hex digits of its digest. Tokens are
    kept as digests alone, and none is ever in a message.

    Raises:
        SettingsError: There is none at all, a name or a token cannot be, or two have the same.
    """

    def __init__(
        self, viewers: Mapping[str, str] | None = None, operators: Mapping[str, str] | None = None
    ) -> None:
        given = [(Role.VIEWER, *each) for each in (viewers or {}).items()]
        given += [(Role.OPERATOR, *each) for each in (operators or {}).items()]
        self._known = _known(given)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Credentials:
        """
        Those of a file, one a line: `operator NAME TOKEN` or `viewer NAME TOKEN`; `#` begins a comment line.

        Raises:
            SettingsError: It cannot be read, others than its owner may read it, or a line is wrong.
        """
        self = cls.__new__(cls)
        self._known = _known(_lines(Path(path)))
        return self

    def who(self, token: str) -> Who | None:
        """
        Whose token it is, or None.

        All are compared, each in the same time: how long it takes tells nothing of any token.
        """
        digest = digest_of(token)
        found = None
        for known, who in self._known:
            if compare_digest(known, digest):
                found = who
        return found

    def __repr__(self) -> str:
        return f"Credentials({', '.join(f'{who.role} {who.name}' for _, who in self._known)})"


def digest_of(text: str) -> bytes:
    """sha256 of a text, 32 bytes."""
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def _known(given: Iterable[tuple[Role, str, str]]) -> list[tuple[bytes, Who]]:
    known = [(_digest(name, token), Who(_name(name), role)) for role, name, token in given]
    if not 1 <= len(known) <= NAMES_MAX:
        raise SettingsError("tokens", len(known), f"must be 1 to {NAMES_MAX}")
    for what, count in (("name", len({who.name for _, who in known})), ("token", _distinct(known))):
        if count < len(known):
            raise SettingsError("tokens", _HIDDEN, f"each {what} must be there once")
    return known


def _distinct(known: Iterable[tuple[bytes, Who]]) -> int:
    return len({digest for digest, _ in known})


def _name(name: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in RESERVED:
        # Somebody may have put the token where the name belongs.
        shown = name if name in RESERVED else _HIDDEN
        allowed = "a name must be 1 to 32 letters, digits and . _ @ -, and none of "
        raise SettingsError("tokens", shown, allowed + ", ".join(sorted(RESERVED)))
    return name


def _digest(name: str, token: object) -> bytes:
    if isinstance(token, str):
        if as_digest := _DIGEST.fullmatch(token):
            return bytes.fromhex(as_digest[1])
        if _TOKEN.fullmatch(token) and not token.startswith("sha256:"):
            register_secret(token)
            return digest_of(token)
    many = f"{TOKEN_CHARS_MIN} to {TOKEN_CHARS_MAX} characters without spaces"
    allowed = f"the token of {_name(name)} must be {many}, or sha256: and 64 hex digits"
    raise SettingsError("tokens", _HIDDEN, allowed)


def _lines(path: Path) -> list[tuple[Role, str, str]]:
    found: list[tuple[Role, str, str]] = []
    for number, line in enumerate(_text(path).splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 3 or words[0] not in set(Role):
            allowed = f"line {number} must be `operator NAME TOKEN` or `viewer NAME TOKEN`"
            raise SettingsError("tokens", str(path), allowed)
        found.append((Role(words[0]), words[1], words[2]))
    return found


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            # Of what was opened, not of what the name leads to by now.
            about = os.fstat(file.fileno())
            if about.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                allowed = "must be its owner's alone: chmod 600"
                raise SettingsError("tokens", str(path), allowed)
            text = file.read(_FILE_CHARS_MAX + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("tokens", str(path), f"cannot be read: {error}") from None
    if len(text) > _FILE_CHARS_MAX:
        raise SettingsError("tokens", str(path), f"must hold at most {_FILE_CHARS_MAX} characters")
    return text
