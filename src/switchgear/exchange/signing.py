"""
Owns how a request is proved to be ours: HMAC, Ed25519 and JWT, with keys that are loaded once.

The only importer of `cryptography` among the clients. What is signed is each client's own.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from switchgear.core.errors import SettingsError
from switchgear.core.redact import register_passing, register_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_CREDENTIAL = re.compile(r"[!-~]{6,512}")
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_ED25519_BYTES = (32, 64)
_ES256_INTEGER_BYTES = 32


Sign = Callable[[bytes], bytes]
"""What turns a text into the proof that it is ours; not encoded yet where it is used in a token."""


def credential(field: str, value: object) -> str:
    """The value, masked from now on in all that is kept; the error does not show it."""
    if value == "":
        return ""
    if not isinstance(value, str) or not _CREDENTIAL.fullmatch(value):
        allowed = "must be 6 to 512 visible characters without spaces"
        raise SettingsError(field, _hidden(value), allowed)
    register_secret(value)
    return value


def is_pem(secret: str) -> bool:
    """Whether a secret is a private key in PEM form, with its line ends, or with them escaped."""
    return _PEM.search(secret) is not None


def hmac_signer(secret: str) -> Callable[[str], str]:
    """HMAC-SHA256 in lower-case hex, as Binance asks for."""
    fresh = hmac.new(secret.encode(), None, sha256)

    def sign(text: str) -> str:
        digest = fresh.copy()  # the key was prepared once
        digest.update(text.encode())
        signature = digest.hexdigest()
        register_passing(signature)
        return signature

    return sign


def ed25519_signer(secret: str) -> Callable[[str], str]:
    """
    Ed25519 in base64, percent-encoded, as Binance asks for in a query.

    Args:
        secret: The private key as PKCS8 PEM, without a passphrase.

    Raises:
        SettingsError: It is no such key.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = _pem_key(secret)
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsError("secret", _hidden(secret), "must be an HMAC secret or an Ed25519 key")

    def sign(text: str) -> str:
        plain = base64.b64encode(key.sign(text.encode())).decode()
        signature = quote(plain, safe="")
        register_passing(plain)
        register_passing(signature)
        return signature

    return sign


def jwt_maker(key_name: str, secret: str) -> Callable[[Mapping[str, object], str], str]:
    """
    What makes a signed JSON web token (RFC 7519) from claims and a nonce, by ES256 or EdDSA.

    Args:
        key_name: Goes into the header as `kid`.
        secret: An EC P-256 private key in PEM, or an Ed25519 one in PEM or base64; loaded once.

    Raises:
        SettingsError: It is no such key.
    """
    algorithm, sign = _jwt_signer(secret)

    def make(claims: Mapping[str, object], nonce: str) -> str:
        header = {"alg": algorithm, "typ": "JWT", "kid": key_name, "nonce": nonce}
        text = f"{_part(header)}.{_part(claims)}"
        signature = _base64url(sign(text.encode()))
        register_passing(signature)
        return f"{text}.{signature}"

    return make


def _jwt_signer(secret: str) -> tuple[str, Sign]:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = _pem_key(secret) if is_pem(secret) else _raw_ed25519(secret)
    if isinstance(key, Ed25519PrivateKey):
        return "EdDSA", key.sign
    if isinstance(key, EllipticCurvePrivateKey) and key.curve.name == "secp256r1":
        return "ES256", _es256(key)
    allowed = "must be an EC P-256 or Ed25519 private key"
    raise SettingsError("secret", _hidden(secret), allowed)


def _es256(key: EllipticCurvePrivateKey) -> Sign:
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256

    scheme = ECDSA(SHA256())

    def sign(text: bytes) -> bytes:
        # RFC 7518, 3.4: the two integers behind each other, not the ASN.1 that the library gives.
        r, s = decode_dss_signature(key.sign(text, scheme))
        return r.to_bytes(_ES256_INTEGER_BYTES, "big") + s.to_bytes(_ES256_INTEGER_BYTES, "big")

    return sign


def _pem_key(secret: str) -> object:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    text = secret.replace("\\n", "\n")  # a key copied out of JSON
    _mask_lines(text)
    try:
        return load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        allowed = "is no private key that can be read; give the whole PEM text, without passphrase"
    # Out here nothing hangs on it: the library's words may quote the key.
    raise SettingsError("secret", _hidden(secret), allowed)


def _raw_ed25519(secret: str) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    register_secret(secret)
    try:
        raw = base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) not in _ED25519_BYTES:
        allowed = "must be a private key as PEM text, or an Ed25519 key of 32 or 64 bytes in base64"
        raise SettingsError("secret", _hidden(secret), allowed)
    return Ed25519PrivateKey.from_private_bytes(raw[:32])


def _mask_lines(text: str) -> None:
    register_secret(text)
    for line in text.splitlines():
        if line and not line.startswith("-----"):
            register_secret(line)


def _part(fields: Mapping[str, object]) -> str:
    return _base64url(msgspec.json.encode(fields))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _hidden(value: object) -> str:
    return f"<{len(value)} characters>" if isinstance(value, str) else type(value).__name__
