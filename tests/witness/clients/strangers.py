"""Owns keys that no venue has given out."""

from __future__ import annotations

import importlib
from typing import Any

curves: Any = importlib.import_module("cryptography.hazmat.primitives.asymmetric.ec")
forms: Any = importlib.import_module("cryptography.hazmat.primitives.serialization")


def fresh_pem() -> str:
    """A private key on curve P-256, as Coinbase hands out its own."""
    key = curves.generate_private_key(curves.SECP256R1())
    plain = forms.NoEncryption()
    form = forms.PrivateFormat.TraditionalOpenSSL
    return str(key.private_bytes(forms.Encoding.PEM, form, plain).decode())
