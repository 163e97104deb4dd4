"""Tests signing in and out: tokens, cookies, links that work once, limits of wrong tokens, and the trace of it all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from switchgear.server import sessions, throttle
from switchgear.server.sessions import LINK_S, SESSION_S, Sessions
from switchgear.server.throttle import OF_ADDRESS_MAX, WINDOW_S, Throttle
from switchgear.server.who import Role, Who
from switchgear.testing import FakeClock
from tests.server.login_kit import OPERATOR, VIEWER, WRONG, Doorway, cookie_of, post, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

ANNA = Who("anna", Role.OPERATOR)


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


@pytest.mark.parametrize(
    ("token", "me"),
    [
        (VIEWER, {"name": "bob", "role": "viewer", "login": True}),
        (OPERATOR, {"name": "anna", "role": "operator", "login": True}),
    ],
)
def test_a_token_is_swapped_for_a_session(door: Doorway, token: str, me: dict[str, object]) -> None:
    """After signing in, the cookie alone says who asks; the token is not in it."""
    with door.client() as http:
        answer = sign_in(http, token)
        assert (answer.status_code, answer.json()) == (200, me)
        assert token not in str(answer.headers)
        assert http.get("/api/v1/me").json() == me
        assert http.get("/api/v1/logs").status_code == 200


def test_the_cookie_is_kept_from_scripts_and_other_sites(door: Doorway) -> None:
    """HttpOnly, SameSite=Strict, for this path, until the browser ends; with the port, and never in a cache."""
    with door.client() as http:
        answer = sign_in(http, VIEWER)
    name, _, rest = answer.headers["set-cookie"].partition("=")
    assert name == f"switchgear-{door.server.port}"
    assert {each.strip() for each in rest.split(";")[1:]} == {
        "HttpOnly",
        "Path=/",
        "SameSite=strict",
    }
    assert answer.headers["cache-control"] == "no-store"


def test_behind_tls_the_cookie_goes_over_tls_alone() -> None:
    """Then it has the prefix for which a browser takes it from this very host over https only."""
    with Doorway(https=True, allowed_hosts=["desk.example"]) as door, door.client() as http:
        assert door.server.url == "https://desk.example"
        head = {"host": "desk.example", "origin": "https://desk.example"}
        answer = sign_in(http, OPERATOR, **head)
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-switchgear-443=")
        assert "; Secure" in cookie
        head["cookie"] = cookie.partition(";")[0]
        cleared: dict[str, Any] = {"filter": {}, "confirm_count": 0}
        assert post(http, "/api/v1/logs/clear", cleared, **head).status_code == 409
        http_origin = {**head, "origin": "http://desk.example"}
        assert post(http, "/api/v1/logs/clear", cleared, **http_origin).status_code == 403


def test_a_session_ends_when_it_is_not_used(door: Doorway) -> None:
    """Twelve hours after its last request it is over; each request begins them anew."""
    with door.client() as http:
        sign_in(http, VIEWER)
        for _ in range(3):
            door.clock.advance(SESSION_S - 1)
            assert http.get("/api/v1/me").status_code == 200
        door.clock.advance(SESSION_S)
        assert http.get("/api/v1/me").status_code == 401


def test_signing_out_ends_the_session_on_the_server(door: Doorway) -> None:
    """Who has kept the cookie is nobody afterwards; a viewer may sign out too."""
    with door.client() as http, door.client() as thief:
        sign_in(http, VIEWER)
        kept = http.cookies.jar
        answer = post(http, "/api/v1/logout")
        assert answer.json() == {"signed_out": True}
        assert "Max-Age=0" in answer.headers["set-cookie"]
        assert http.get("/api/v1/me").status_code == 401
        thief.cookies.jar = kept
        assert thief.get("/api/v1/me").status_code == 401


def test_signing_in_again_ends_the_session_of_before(door: Doorway) -> None:
    """One browser has one session."""
    with door.client() as http, door.client() as other:
        sign_in(http, VIEWER)
        other.cookies.set(f"switchgear-{door.server.port}", cookie_of(http))
        sign_in(http, OPERATOR)
        assert http.get("/api/v1/me").json()["name"] == "anna"
        assert other.get("/api/v1/me").status_code == 401


def test_a_program_brings_its_token_each_time(door: Doorway) -> None:
    """A bearer needs no cookie and gets none, has nothing to sign out of, and counts more than a cookie."""
    with door.client(OPERATOR) as http:
        answer = http.get("/api/v1/me")
        assert answer.json() == {"name": "anna", "role": "operator", "login": False}
        assert "set-cookie" not in answer.headers
        assert post(http, "/api/v1/logout").json() == {"signed_out": False}
        assert http.get("/api/v1/me").status_code == 200
    with door.client() as http:
        sign_in(http, VIEWER)
        wrong = http.get("/api/v1/me", headers={"authorization": f"Bearer {WRONG}"})
        assert wrong.status_code == 401


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", f"Basic {OPERATOR}", OPERATOR, f"Bearer  {OPERATOR}", f"Bearer {OPERATOR}x"],
)
def test_what_is_no_bearer_is_nobody(door: Doorway, authorization: str) -> None:
    """It is answered with what would be one."""
    with door.client() as http:
        answer = http.get("/api/v1/me", headers={"authorization": authorization})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="switchgear"'


def test_the_basic_of_a_proxy_does_not_sign_anybody_out(door: Doorway) -> None:
    """A browser that sends a proxy's password along is known by its cookie; a wrong bearer still counts more."""
    with door.client() as http:
        sign_in(http, VIEWER)
        for scheme in ("Basic Ym9iOng=", "Digest x", "Negotiate"):
            answer = http.get("/api/v1/me", headers={"authorization": scheme})
            assert answer.json() == {"name": "bob", "role": "viewer", "login": True}, scheme
        for none in ("Bearer", f"bearer {WRONG}", ""):
            answer = http.get("/api/v1/me", headers={"authorization": none})
            assert answer.status_code == 401, none


def test_two_tokens_are_nobodys(door: Doorway) -> None:
    """Which of two headers is meant is not guessed."""
    lines = [f"Authorization: Bearer {OPERATOR}"] * 2
    assert " 401 " in door.raw("GET /api/v1/me HTTP/1.1", "Host: localhost", *lines).splitlines()[0]


def test_a_link_signs_in_once(door: Doorway) -> None:
    """The token of the printed link is void after its first use, and is no bearer."""
    token = door.server.login_link().partition("/login#")[2]
    with door.client() as http, door.client() as late, door.client(token) as bearer:
        assert bearer.get("/api/v1/me").status_code == 401
        me = {"name": "terminal", "role": "operator", "login": True}
        assert sign_in(http, token).json() == me
        assert sign_in(late, token).status_code == 401


def test_a_link_is_void_after_ten_minutes(door: Doorway) -> None:
    """Who finds it in a log next day gets nothing."""
    token = door.server.login_link().partition("/login#")[2]
    door.clock.advance(LINK_S)
    with door.client() as http:
        assert sign_in(http, token).status_code == 401


def test_wrong_tokens_are_slowed_down(door: Doorway) -> None:
    """After five none is looked at for the rest of the minute, a right one neither; then it goes on."""
    with door.client() as http:
        for _ in range(OF_ADDRESS_MAX):
            assert sign_in(http, WRONG).status_code == 401
        answer = sign_in(http, OPERATOR)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= WINDOW_S
        door.clock.advance(WINDOW_S)
        assert sign_in(http, OPERATOR).status_code == 200
    assert door.notes()[:2] == [
        ("INFO", "by anna: signed in as operator from 127.0.0.1"),
        (
            "WARNING",
            "by nobody: too many wrong tokens came from 127.0.0.1: none is looked at for a while",
        ),
    ]


def test_those_who_are_signed_in_are_not_slowed_down(door: Doorway) -> None:
    """Somebody who guesses tokens cannot lock out those who have a session, or a program its token."""
    with door.client() as http, door.client(OPERATOR) as program, door.client() as guesser:
        sign_in(http, VIEWER)
        codes = [sign_in(guesser, WRONG).status_code for _ in range(OF_ADDRESS_MAX + 1)]
        assert codes[-1] == 429
        assert http.get("/api/v1/me").status_code == 200
        assert program.get("/api/v1/me").status_code == 200


def test_guessing_by_bearer_is_slowed_down_too(door: Doorway) -> None:
    """Five different wrong ones, then none is looked at; one that is stale and comes again and again counts once."""
    with door.client() as http:
        codes = [_as(http, f"{WRONG}-stale") for _ in range(20)]
        assert codes == [401] * 20
        assert _as(http, OPERATOR) == 200
        codes = [_as(http, f"{WRONG}-{count}") for count in range(OF_ADDRESS_MAX)]
        assert codes == [401] * (OF_ADDRESS_MAX - 1) + [429]
        assert _as(http, OPERATOR) == 429
        door.clock.advance(WINDOW_S)
        assert _as(http, OPERATOR) == 200


def _as(http: httpx.Client, token: str) -> int:
    return http.get("/api/v1/me", headers={"authorization": f"Bearer {token}"}).status_code


@pytest.mark.parametrize(
    "body", [{}, {"token": 7}, {"token": "x" * 257}, {"token": "x", "more": 1}, []]
)
def test_what_is_no_token_is_said_without_showing_it(door: Doorway, body: object) -> None:
    """A body of another shape is a 400, and does not count as wrong."""
    with door.client() as http:
        for _ in range(OF_ADDRESS_MAX + 1):
            answer = post(http, "/api/v1/login", body)
            assert answer.status_code == 400


def test_where_nobody_signs_in_there_is_no_login() -> None:
    """On loopback without credentials whoever asks is the local operator, and the login page leads home."""
    with Doorway(credentials=None) as door, door.client() as http:
        assert http.get("/api/v1/me").json() == {
            "name": "local",
            "role": "operator",
            "login": False,
        }
        assert post(http, "/api/v1/login", {"token": OPERATOR}).status_code == 404
        assert http.get("/login").headers["location"] == "./"
        assert door.server.login_link() == door.server.url


def test_clearing_leaves_a_trace(door: Doorway) -> None:
    """Who cleared how many, and by which filter, is a warning in the log and not among what was cleared."""
    with door.client(OPERATOR) as http:
        counted = http.get("/api/v1/logs/count", params={"exchange": "binance"}).json()
        order = {"filter": counted["filter"], "confirm_count": counted["count"]}
        assert post(http, "/api/v1/logs/clear", order).json() == {"cleared": 1}
    level, words = door.notes()[0]
    assert level == "WARNING"
    assert words.startswith("by anna: cleared 1 records: exchange binance, before_id ")


def test_no_token_is_in_the_log(door: Doorway) -> None:
    """Tokens are secrets like keys: what a program writes of them is masked."""
    with door.client() as http:
        sign_in(http, VIEWER)
    door.gear.call_sync("binance", "get_book", lambda: 1)
    assert all(VIEWER not in str(one) and OPERATOR not in str(one) for one in door.gear.logs())


# ------------------------------------------------------------------------------------- bounded memory


def test_sessions_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one too many, the one that was used longest ago is over."""
    monkeypatch.setattr(sessions, "SESSIONS_MAX", 3)
    kept = Sessions(FakeClock())
    first, second, third = (kept.begin(ANNA) for _ in range(3))
    assert kept.who(first) is not None
    fourth = kept.begin(ANNA)
    assert [kept.who(each) is not None for each in (first, second, third, fourth)] == [
        True,
        False,
        True,
        True,
    ]


def test_addresses_are_bounded_and_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many addresses fill no memory, and are slowed down as one."""
    monkeypatch.setattr(throttle, "ADDRESSES_MAX", 10)
    clock = FakeClock()
    slow = Throttle(clock, in_all_max=50)
    for count in range(49):
        assert not slow.wrong(f"10.0.0.{count}")
    assert slow.wait_s("192.0.2.1") == 0
    assert slow.wrong("10.0.0.99")
    assert slow.wait_s("192.0.2.1") == WINDOW_S
    assert len(slow._of) == 10
    clock.advance(WINDOW_S)
    assert slow.wait_s("192.0.2.1") == 0


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("testclient", "testclient", True),
    ],
)
def test_a_network_of_ipv6_is_one_hand(one: str, other: str, *, is_same: bool) -> None:
    """Whoever has a network of 2**64 addresses guesses no more often than with one."""
    slow = Throttle(FakeClock())
    for _ in range(OF_ADDRESS_MAX):
        slow.wrong(one)
    assert (slow.wait_s(other) > 0) is is_same


def test_the_wait_is_until_the_oldest_of_the_last_is_a_minute_old() -> None:
    """Not a minute from the newest: nobody is kept out by trying again."""
    clock = FakeClock()
    slow = Throttle(clock)
    for _ in range(OF_ADDRESS_MAX):
        slow.wrong("192.0.2.1")
        clock.advance(10)
    assert slow.wait_s("192.0.2.1") == pytest.approx(WINDOW_S - 50)
