"""Tests each attack by its name against a real socket: by host, from other sites, on sessions and tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchgear.server.throttle import OF_ADDRESS_MAX
from tests.server.login_kit import (
    JSON,
    OPERATOR,
    VIEWER,
    WRONG,
    Doorway,
    cookie_of,
    post,
    sign_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

CLEAR = '{"filter":{},"confirm_count":0}'
POST = "POST /api/v1/logs/clear HTTP/1.1"
STATUS = "GET /api/v1/status HTTP/1.1"
HOST, BEARER = "Host: localhost", f"Authorization: Bearer {OPERATOR}"


@pytest.fixture(scope="module")
def shared() -> Iterator[Doorway]:
    """One server for all tests of the module."""
    with Doorway() as made:
        yield made


@pytest.fixture
def door(shared: Doorway) -> Doorway:
    """The server, to which nobody was wrong lately."""
    shared.begin_anew()
    return shared


def _status(answer: str) -> int:
    return int(answer.split()[1])


# -------------------------------------------------------------------------------------------- hosts


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "169.254.169.254", "*"])
def test_dns_rebinding(door: Doorway, host: str) -> None:
    """A foreign name that was made to point here gets nothing, with the right token neither."""
    answer = door.raw(STATUS, f"Host: {host}", BEARER)
    assert _status(answer) in {400, 403}
    assert '"source"' not in answer


@pytest.mark.parametrize(
    "host",
    [
        "localhost/login?",
        "localhost/static/",
        "localhost?x=/static/",
        "x#/login",
        "localhost:80/static/x",
    ],
)
@pytest.mark.parametrize("line", [STATUS, POST])
def test_bad_host(door: Doorway, host: str, line: str) -> None:
    """A Host that would move the path of a put-together address to an open one opens nothing (CVE-2026-48710)."""
    length = f"Content-Length: {len(CLEAR)}"
    head = (f"Host: {host}", "Content-Type: application/json", length)
    answer = door.raw(line, *head, body=CLEAR)
    assert _status(answer) == 400


def test_a_path_that_names_an_open_one_is_not_open(door: Doorway) -> None:
    """What is decided on is the path itself: neither its start, nor its end, nor what is quoted in it."""
    for path in (
        "/api/v1/status/../../static/app.mjs",
        "/api/v1/logs?/static/",
        "/api/v1/logs#/login",
        "/api/v1/login/../logs",
        "//static/../api/v1/logs",
        "/login/../api/v1/logs",
        "/login%2f..%2fapi/v1/logs",
        "/Static/app.mjs",
        "/api/v1/logs;/static/",
    ):
        answer = door.raw(f"GET {path} HTTP/1.1", HOST)
        assert _status(answer) in {400, 401, 404}, path
        assert "records" not in answer


def test_a_doubled_host(door: Doorway) -> None:
    """Which of two hosts a proxy looked at is not known here."""
    assert _status(door.raw(STATUS, HOST, "Host: evil.example", BEARER)) == 400
    assert _status(door.raw(STATUS, HOST, HOST, BEARER)) == 400


# ------------------------------------------------------------------------------------ other sites


@pytest.mark.parametrize(
    "head",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost.evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/logs/clear", "/api/v1/login", "/api/v1/logout"])
def test_a_cross_site_post(door: Doorway, head: dict[str, str], path: str) -> None:
    """Another site that makes the browser of somebody who is signed in post here changes nothing."""
    with door.client() as http:
        sign_in(http, OPERATOR)
        assert post(http, path, {}, **head).status_code == 403
        assert http.get("/api/v1/me").status_code == 200


@pytest.mark.parametrize(
    "kind",
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", ""],
)
def test_a_simple_form(door: Doorway, kind: str) -> None:
    """What a form can send without asking the browser first is refused by its content type."""
    with door.client() as http:
        sign_in(http, OPERATOR)
        answer = http.post("/api/v1/logs/clear", content=CLEAR, headers={"content-type": kind})
        assert answer.status_code == 415


@pytest.mark.parametrize("path", ["/api/v1/logs", "/api/v1/live", "/api-logs", "/static/app.mjs"])
@pytest.mark.parametrize("mode", ["no-cors", "cors", "websocket"])
def test_a_cross_site_read(door: Doorway, path: str, mode: str) -> None:
    """A script, an image or a fetch of another site reads nothing, and no header lets one."""
    head = {
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": mode,
        "origin": "https://evil.example",
    }
    with door.client(OPERATOR) as http:
        answer = http.get(path, headers=head)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_preflight_is_never_allowed(door: Doorway) -> None:
    """A browser that asks whether another site may send JSON or a token is not told so."""
    head = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    with door.client() as http:
        answer = http.options("/api/v1/logs/clear", headers=head)
    assert answer.status_code in {401, 403, 405}
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "path", ["/login", "/api-logs", "/api/v1/logs", "/static/app.mjs", "/none"]
)
def test_clickjacking(door: Doorway, path: str) -> None:
    """No other site can show a page of ours within its own, by any header that browsers know."""
    with door.client() as http:
        head = http.get(path).headers
    assert head["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in head["content-security-policy"]
    assert head["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "//evil.example/api-logs", "/\\evil.example", "/api-logs/", "/api-logs//"],
)
def test_an_open_redirect(door: Doorway, path: str) -> None:
    """No address leads to another site; the page of the login is led to by its own name alone."""
    for token in ("", OPERATOR):
        bearer = [f"Authorization: Bearer {token}"] if token else []
        answer = door.raw(f"GET {path} HTTP/1.1", HOST, *bearer)
        where = [line for line in answer.splitlines() if line.lower().startswith("location:")]
        assert all("evil" not in line for line in where), where


def test_who_is_not_signed_in_is_led_to_the_login(door: Doorway) -> None:
    """With where they wanted to be, quoted; a program gets a 401 that says how to be known."""
    with door.client() as http:
        answer = http.get("/api-logs?text=a%26b&next=//evil.example%0d%0aSet-Cookie:x=1")
        assert answer.status_code == 303
        quoted = "api-logs%3Ftext%3Da%2526b%26next%3D%2F%2Fevil.example%250d%250aSet-Cookie%3Ax%3D1"
        assert answer.headers["location"] == f"login?next={quoted}"
        assert "set-cookie" not in answer.headers
        assert http.get("/api/v1/logs").status_code == 401


# ------------------------------------------------------------------------------- sessions and tokens


def test_session_fixation(door: Doorway) -> None:
    """An id that somebody planted in the browser is not the one that signing in gives."""
    name = f"switchgear-{door.server.port}"
    with door.client() as http, door.client() as planter:
        http.cookies.set(name, "planted-by-somebody-else-0123456789")
        answer = sign_in(http, OPERATOR)
        given = answer.headers["set-cookie"].partition("=")[2].partition(";")[0]
        assert given != "planted-by-somebody-else-0123456789"
        planter.cookies.set(name, "planted-by-somebody-else-0123456789")
        assert planter.get("/api/v1/me").status_code == 401


def test_a_second_cookie_of_the_same_name(door: Doorway) -> None:
    """A cookie that another host of the domain tossed in makes two, and neither is taken."""
    name = f"switchgear-{door.server.port}"
    with door.client() as http:
        sign_in(http, OPERATOR)
        mine = cookie_of(http)
    for pair in ((mine, "tossed"), ("tossed", mine), (mine, mine)):
        head = {"cookie": "; ".join(f"{name}={value}" for value in pair)}
        with door.client() as http:
            assert http.get("/api/v1/me", headers=head).status_code == 401


def test_a_stolen_link_is_used_twice(door: Doorway) -> None:
    """Whoever comes second with the printed link gets nothing, whoever it is."""
    token = door.server.login_link().partition("#")[2]
    with door.client() as first, door.client() as second:
        assert sign_in(first, token).status_code == 200
        assert sign_in(second, token).status_code == 401


def test_brute_force(door: Doorway) -> None:
    """A million guesses are five a minute, and a right one among the rest is not even looked at."""
    with door.client() as http:
        codes = [sign_in(http, f"{WRONG}-{count}").status_code for count in range(12)]
        assert codes == [401] * OF_ADDRESS_MAX + [429] * (12 - OF_ADDRESS_MAX)
        answer = sign_in(http, OPERATOR)
        assert answer.status_code == 429
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "body",
    ['{"token":7,"x":"\\ud800"}', '{"token":"\\ud800"}', '{"\\ud800":1,"token":"x"}', '"\\ud800"'],
)
def test_half_a_character_to_the_login(door: Doorway, body: str) -> None:
    """What no encoding can write is refused as any other slip, and never makes the server fail."""
    with door.client() as http:
        answer = http.post("/api/v1/login", content=body, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["error"]["field"]


@pytest.mark.parametrize("field", ["exchange", "state", "by", "\ud800"])
def test_half_a_character_is_told_by_its_number(door: Doorway, field: str) -> None:
    """A value or a name of a field that cannot be encoded is named in the answer all the same."""
    given = {"exchange": "*", "method": "*", "state": "open", "by": "a", "why": "b"}
    with door.client(OPERATOR) as http:
        answer = post(http, "/api/v1/circuits/hold", {**given, field: "\ud800"})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert "ud800" in error["field"] + error["value"]


@pytest.mark.parametrize(
    "body", [{"token": OPERATOR * 20}, {"Token": OPERATOR}, OPERATOR, [OPERATOR]]
)
def test_a_secret_is_not_sent_back(door: Doorway, body: object) -> None:
    """Who sends a token in a shape that cannot be is told which field is wrong, never what they sent."""
    with door.client() as http:
        answer = post(http, "/api/v1/login", body)
    assert answer.status_code == 400
    assert OPERATOR not in answer.text
    assert answer.json()["error"].keys() == {"message", "field", "allowed"}


def _forwarded(count: int) -> dict[str, str]:
    return {
        "x-forwarded-for": f"10.0.0.{count}",
        "x-real-ip": f"10.0.0.{count}",
        "forwarded": f"for=10.0.0.{count}",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "evil.example",
        "x-forwarded-prefix": "//evil.example",
    }


def test_forwarded_headers_change_nothing(door: Doorway) -> None:
    """Where one comes from, by which scheme and host, is the connection's to say."""
    with door.client() as http:
        codes = [sign_in(http, WRONG, **_forwarded(count)).status_code for count in range(7)]
        assert codes[OF_ADDRESS_MAX:] == [429, 429]
        door.begin_anew()
        forwarded = _forwarded(8)
        assert "Secure" not in sign_in(http, VIEWER, **forwarded).headers["set-cookie"]
        head = {**forwarded, "origin": "https://evil.example"}
        assert post(http, "/api/v1/logs/clear", {}, **head).status_code == 403
    with door.client() as http:
        assert http.get("/circuits", headers=forwarded).headers["location"] == "login?next=circuits"
