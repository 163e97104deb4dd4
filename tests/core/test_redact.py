"""Secrets never survive redaction, whatever their shape; and no text can make it slow or fail."""

from __future__ import annotations

import base64
import importlib
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchgear.core import redact
from switchgear.core.redact import (
    ERROR_CHARS_MAX,
    MASK,
    SECRETS_MAX,
    TEXT_CHARS_MAX,
    Redactor,
    error_text,
    redact_text,
    register_secret,
    visible,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PEM = "-----BEGIN EC PRIVATE KEY-----\n{}\n-----END EC PRIVATE KEY-----\n"
NAMES = (
    *("signature", "apiKey", "api_key", "API-KEY", "secret", "apiSecret", "secretKey", "token"),
    *(
        "access_token",
        "password",
        "passwd",
        "passphrase",
        "listenKey",
        "privateKey",
        "X-MBX-APIKEY",
    ),
    *("APCA-API-KEY-ID", "APCA-API-SECRET-KEY", "CB-ACCESS-SIGN", "cb-access-passphrase", "sig"),
)
SHAPES: dict[str, Callable[[str, str], str]] = {
    "query": lambda name, value: f"GET /order?symbol=A&{urlencode({name: value})}&side=BUY",
    "last of a query": lambda name, value: f"https://x/order?a=1&{name}={quote(value)}",
    "url-quoted query": lambda name, value: quote(f"?a=1&{name}={value}&b=2", safe=""),
    "header": lambda name, value: f"Host: x\r\n{name}: {value}\r\nAccept: y",
    "json": lambda name, value: json.dumps({"a": 1, name: value, "b": 2}),
    "tight json": lambda name, value: json.dumps({name: value}, separators=(",", ":")),
    "indented json": lambda name, value: json.dumps({name: value}, indent=4),
    "json in json": lambda name, value: json.dumps({"body": json.dumps({name: value, "b": 2})}),
    "json in json in json": lambda name, value: json.dumps(json.dumps(json.dumps({name: value}))),
    "list in json": lambda name, value: json.dumps({name: ["a", value], "b": 2}),
    "object in json": lambda name, value: json.dumps({name: {"v": value}, "b": 2}),
    "named pair in json": lambda name, value: json.dumps([{"name": name, "value": value}]),
    "repr of a dict": lambda name, value: repr({"a": 1, name: value, "b": 2}),
    "repr of bytes": lambda name, value: repr({name.encode(): value.encode()}),
    "repr of pairs": lambda name, value: repr([("a", "b"), (name, value)]),
    "repr of pairs of bytes": lambda name, value: repr([(name.encode(), value.encode())]),
    "repr of an object": lambda name, value: f"Client({name}={value!r}, a=1)",
    "repr of a wrapper": lambda name, value: f"Client({name}=SecretStr({value!r}), a=1)",
    "tuple": lambda name, value: f"{name}={(value, 'b')!r}",
    "assignment": lambda name, value: f"export {name.upper()}={value}",
    "yaml": lambda name, value: f"{name}:   {value}\nother: 1",
    "arrow": lambda name, value: f"{name} => {value}",
    "bearer": lambda _, value: f"the header was Bearer {value}, refused",
    "basic": lambda _, value: f"sent basic  {value}",
    "authorization": lambda _, value: f"Authorization: Digest username=a, response={value}, b=c",
    "cookie": lambda _, value: f"Set-Cookie: a=b; session={value}; Secure",
    "userinfo": lambda _, value: f"cannot connect to https://user:{quote(value, safe='')}@host/x",
    "jwt": lambda _, value: f"token was eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.{value.strip('+/=')}",
    "pem": lambda _, value: f"loading {PEM.format(value)} failed",
    "open pem": lambda _, value: f"loading {PEM.format(value)[: -20 - 12]}",
    "pem in a repr": lambda _, value: repr(PEM.format(value)),
}
# A canary is easy to tell from anything else, and made of what keys and signatures are made of.
LETTERS = "abcxyzABCXYZ0189"
CANARY = st.text(f"{LETTERS}_-", min_size=6, max_size=60).map("Canary{}".format)
BASE64 = st.text(f"{LETTERS}+/", min_size=6, max_size=60).map("Canary{}==".format)


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=25)  # for each of the shapes
@given(name=st.sampled_from(NAMES), value=CANARY | BASE64, before=st.text(max_size=20))
def test_a_secret_never_survives_in_any_shape(
    shape: str, name: str, value: str, before: str
) -> None:
    """A value is masked by the name before it or by its form, wherever it stands."""
    masked = redact_text(f"{before} {SHAPES[shape](name, value)}")
    assert MASK in masked
    assert "Canary" not in masked or "Canary" in before


CHARACTERS = st.characters(exclude_characters="<>*", exclude_categories=["Cs"])


@settings(max_examples=50)
@given(secret=st.text(CHARACTERS, min_size=6, max_size=60))
def test_a_registered_secret_never_survives(secret: str) -> None:
    """It is masked wherever it stands: as it is, URL-quoted, in JSON, in a repr."""
    mine = Redactor()
    assert mine.register(secret)
    forms = [secret, repr(secret)[1:-1]]
    forms += [json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)]
    forms += [quote(secret), quote(secret, safe=""), quote_plus(secret)]
    forms += [re.sub("%..", lambda found: found[0].lower(), form) for form in forms[-3:]]
    assert {mine.redact(f"<{form}>") for form in forms} == {"<***>"}


@given(
    secret=st.text(CHARACTERS, min_size=9, max_size=60),
    before=st.binary(max_size=5),
    after=st.binary(max_size=5),
)
def test_a_registered_secret_never_survives_in_code(
    secret: str, before: bytes, after: bytes
) -> None:
    """In base64 it is masked wherever it begins, as in `user:secret`, and in hex; some letters at its ends may stay."""
    mine = Redactor()
    assert mine.register(secret)
    data = secret.encode()
    assert mine.redact(f"<{data.hex()} {data.hex().upper()}>") == "<*** ***>"
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert mine.redact(f"<{encode(data).decode()}>") == "<***>"
        text = encode(before + data + after).decode()
        masked = mine.redact(text)
        assert MASK in masked
        assert len(masked.replace(MASK, "")) <= len(text) - 4 * ((len(data) - 2) // 3)


def test_a_signature_is_masked_for_a_while() -> None:
    """The newest are known, the longest goes first, and what is short is left to its name."""
    mine = Redactor()
    first, longer = "Canary0123456789abcdef", "Canary0123456789abcdefXYZ"
    for each in (first, longer, "Canary-short"):
        mine.register_passing(each)
    assert mine.redact(f"{longer} {first} Canary-short") == "*** *** Canary-short"
    for number in range(300):
        mine.register_passing(f"another-signature-{number:06}")
    assert mine.redact(first) == first


@pytest.mark.parametrize(
    "name", ["x-my-header", "X_MY_HEADER", "xMyHeader", "pin", "PIN", "my_pin-code"]
)
def test_a_name_of_the_users_is_secret(name: str) -> None:
    """In any case, with - or _ or nothing between its words; not where other letters go on."""
    mine = Redactor()
    mine.add_names(["x-my-header", "pin"])
    mine.add_names(["pin"])
    assert mine.is_secret_name(name)
    assert not mine.is_secret_name(f"o{name}o".replace("_", "").replace("-", "")[:8])
    assert "Canary" not in mine.redact(f"a=1 {name}=Canary b")
    assert mine.redact("spin=3 pinned=4") == "spin=3 pinned=4"


@pytest.mark.parametrize(
    "written",
    [
        r"Canary\/of+this\/kind==",
        r"Canary/of\u002Bthis/kind==",
        r"Canary/of\u002bthis/kind==",
        r"Canary\u002Fof\u002Bthis\u002Fkind\u003D\u003D",
        r"Canary\u002fof\u002bthis\u002fkind\u003d\u003d",
    ],
)
def test_a_registered_secret_is_masked_as_others_write_it(written: str) -> None:
    """PHP escapes the slash in JSON and .NET the plus sign: base64 has both."""
    mine = Redactor()
    mine.register("Canary/of+this/kind==")
    assert mine.redact(f'{{"msg":"bad key {written}"}}') == '{"msg":"bad key ***"}'


@pytest.mark.parametrize("text", ["X-HMAC: Canary", '{"x-jwt": "Canary"}', "apiSign=Canary&b=1"])
def test_what_signs_is_masked_by_its_name(text: str) -> None:
    """Names that exchanges and proxies give to signatures and tokens."""
    assert "Canary" not in redact_text(text)


def test_what_is_nested_under_a_secret_goes_whole() -> None:
    """Brackets within, brackets in its texts, and one that never closes."""
    nested = {"secret": {"a": {"b": "}]Canary"}, "c": ["Canary"]}, "d": 1}
    assert redact_text(json.dumps(nested)) == '{"secret": ***, "d": 1}'
    assert redact_text(json.dumps(nested)[:-20]) == '{"secret": ***'


@given(cut=st.integers(0, 40))
def test_a_registered_secret_that_is_cut_off_does_not_survive(cut: int) -> None:
    """Where the text is cut in the middle of a secret, its beginning goes too."""
    mine = Redactor()
    mine.register("Canary-0123456789-abcdefghijklmnopqrstuv")
    text = "x" * (100 - cut) + "Canary-0123456789-abcdefghijklmnopqrstuv and more"
    assert "Cana" not in mine.redact(text, 100)


def test_a_secret_registered_anywhere_is_masked_everywhere() -> None:
    """The functions of the module share one memory, errors' texts too."""
    assert register_secret("Canary/of+this test")
    assert redact_text("a Canary%2Fof%2Bthis+test b") == "a *** b"
    assert error_text(ValueError("Canary/of+this test")) == "ValueError: ***"


@pytest.mark.parametrize("value", ["", "short", "x" * 10_000])
def test_a_secret_out_of_bounds_is_not_registered(value: str) -> None:
    """Shorter than 6 characters it would hide ordinary words; far too long it is no secret."""
    mine = Redactor()
    assert not mine.register(value)
    assert mine.redact("a short text") == "a short text"


def test_the_memory_of_secrets_is_bounded() -> None:
    """The oldest is forgotten, one that is registered again is young again."""
    mine = Redactor()
    for number in range(SECRETS_MAX):
        mine.register(f"Canary{number:04}")
    mine.register("Canary0000")
    mine.register("one more")
    assert mine.redact("Canary0000 Canary0001 Canary0002") == "*** Canary0001 ***"


def test_a_secret_that_holds_another_goes_whole() -> None:
    """The longest is masked first, so nothing of it is left."""
    mine = Redactor()
    mine.register("inner1")
    mine.register("Canary-inner1-Canary")
    assert mine.redact("a Canary-inner1-Canary b inner1") == "a *** b ***"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "API-key format invalid.",
        "Invalid API-key, IP, or permissions for action.",
        "Signature for this request is not valid.",
        "Mandatory parameter 'signature' was not sent, was empty/null, or malformed.",
        "Account has insufficient balance for requested action.",
        "binance.get_market_price: HTTP 503 (code -1008)",
        "key=binance.get_market_price symbol=BTC/USDT price=64000.01",
        "see https://host/path?symbol=BTCUSDT&limit=5 at 10:30:00",
        '{"symbol": "BTCUSDT", "orderId": 28, "clientOrderId": "6gCrw2kRUAF9CvJDGP16IW"}',
    ],
)
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    """What exchanges say about keys holds no key, and stays readable."""
    assert redact_text(text) == text


def test_what_is_not_secret_stays_and_json_stays_json() -> None:
    """Only the value goes, in the quotes that it stood in."""
    assert redact_text("?symbol=A&signature=abc&side=BUY") == "?symbol=A&signature=***&side=BUY"
    masked = json.loads(redact_text(json.dumps({"apiKey": 'a"b', "n": 1})))
    assert masked == {"apiKey": MASK, "n": 1}


class Broken(Exception):
    """An error that cannot say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("Canary")


class NoText(Exception):
    """An error whose text is none."""

    def __str__(self) -> Any:
        return 7  # noqa: PLE0307  the very case


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no"), "ValueError: no"),
        (ValueError(), "ValueError"),
        (Broken(), "Broken: (its message cannot be read)"),
        (NoText(), "NoText: (its message cannot be read)"),
        (ValueError("a\nb\x1b[31mc\u202e\ud800"), r"ValueError: a\nb\x1b[31mc\u202e\ud800"),
        (KeyError("password='x'"), "KeyError: \"password='***'\""),
    ],
)
def test_the_text_of_an_error(error: Exception, text: str) -> None:
    """Class and message, visible and redacted, whatever the error does."""
    assert error_text(error) == text


@given(message=st.text(), chars_max=st.integers(20, 400))
def test_the_text_of_an_error_is_short_and_harmless(message: str, chars_max: int) -> None:
    """It keeps its bound, on one line, and can be written as UTF-8."""
    text = error_text(ValueError(message), chars_max)
    assert len(text) <= chars_max
    assert text.isprintable()
    assert text.encode()


def test_a_long_error_is_cut_with_a_mark() -> None:
    """A cut text says so."""
    text = error_text(ValueError("é" * 1_000_000))
    assert len(text) == ERROR_CHARS_MAX
    assert text.endswith("é…")


def test_visible_text_is_left_alone() -> None:
    """Letters of any language, spaces and signs are no control characters."""
    assert visible("Überweisung 10 € → 東京") == "Überweisung 10 € → 東京"


PATTERNS: dict[str, re.Pattern[str]] = {
    name: each for name, each in vars(redact).items() if isinstance(each, re.Pattern)
}
UNBOUNDED_MIN = 1_000


def inside(argument: Any) -> list[Any]:
    """What an operation of a pattern is made of, two levels deep, as the branches of `|` are."""
    parts: list[Any] = [argument] if hasattr(argument, "data") else []
    if type(argument) in {tuple, list}:
        for each in argument:
            parts.append(each)
            parts += each if type(each) is list else []
    return parts


def repeats(tree: Any, depth: int = 0) -> Iterator[tuple[int, bool]]:
    """Each unbounded repeat in a pattern: how many such it stands in, and if it can go back."""
    for operation, argument in tree:
        name, inner = str(operation), depth
        if (
            name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}
            and argument[1] >= UNBOUNDED_MIN
        ):
            yield depth, name != "POSSESSIVE_REPEAT"
            inner = depth + 1
        for each in inside(argument):
            if hasattr(each, "data"):  # a pattern in a pattern
                yield from repeats(each, inner)


@pytest.mark.parametrize("name", PATTERNS)
def test_no_pattern_has_a_repeat_in_a_repeat(name: str) -> None:
    """Unbounded repeats stand alone, and none goes back: the form of a search bounds its cost."""
    parser: Any = importlib.import_module("re._parser")
    found = list(repeats(parser.parse(PATTERNS[name].pattern, PATTERNS[name].flags)))
    assert [depth for depth, _ in found if depth] == []
    # The lazy ones end with the text at the latest, so they never fail and never start again.
    assert sum(goes_back for _, goes_back in found) == PATTERNS[name].pattern.count(".*?")
    assert PATTERNS[name].pattern.count(".*?") <= PATTERNS[name].pattern.count(r"|\Z)")


def test_the_check_of_patterns_bites() -> None:
    """It finds the repeat in a repeat that makes a search take for ever."""
    parser: Any = importlib.import_module("re._parser")
    assert (1, True) in set(repeats(parser.parse(r"x(a+)+b")))
    assert (1, True) in set(repeats(parser.parse(r"(?:(?:a|b*)c)*d")))
    assert (1, True) in set(repeats(parser.parse(r"(?>(?:a|b*)c)*d")))


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "secret",
            "secret=",
            'secret="',
            "secret='\\",
            "eyeyeyey-",
            "ey.",
            "-ey.",
            "://a:",
            "://",
        ),
        *(
            "bearer ",
            "bearer  a",
            "-----BEGIN PRIVATE KEY-----",
            '\\"',
            'key\\"="',
            "sig,",
            "token ' ",
        ),
        *("cb-access-", "\\", "secret: SecretStr(", "[{(", "authorization:", "\x00", "é", " "),
    ],
)
def test_a_hundred_thousand_hostile_characters_are_cut_first(piece: str) -> None:
    """Whatever repeats, no more than the stated length is looked at, and little more comes out."""
    text = (piece * 100_000)[:100_000]
    masked = redact_text(text)
    assert len(masked) <= len(MASK) * TEXT_CHARS_MAX
    assert redact_text(text[:TEXT_CHARS_MAX]) + "…" == masked
