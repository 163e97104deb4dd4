"""Owns where a server is and by which token it is asked, checked whole before anything is sent."""

from __future__ import annotations

import os
import re
import ssl
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from switchgear.core.errors import SettingsError
from switchgear.core.redact import register_secret

if TYPE_CHECKING:
    from pathlib import Path
    from urllib.parse import SplitResult

TOKEN_VARIABLE = "SWITCHGEAR_TOKEN"  # noqa: S105  where a token is, and none
_FILE_CHARS_MAX = 10_000
_TOKEN = re.compile(r"[!-~]{1,4096}", re.ASCII)
_PATH = re.compile(r"[!-~]*", re.ASCII)
_ALLOWED = "must be http://host:port or https://host:port, and a prefix if it has one"
_HIDDEN = "<not shown>"


class Given(NamedTuple):
    """What was given about a server."""

    url: str
    token_file: Path | None = None
    ca_file: Path | None = None
    insecure_http: bool = False


@dataclass(frozen=True, slots=True)
class Address:
    """A server that may be asked."""

    shown: str
    """The address as errors have it: without the slash at its end."""
    host: str
    port: int
    prefix: str
    """Before every path; empty, or with a slash before it and none behind it."""
    tls: ssl.SSLContext | None
    """None for http."""
    token: str = field(repr=False)
    """Empty where there is none."""


def address_of(given: Given) -> Address:
    """
    The server that was named, and the token for it: of the file, or of the environment, or none.

    Raises:
        SettingsError: The address cannot be, a file cannot be read, or a token would pass a network in the clear.
    """
    parts = _parts(given.url)
    token = _token(given.token_file)
    is_tls = parts.scheme == "https"
    if given.ca_file is not None and not is_tls:
        raise SettingsError("ca-file", str(given.ca_file), "must be given with https://")
    host = parts.hostname or ""
    if token and not is_tls and not given.insecure_http and not _is_loopback(host):
        allowed = "must be https:// where a token is sent to another machine; --insecure-http sends it for all to read"
        raise SettingsError("url", given.url, allowed)
    return Address(
        shown=given.url.rstrip("/"),
        host=host,
        port=parts.port or (443 if is_tls else 80),
        prefix=parts.path.rstrip("/"),
        tls=_trust(given.ca_file) if is_tls else None,
        token=token,
    )


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SettingsError("url", _shown(url), _ALLOWED) from None
    if parts.username is not None or parts.password is not None:
        allowed = (
            f"must hold no name and no password: give --token-file FILE, or set {TOKEN_VARIABLE}"
        )
        raise SettingsError("url", _HIDDEN, allowed)
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise SettingsError("url", _shown(url), _ALLOWED)
    if "?" in url or "#" in url or not _PATH.fullmatch(parts.path):
        raise SettingsError("url", _shown(url), f"{_ALLOWED}; nothing behind that")
    return parts


def _shown(url: str) -> str:
    return _HIDDEN if "@" in url else url


def _token(file: Path | None) -> str:
    """The token; its own text is in no error."""
    if file is None:
        token, field_name, value = (
            os.environ.get(TOKEN_VARIABLE, "").strip(),
            TOKEN_VARIABLE,
            _HIDDEN,
        )
        if not token:
            return ""
    else:
        token, field_name, value = _read(file), "token-file", str(file)
    if not _TOKEN.fullmatch(token):
        raise SettingsError(field_name, value, "must hold one token, without spaces, and no more")
    register_secret(token)
    return token


def _read(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as opened:
            return opened.read(_FILE_CHARS_MAX).strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsError("token-file", str(file), f"cannot be read: {why}") from None


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    """Certificates are verified, by the system's or by one's own."""
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ssl.SSLError) as error:
        allowed = f"must hold certificates in PEM: {error.strerror or error}"
        raise SettingsError("ca-file", str(ca_file), allowed) from None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host == "localhost"
