"""Owns the API keys of the practice Coinbase: key pairs made from the seed, and what each may do."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from switchgear.practice.sim.coinbase.ids import drawn_bytes, drawn_uuid

if TYPE_CHECKING:
    from collections.abc import Mapping

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""How many points curve P-256 has: a private key is a number from 1 to one less."""
_HALF = 32
"""Bytes of each of the two numbers that an ES256 signature consists of."""


class Scope(StrEnum):
    """What an endpoint asks of a key."""

    VIEW = "view"
    TRADE = "trade"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as the venue keeps it, and as its owner was given it."""

    name: str
    """organizations/<uuid>/apiKeys/<uuid>."""
    secret: str
    """SEC1 PEM text for a P-256 key; base64 of 64 bytes, private half first, for Ed25519."""
    pair: EllipticCurvePrivateKey | Ed25519PrivateKey
    scopes: frozenset[Scope]

    @property
    def algorithm(self) -> str:
        """The one name of a signature algorithm that this key is used with."""
        return "ES256" if isinstance(self.pair, EllipticCurvePrivateKey) else "EdDSA"

    def holds(self, signed: bytes, signature: bytes) -> bool:
        """Whether this key made the signature, in the form that a token carries it."""
        try:
            if isinstance(self.pair, Ed25519PrivateKey):
                self.pair.public_key().verify(signature, signed)
            elif len(signature) != 2 * _HALF:
                return False
            else:
                halves = (signature[:_HALF], signature[_HALF:])
                packed = encode_dss_signature(*(int.from_bytes(half, "big") for half in halves))
                self.pair.public_key().verify(packed, signed, ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of the one user: one that trades, one of the other kind that trades, one that looks."""

    main: ApiKey
    ed25519: ApiKey
    viewer: ApiKey

    @property
    def by_name(self) -> Mapping[str, ApiKey]:
        """All keys by name."""
        return {key.name: key for key in (self.main, self.ed25519, self.viewer)}

    @property
    def credentials(self) -> Mapping[str, str]:
        """What clients are given."""
        return {
            "key": self.main.name,
            "secret": self.main.secret,
            "ed25519_key": self.ed25519.name,
            "ed25519_secret": self.ed25519.secret,
            "view_key": self.viewer.name,
            "view_secret": self.viewer.secret,
        }


def make_keys(seed: int) -> KeyRing:
    """The keys of this seed: practice material that guards nothing, so anybody may know it."""
    all_scopes = frozenset(Scope)
    return KeyRing(
        _p256_key(seed, "main", all_scopes),
        _ed25519_key(seed, all_scopes),
        _p256_key(seed, "viewer", frozenset({Scope.VIEW})),
    )


def _p256_key(seed: int, use: str, scopes: frozenset[Scope]) -> ApiKey:
    number = int.from_bytes(drawn_bytes(seed, 64, "key", use), "big") % (_ORDER - 1) + 1
    pair = derive_private_key(number, SECP256R1())
    pem = pair.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return ApiKey(_name(seed, use), pem.decode(), pair, scopes)


def _ed25519_key(seed: int, scopes: frozenset[Scope]) -> ApiKey:
    private = drawn_bytes(seed, 32, "key", "ed25519")
    pair = Ed25519PrivateKey.from_private_bytes(private)
    secret = base64.b64encode(private + pair.public_key().public_bytes_raw()).decode()
    return ApiKey(_name(seed, "ed25519"), secret, pair, scopes)


def _name(seed: int, use: str) -> str:
    return f"organizations/{drawn_uuid(seed, 'org')}/apiKeys/{drawn_uuid(seed, 'key', use)}"
