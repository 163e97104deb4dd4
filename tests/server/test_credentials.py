"""Tests the tokens: which can be, how they are read from a file, and that none is ever shown."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from switchgear.core.errors import SettingsError
from switchgear.server import Credentials, credentials, new_token
from switchgear.server.who import Role, Who, signed
from tests.server.login_kit import OPERATOR, VIEWER, WRONG

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "a-very-secret-token-indeed"


def _file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "tokens"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_a_token_has_a_name_and_a_role() -> None:
    """Whose token it is tells who may what; another text is nobody's."""
    known = Credentials(viewers={"bob": VIEWER}, operators={"anna": OPERATOR})
    assert known.who(VIEWER) == Who("bob", Role.VIEWER)
    assert known.who(OPERATOR) == Who("anna", Role.OPERATOR)
    assert [known.who(text) for text in (WRONG, "", VIEWER[:-1], f"{VIEWER} ", "\udc80")] == [
        None
    ] * 5


def test_a_token_may_be_given_as_its_digest() -> None:
    """A file of digests lets nobody in who reads it: the digest itself is no token."""
    digest = f"sha256:{sha256(OPERATOR.encode()).hexdigest()}"
    known = Credentials(operators={"anna": digest})
    assert known.who(OPERATOR) == Who("anna", Role.OPERATOR)
    assert known.who(digest) is None


def test_new_tokens_can_be_used() -> None:
    """A token that is made is long enough, and never the same."""
    first, second = new_token(), new_token()
    assert first != second
    assert len(first) == 43
    assert Credentials(viewers={"bob": first}).who(first) is not None


def test_all_tokens_are_compared_each_in_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests of 32 bytes are compared with compare_digest, and the first that fits does not end it."""
    compared: list[tuple[int, int]] = []

    def recorded(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return one == other

    monkeypatch.setattr(credentials, "compare_digest", recorded)
    known = Credentials(viewers={"bob": VIEWER, "eve": WRONG}, operators={"anna": OPERATOR})
    for token in (VIEWER, OPERATOR, "x", "y" * 5_000):
        compared.clear()
        known.who(token)
        assert compared == [(32, 32)] * 3


@pytest.mark.parametrize(
    "token",
    [
        "",
        "short",
        "x" * 15,
        "x" * 257,
        "with spaces in it all",
        "sha256:abc",
        "pässword-pässword",
        7,
        None,
    ],
)
def test_a_token_that_can_be_guessed_or_sent_by_no_header_is_refused(token: object) -> None:
    """Too short, too long, or of other letters than a header holds; and it is not in the message."""
    with pytest.raises(SettingsError, match="the token of anna must be 16 to 256") as caught:
        Credentials(operators={"anna": token})  # type: ignore[dict-item]  # that is what is tested
    assert str(token) not in str(caught.value) or not token


@pytest.mark.parametrize(
    "name", ["", "an na", "x" * 33, "-x", "ännä", "local", "external", "terminal"]
)
def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    """A name goes into the log, and must tell one person from another and from nobody."""
    with pytest.raises(SettingsError, match="a name must be"):
        Credentials(viewers={name: SECRET})


def test_two_of_the_same_are_refused() -> None:
    """A name twice, or one token for two, would not tell who it was."""
    with pytest.raises(SettingsError, match="each name must be there once"):
        Credentials(viewers={"anna": VIEWER}, operators={"anna": OPERATOR})
    with pytest.raises(SettingsError, match="each token must be there once"):
        Credentials(viewers={"bob": VIEWER}, operators={"anna": VIEWER})
    with pytest.raises(SettingsError, match="must be 1 to 200"):
        Credentials()


def test_a_file_names_who_may_what(tmp_path: Path) -> None:
    """One a line, comments and empty lines between them."""
    text = f"# who may ask\n\noperator anna {OPERATOR}\n  viewer bob {VIEWER}  \n"
    known = Credentials.read(_file(tmp_path, text))
    assert known.who(OPERATOR) == Who("anna", Role.OPERATOR)
    assert known.who(VIEWER) == Who("bob", Role.VIEWER)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """What others of this machine can read is no secret; it says what to do."""
    with pytest.raises(SettingsError, match="chmod 600"):
        Credentials.read(_file(tmp_path, f"operator anna {OPERATOR}\n", mode))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "must be 1 to 200"),
        (f"anna {SECRET}", "line 1 must be"),
        (f"admin anna {SECRET}", "line 1 must be"),
        (f"#\noperator anna {SECRET} more", "line 2 must be"),
        (f"operator {SECRET}/{SECRET} anna", "a name must be"),
        ("operator anna short", "the token of anna"),
    ],
)
def test_a_file_that_is_wrong_is_refused_without_showing_it(
    tmp_path: Path, text: str, says: str
) -> None:
    """The line is named, and what it holds is not shown: it may be a token in the wrong place."""
    with pytest.raises(SettingsError, match=says) as caught:
        Credentials.read(_file(tmp_path, text))
    assert SECRET not in str(caught.value)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    """Nothing is started without the tokens that were meant."""
    with pytest.raises(SettingsError, match="cannot be read"):
        Credentials.read(tmp_path / "none")
    path = tmp_path / "tokens"
    path.write_bytes(b"operator anna \xff\xfe")
    path.chmod(0o600)
    with pytest.raises(SettingsError, match="cannot be read"):
        Credentials.read(path)
    path.write_text("#" * 200_000)
    with pytest.raises(SettingsError, match="at most"):
        Credentials.read(path)


def test_no_token_is_in_the_repr() -> None:
    """Names and roles are shown, tokens are not."""
    known = Credentials(viewers={"bob": VIEWER}, operators={"anna": OPERATOR})
    assert repr(known) == "Credentials(viewer bob, operator anna)"


@pytest.mark.parametrize(
    ("by", "shown"),
    [
        ("anna", "anna"),
        ("bob", "bob (as anna)"),
        ("  bob ", "bob (as anna)"),
        ("", ""),
        ("bob (as carl)", "bob (as carl) (as anna)"),
        ("x" * 30, "x" * 20 + " (as anna)"),
        ("x" * 31, "x" * 31),  # refused further in: it is too long
    ],
)
def test_who_was_given_is_signed_with_who_is_known(by: str, shown: str) -> None:
    """A name that somebody types stands beside the one that their token has, which is always whole."""
    assert signed(by, Who("anna", Role.OPERATOR), 30) == shown


def test_nobody_in_particular_signs_nothing() -> None:
    """Where all have the same name, it tells nothing."""
    assert signed("bob", Who("local", Role.OPERATOR, is_named=False), 20) == "bob"
