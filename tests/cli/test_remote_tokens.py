"""Proves how `--url` keeps a token: from file or environment, to one server alone, over a TLS that is verified."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from switchgear.cli import remote
from switchgear.cli.remote_address import Given, address_of
from tests.cli.remote_kit import OK, Canned, Dripping, answer, complaint, output
from tests.server.login_kit import VIEWER, WRONG, Doorway

if TYPE_CHECKING:
    from pathlib import Path

PAGE = json.dumps({"records": [], "newest_id": 0})
SAID = '{"error": {"message": "%s"}}'


@pytest.fixture(autouse=True)
def nothing_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """No token and no history from the environment of whoever runs this."""
    for name in ("SWITCHGEAR_TOKEN", "SWITCHGEAR_HISTORY", "SWITCHGEAR_JOURNAL"):
        monkeypatch.delenv(name, raising=False)


def test_a_wrong_token_is_told_from_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a server that knows people; too many wrong ones are answered with a time to wait."""
    with Doorway() as door:
        asked = ("logs", "--url", door.server.url)
        assert "wants to know who asks (401)" in complaint(capsys, *asked)
        for number in range(5):
            monkeypatch.setenv("SWITCHGEAR_TOKEN", f"{WRONG}-{number}")
            said = complaint(capsys, *asked)
            assert "does not know this token (401)" in said
            assert WRONG not in said
        assert "(429): too many wrong tokens" in complaint(capsys, *asked)
        door.begin_anew()
        monkeypatch.setenv("SWITCHGEAR_TOKEN", VIEWER)
        assert "succeeded" in output(capsys, *asked)


@pytest.mark.parametrize("said", ["", "two words\n", "a\nb\n", "ünd\n", "operator anna abc\n"])
def test_a_file_holds_one_token(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], said: str
) -> None:
    """The line tells the file and not what is in it."""
    file = tmp_path / "token"
    file.write_text(said, encoding="utf-8")
    line = complaint(capsys, "logs", "--url", "http://127.0.0.1:1", "--token-file", str(file))
    assert f"{file}': must hold one token" in line
    assert "anna" not in line


def test_a_file_that_cannot_be_read_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a token as of certificates."""
    none = str(tmp_path / "none")
    said = complaint(capsys, "logs", "--url", "http://127.0.0.1:1", "--token-file", none)
    assert "cannot be read: No such file" in said
    said = complaint(capsys, "logs", "--url", "https://127.0.0.1:1", "--ca-file", none)
    assert "ca-file=" in said
    said = complaint(capsys, "logs", "--url", "http://127.0.0.1:1", "--ca-file", none)
    assert "must be given with https://" in said
    junk = tmp_path / "junk"
    junk.write_bytes(b"\xff\xfe")
    said = complaint(capsys, "logs", "--url", "http://127.0.0.1:1", "--token-file", str(junk))
    assert "it is no text" in said
    said = complaint(capsys, "logs", "--url", "https://127.0.0.1:1", "--ca-file", str(junk))
    assert "must hold certificates" in said


@pytest.mark.parametrize("host", ["desk.example", "10.0.0.1", "[2001:db8::1]", "localhost.example"])
def test_no_token_passes_a_network_in_the_clear(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """Unless that is asked for; to this machine itself it may."""
    monkeypatch.setenv("SWITCHGEAR_TOKEN", VIEWER)
    url = f"http://{host}:1"
    said = complaint(capsys, "logs", "--url", url)
    assert f"url='{url}': must be https:// where a token is sent" in said
    assert address_of(Given(url, insecure_http=True)).token == VIEWER
    assert VIEWER not in repr(address_of(Given(url, insecure_http=True)))
    for near in ("localhost", "127.8.8.8", "[::1]"):
        assert address_of(Given(f"http://{near}:1")).token == VIEWER


def test_a_token_is_sent_to_the_server_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not to where it sends on, nor by a proxy of the environment, nor back in an error that repeats it."""
    monkeypatch.setenv("SWITCHGEAR_TOKEN", VIEWER)
    with Canned(answer(OK, PAGE)) as other:
        monkeypatch.setenv("http_proxy", other.url)
        to = f"location: {other.url}/{VIEWER}"
        with Canned(answer("HTTP/1.1 307 Temporary Redirect", "", to)) as server:
            said = complaint(capsys, "logs", "--url", server.url)
        assert other.heads == []
    assert f"Authorization: Bearer {VIEWER}" in server.heads[0]
    assert VIEWER not in said
    with Canned(answer("HTTP/1.1 403 Forbidden", SAID % f"not {VIEWER} \\u001b[2J")) as server:
        said = complaint(capsys, "logs", "--url", server.url)
    assert VIEWER not in said
    assert "\x1b" not in said


# ---------------------------------------------------------------------------------------------- TLS


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of 127.0.0.1 that nobody else has signed, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "switchgear test")])
    now = datetime.fromtimestamp(tmp_path.stat().st_mtime, UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "own.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file


def own(certificate: Path) -> ssl.SSLContext:
    """The server's side of a TLS with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def served(certificate: Path) -> Canned:
    """A server with this certificate."""
    return Canned(answer(OK, PAGE), tls=own(certificate))


def test_certificates_are_verified(
    certificate: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that the system does not know is refused before the token is sent; a file of one's own makes it known."""
    monkeypatch.setenv("SWITCHGEAR_TOKEN", VIEWER)
    with served(certificate) as server:
        said = complaint(capsys, "logs", "--url", server.url)
        assert "its certificate is not trusted: self-signed certificate; --ca-file FILE" in said
        assert server.heads == []
        assert output(capsys, "logs", "--url", server.url, "--ca-file", str(certificate)) == ""
        assert f"Bearer {VIEWER}" in server.heads[0]
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert output(capsys, "logs", "--url", server.url) == ""
        wrong_name = server.url.replace("127.0.0.1", "localhost")
        assert "not trusted" in complaint(capsys, "logs", "--url", wrong_name)


@pytest.mark.parametrize("begun", [b"HTTP/1.1 200 OK\r\nx: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_what_drips_over_tls_is_given_up(
    certificate: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    begun: bytes,
) -> None:
    """As without: its head, and its body."""
    monkeypatch.setattr(remote, "HEAD_MORE_S", 0.2 - remote.SILENCE_S)
    monkeypatch.setattr(remote, "WHOLE_S", 0.2)
    with Dripping(begun, b"y", own(certificate)) as server:
        said = complaint(capsys, "logs", "--url", server.url, "--ca-file", str(certificate))
    assert "has not answered to the end after 0.2 s" in said


def test_a_server_without_tls_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """By https where http is spoken."""
    with Doorway() as door:
        url = door.server.url.replace("http:", "https:")
        assert "no TLS with it" in complaint(capsys, "logs", "--url", url)


def test_the_usual_ports_need_not_be_named() -> None:
    """80 and 443."""
    assert address_of(Given("http://localhost")).port == 80
    assert address_of(Given("https://desk.example/x/")).port == 443
    assert address_of(Given("https://desk.example/x/")).prefix == "/x"
