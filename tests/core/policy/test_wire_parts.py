"""What is kept of a request and its answer holds no secret, stays as it was written otherwise, and keeps its bound."""

from __future__ import annotations

import gzip
import json
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from switchgear.core.policy.wire_parts import (
    READ_BYTES_MAX,
    WIRE_CHARS_MAX,
    safe_body,
    safe_headers,
    safe_url,
)
from switchgear.core.redact import add_secret_names, register_secret

NAMES = (
    *(
        "signature",
        "apiKey",
        "API-KEY",
        "secret",
        "access_token",
        "passphrase",
        "listenKey",
        "sign",
    ),
    *("X-MBX-APIKEY", "APCA-API-SECRET-KEY", "CB-ACCESS-SIGN", "Authorization", "Set-Cookie"),
)
LETTERS = "abcxyzABCXYZ0189"
CANARY = st.text(LETTERS, min_size=6, max_size=60).map("Canary{}".format)
NAME = st.sampled_from(
    [s for name in NAMES for s in (name, name.lower(), name.upper(), name.replace("-", "_"))]
)
TREES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(name=NAME, value=CANARY)
def test_a_secret_header_is_masked(name: str, value: str) -> None:
    """By its name, in any case; the others stay as they are."""
    kept = safe_headers({name: value, "Accept": "text/plain"})
    assert "Canary" not in str(kept)
    assert kept["Accept"] == "text/plain"


@pytest.mark.parametrize(
    ("value", "kept"),
    [("Bearer Canary123456", "Bearer ***"), ("basic Canary123456", "basic ***"), ("Canary", "***")],
)
def test_the_scheme_of_a_proof_is_kept(value: str, kept: str) -> None:
    """How a request was proved to be ours can be seen, what proves it cannot."""
    assert safe_headers([("authorization", value)]) == {"authorization": kept}


@given(name=NAME, value=CANARY, more=st.text(max_size=20))
def test_a_secret_of_an_address_is_masked(name: str, value: str, more: str) -> None:
    """Binance's signature stands in the query; what stands beside it stays to the letter."""
    query = urlencode({"a": more, name: value, "b": more})
    kept = safe_url(f"https://x/order?{query}")
    assert "Canary" not in kept
    if name.lower() in {"authorization", "set-cookie", "set_cookie"}:
        return  # of these, all that follows goes too
    assert [pair for pair in parse_qsl(kept.partition("?")[2], True) if pair[0] in "ab"] == [
        pair for pair in parse_qsl(query, True) if pair[0] in "ab"
    ]


def deep(tree: Any, name: str, value: Any, depth: int) -> Any:
    """The tree with a field in its midst that must not be kept."""
    if depth == 0:
        return {"before": tree, name: value, "after": [tree]}
    return {"outer": [tree, deep(tree, name, value, depth - 1)]}


@settings(max_examples=60)
@given(tree=TREES, name=NAME, value=CANARY, depth=st.integers(0, 3))
def test_a_secret_in_a_nested_body_is_masked(tree: Any, name: str, value: str, depth: int) -> None:
    """However deep it stands, and whatever it is: a text, a list, an object."""
    for hidden in (value, [value, {"x": value}], {"a": {"b": value}, "c": [value]}):
        kept = safe_body(json.dumps(deep(tree, name, hidden, depth)), "application/json")
        assert "Canary" not in kept


VALUE = "Canary123456"


@pytest.mark.parametrize(
    "text",
    [
        f'{{"\\u0073ecret": "{VALUE}", "price": 0.10}}',
        f'{{"secret": "{VALUE}", "secret": "{VALUE}"}}',
        json.dumps({"body": json.dumps({"secret": VALUE})}),
        f"a=1&data={quote(json.dumps({'secret': VALUE}))}",
        f"secret={VALUE}&a=1",
        f"a=1&key={VALUE}",
        f'{{"secret": "{VALUE}',
        f'{{"secret": {{"a": {{"b": "}}{VALUE}"}}, "c": "{VALUE}"}}, "d": 1}} torn',
    ],
)
def test_a_secret_in_odd_spelling_is_masked(text: str) -> None:
    """An escaped name, a name given twice, JSON in JSON, JSON in a form, a form, and what was cut off."""
    assert "Canary" not in safe_body(text)


@given(tree=TREES)
@example({"price": 0.1, "text": "é"})
def test_a_body_without_a_secret_stays_to_the_letter(tree: Any) -> None:
    """Numbers keep their spelling, and so does all else."""
    text = json.dumps({"price": [tree], "n": 1}, ensure_ascii=False)
    kept = safe_body(text.encode("utf-8", "replace"))
    assert kept == text.encode("utf-8", "replace").decode() or "***" in kept
    assert safe_body('{"price": 0.10, "quantity": 1e3}') == '{"price": 0.10, "quantity": 1e3}'


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (None, ""),
        (b"", ""),
        ("", ""),
        (b"plain", "plain"),
        (bytearray(b"plain"), "plain"),
        (gzip.compress(b'{"secret": "Canary"}', mtime=0), '{"secret": "***"}'),
        (b"\x1f\x8b broken", "(9 bytes, no text)"),
        (b"PK\0\0", "(4 bytes, no text)"),
        (iter([b"x"]), "(not kept: it is sent as it is made)"),
    ],
)
def test_what_is_no_text_is_told_in_words(body: object, kept: str) -> None:
    """Nothing is read that the client would have to read again."""
    assert safe_body(body) == kept


@pytest.mark.parametrize("size", [WIRE_CHARS_MAX + 1, READ_BYTES_MAX * 2])
@pytest.mark.parametrize("shape", ['{"a": "%s"}', '{"secret": "Canary", "a": "%s"}', "%s", "a=%s"])
def test_what_is_long_is_cut_and_says_so(shape: str, size: int) -> None:
    """A body keeps its bound; how long it was stands at its end."""
    body = shape % ("x" * size)
    kept = safe_body(body.encode())
    assert len(kept) <= WIRE_CHARS_MAX + 60
    assert kept.endswith(f"… (cut: {len(body)} bytes in all)")
    assert "Canary" not in kept


def test_an_address_and_headers_keep_their_bounds_too() -> None:
    """Whoever answers may send headers without end."""
    assert len(safe_url(f"https://x/?a={'x' * 100_000}")) <= WIRE_CHARS_MAX + 60
    kept = safe_headers({f"name-{number}": "x" * 1_000 for number in range(100)})
    assert len(str(kept)) < 2 * WIRE_CHARS_MAX
    assert kept["…"] == "the rest is left out"


def test_an_answer_that_repeats_what_was_sent_tells_nothing() -> None:
    """What stood under a secret name in a request is masked where it stands without one."""
    signature = "Canary0123456789abcdef0123456789"
    safe_url(f"https://x/order?signature={signature}")
    safe_headers({"authorization": f"Bearer {signature}Z"})
    assert safe_body(f"not valid: {signature} or {signature}Z") == "not valid: *** or ***"


def test_a_registered_secret_and_a_name_of_the_users_are_masked() -> None:
    """Wherever the one stands, and what stands under the other, however its words are joined."""
    register_secret("Canary-of-this-very-test")
    add_secret_names(["x-my-header", "pinCode"])
    assert safe_headers({"X-My-Header": "a", "xMyHeader": "b"}) == {
        "X-My-Header": "***",
        "xMyHeader": "***",
    }
    assert safe_body('{"pin_code": 1234, "spincodes": 1}') == '{"pin_code": "***", "spincodes": 1}'
    assert safe_url("https://x/Canary-of-this-very-test?PINCODE=1") == "https://x/***?PINCODE=***"
