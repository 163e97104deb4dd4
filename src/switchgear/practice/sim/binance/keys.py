"""Owns the practice API keys: how each is signed with and what it may do; the well-known secrets."""

from __future__ import annotations

import hmac
from base64 import b64decode
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

KEY = "practice-key"
SECRET = "practice-secret"
VIEW_KEY = "practice-view-key"
VIEW_SECRET = "practice-view-secret"
ED25519_KEY = "practice-ed25519-key"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key of the account."""

    holds: Callable[[bytes, str], bool]
    """Whether a signature, as it stands in the request, is this key's over the text."""
    may_trade: bool = True
    """A key without it reads the account, and places and cancels nothing."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys that a venue knows, by name, and what a client needs to use them."""

    keys: Mapping[str, ApiKey]
    credentials: Mapping[str, str]


def keyring(seed: int) -> Keyring:
    """The keys of a venue with this seed; the Ed25519 pair alone depends on the seed."""
    private = Ed25519PrivateKey.from_private_bytes(sha256(f"binance|{seed}".encode()).digest())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Keyring(
        keys={
            KEY: ApiKey(_hmac(SECRET)),
            ED25519_KEY: ApiKey(_ed25519(private)),
            VIEW_KEY: ApiKey(_hmac(VIEW_SECRET), may_trade=False),
        },
        credentials={
            "key": KEY,
            "secret": SECRET,
            "ed25519_key": ED25519_KEY,
            "ed25519_secret": pem.decode(),
            "view_key": VIEW_KEY,
            "view_secret": VIEW_SECRET,
        },
    )


def _hmac(secret: str) -> Callable[[bytes, str], bool]:
    def holds(text: bytes, signature: str) -> bool:
        expected = hmac.new(secret.encode(), text, sha256).hexdigest()
        return hmac.compare_digest(expected.encode(), signature.lower().encode())

    return holds


def _ed25519(private: Ed25519PrivateKey) -> Callable[[bytes, str], bool]:
    public = private.public_key()

    def holds(text: bytes, signature: str) -> bool:
        try:
            public.verify(b64decode(signature, validate=True), text)
        except (ValueError, InvalidSignature):
            return False
        return True

    return holds
