"""Tests who may ask: forged hosts, other sites, forms and bodies, against a real socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from tests.server.kit import House

CLEAR = '{"filter":{},"confirm_count":0}'
SECURED = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
}


def _asked(house: House, *lines: str, first: str = "GET /api/v1/status HTTP/1.1") -> int:
    head = "\n".join((first, *lines, "Connection: close"))
    return int(house.raw(f"{head}\n\n").split()[1])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
@pytest.mark.parametrize("port", ["", ":8080", ":1"])
def test_loopback_names_are_served_on_each_port(house: House, host: str, port: str) -> None:
    """A browser says the port too, and which one is not for us to know behind a tunnel."""
    assert _asked(house, f"Host: {host}{port}") == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8080",
        "127.0.0.1.evil.example",
        "localhost.evil",
        "0.0.0.0",
        "[::]",
    ],
)
def test_another_host_is_refused(house: House, host: str) -> None:
    """A name that was made to point here by someone else's DNS gets nothing."""
    assert _asked(house, f"Host: {host}") == 403


@pytest.mark.parametrize(
    "host",
    [
        "", "localhost:", "localhost:port", "localhost:999999", "localhost/api-logs",
        "localhost?x", "localhost#x", "a@localhost", "localhost localhost", "[::1", "::1",
        "localhost:80:80", ".localhost",
    ],
)  # fmt: skip
def test_a_malformed_host_is_refused(house: House, host: str) -> None:
    """What is no host and port is a 400, whatever a parser further in would make of it."""
    assert _asked(house, f"Host: {host}") == 400


def test_no_host_or_two_hosts_are_refused(house: House) -> None:
    """Which of two hosts is meant is not guessed, nor what none means."""
    assert _asked(house, first="GET /api/v1/status HTTP/1.0") == 400
    assert _asked(house, "Host: localhost", "Host: evil.example") == 400


def test_a_host_cannot_move_the_path(house: House) -> None:
    """The address in a Host header does not lead past the checks: they look at the request itself."""
    assert _asked(house, "Host: localhost/api/v1/status?", first="POST / HTTP/1.1") == 400
    whole = "GET http://evil.example/api/v1/status HTTP/1.1"
    assert _asked(house, "Host: evil.example", first=whole) == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"content-type": "application/json; charset=utf-8"}, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "none"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://127.0.0.1"}, 403),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({"content-type": "multipart/form-data"}, 415),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "text/plain;application/json"}, 415),
    ],
)
def test_only_our_own_page_may_change_something(
    house: House, headers: dict[str, str], status: int
) -> None:
    """A form, a script or a frame of another site cannot clear the log."""
    given = {"content-type": "application/json", **headers}
    answer = house.http.post("/api/v1/logs/clear", content=CLEAR, headers=given)
    assert answer.status_code == status


def test_our_own_origin_may_change_something(house: House) -> None:
    """The origin that a browser names for our page is the server's own address."""
    order: dict[str, object] = {"filter": {}, "confirm_count": 0}
    assert house.post("logs/clear", order, origin=house.server.url).status_code == 200


def test_a_body_is_bounded(house: House) -> None:
    """A body that is too long, or does not say how long it is, is not read."""
    head = ("Host: localhost", "Content-Type: application/json")
    post = "POST /api/v1/logs/clear HTTP/1.1"
    assert _asked(house, *head, "Content-Length: 65537", first=post) == 413
    assert _asked(house, *head, "Transfer-Encoding: chunked", first=post) == 411


@pytest.mark.parametrize(
    ("mode", "site", "status"),
    [
        ("navigate", "cross-site", 200),
        ("navigate", "none", 200),
        ("cors", "same-origin", 200),
        ("no-cors", "cross-site", 403),
        ("cors", "same-site", 403),
    ],
)
def test_another_site_may_only_link_here(house: House, mode: str, site: str, status: int) -> None:
    """A link from elsewhere opens the page; a script, an image or a fetch from elsewhere gets nothing."""
    head = {"sec-fetch-mode": mode, "sec-fetch-site": site}
    assert house.http.get("/api-logs", headers=head).status_code == status


@pytest.mark.parametrize(
    "path",
    ["/", "/api-logs", "/static/app.mjs", "/nothing", "/api/v1/logs", "/api/v1/logs?limit=x"],
)
def test_each_answer_is_secured(house: House, path: str) -> None:
    """Pages, files, data and errors carry the same headers, with a policy that allows nothing unsafe."""
    head = house.http.get(path).headers
    assert {name: head[name] for name in SECURED} == SECURED
    policy = head["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy


def test_a_refusal_and_a_crash_are_secured(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The headers are on what never reached the application, and on what it died of."""
    refused = house.http.get("/api-logs", headers={"host": "evil.example"})
    monkeypatch.setattr(type(house.gear), "health", _crash)
    crashed = httpx.get(f"{house.server.url}/api/v1/health")
    assert (refused.status_code, crashed.status_code) == (403, 500)
    assert "division" not in crashed.text
    for answer in (refused, crashed):
        assert {name: answer.headers[name] for name in SECURED} == SECURED


def _crash(_gear: object) -> None:
    raise ZeroDivisionError("division by zero")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
def test_other_methods_do_nothing(house: House, method: str) -> None:
    """A method that no answer is for is refused."""
    head = {"content-type": "application/json", "content-length": "0"}
    answer = house.http.request(method, "/api/v1/logs", headers=head)
    assert answer.status_code == 405
