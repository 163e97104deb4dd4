"""What a wrapped session tells of its requests, over real sockets: the body as the caller read it, never before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.wrap.kit import BREAK, Caller, Reply, RequestsCaller, Server

if TYPE_CHECKING:
    import switchgear as sg

LONG = b"0123456789" * 10_000


@pytest.fixture
def wired(caller: Caller, gear: sg.Switchgear) -> Caller:
    """Each kind of client, whose requests are told."""
    gear.configure("venue", wire=True, retries=1)
    return caller


def told(gear: sg.Switchgear) -> list[dict[str, Any]]:
    """The details of what was told, the oldest first."""
    return [dict(record.detail) for record in gear.logs()[::-1] if record.event == "wire"]


def test_nothing_is_told_where_it_is_off(caller: Caller, gear: sg.Switchgear) -> None:
    """Which is how it is unless somebody asks."""
    caller.post()
    assert told(gear) == []


def test_a_request_and_its_answer_are_told(
    wired: Caller, server: Server, gear: sg.Switchgear
) -> None:
    """What went out and what came back, without what must not be kept; the caller gets all of it."""
    server.script = [
        Reply(201, b'{"token": "Canary123", "id": 7}', {"Set-Cookie": "s=Canary", "X-Id": "9"})
    ]
    got = wired.send(
        "POST", "/v1/order?symbol=A&signature=Canary", b'{"api_key": "Canary", "n": 1}'
    )
    assert (got.status, json.loads(got.body)["token"]) == (201, "Canary123")
    (only,) = told(gear)
    request, answer = only["request"], only["answer"]
    assert request["method"] == "POST"
    assert request["url"] == f"{server.url}/v1/order?symbol=A&signature=***"
    assert request["body"] == '{"api_key": "***", "n": 1}'
    assert answer["status"] == 201
    assert answer["body"] == '{"token": "***", "id": 7}'
    named = {name.lower(): value for name, value in answer["headers"].items()}
    assert (named["set-cookie"], named["x-id"]) == ("***", "9")
    assert "Canary" not in str(gear.logs())


def test_each_attempt_is_told(wired: Caller, server: Server, gear: sg.Switchgear) -> None:
    """One that is tried again was not read by anybody; its status and headers are known."""
    server.script = [Reply(503, b"busy"), Reply(200, b"ok")]
    assert wired.get().status == 200
    first, second = told(gear)
    assert (first["answer"]["status"], second["answer"]["status"]) == (503, 200)
    assert first["answer"]["body"] == "(not kept: nobody read it here)"
    assert second["answer"]["body"] == "ok"


def test_a_request_without_an_answer_is_told(
    wired: Caller, server: Server, gear: sg.Switchgear
) -> None:
    """Its error stands in the place of a status."""
    server.close()
    with pytest.raises(wired.connection_error):
        wired.post()
    records = [record for record in gear.logs() if record.event == "wire"]
    assert {record.status for record in records} == {None}
    assert " -> " in records[0].message
    assert records[0].detail["request"]["body"] == "buy"  # type: ignore[index]  # pyright: ignore[reportIndexIssue]  it is a table


def test_a_body_that_is_taken_piece_by_piece_stays_whole(
    wired: Caller, server: Server, gear: sg.Switchgear
) -> None:
    """The first piece comes while the second is not there yet; all of it is the caller's."""
    server.script = [Reply(200, b"12345678")]
    pieces = wired.first_chunk("/slow")
    begin = next(pieces)
    server.go_on.set()
    assert begin + b"".join(pieces) == b"12345678"
    gear.flush()


def test_a_long_body_is_the_callers_and_is_cut_here(
    wired: Caller, server: Server, gear: sg.Switchgear
) -> None:
    """What is kept has a bound; how long it was is told."""
    server.script = [Reply(200, LONG)]
    assert wired.get().body == LONG
    (only,) = told(gear)
    assert len(only["answer"]["body"]) < 20_000
    assert only["answer"]["body"].endswith("… (cut: 100000 bytes in all)")


def test_a_body_that_breaks_off_is_told(wired: Caller, server: Server, gear: sg.Switchgear) -> None:
    """What had come, and why it is not all."""
    server.script = [BREAK, BREAK]
    with pytest.raises(Exception, match=r".*"):
        wired.send("POST", "/v1/order", b"buy")
    records = [record for record in gear.logs() if record.event == "wire"]
    assert records
    assert records[0].status == 200
    assert ", then " in records[0].message


def test_a_body_that_nobody_reads_is_not_read_here(
    wired: Caller, server: Server, gear: sg.Switchgear
) -> None:
    """The caller let go of it, and that is told."""
    server.script = [Reply(200, LONG * 50)]
    assert wired.leave_unread("/v1/price") == 200
    (only,) = told(gear)
    assert only["answer"]["body"] == "(not kept: nobody read it here)"


def test_a_body_that_is_made_while_it_is_sent_is_not_looked_at(
    wired: Caller, server: Server, gear: sg.Switchgear
) -> None:
    """It can be read once, and that is for the exchange."""
    assert wired.post(data=wired.many()).status == 200
    assert server.bodies == [b"onetwo"]
    (only,) = told(gear)
    assert only["request"]["body"] == "(not kept: it is sent as it is made)"


def test_the_keys_of_a_session_are_masked_without_the_wire(
    bare: Caller, server: Server, gear: sg.Switchgear
) -> None:
    """What each request carries is known to be secret, wherever it is said."""
    key = f"Canary-{type(bare).__name__}-key"
    headers = getattr(bare.client, "headers", None)
    if headers is None:  # a session of aiohttp takes them when it is made
        headers = bare.client._default_headers
    headers.update({"X-API-Key": key, "Authorization": f"Bearer {key}-token"})
    bare.wrapped(gear)
    with pytest.raises(ValueError, match="Canary"):
        gear.call_sync("venue", "get_x", refuse, f"refused: {key} and {key}-token")
    assert "Canary" not in str(gear.logs())


def refuse(words: str) -> None:
    """A call whose error repeats what was sent."""
    raise ValueError(words)


def test_a_form_of_requests_is_told_as_it_goes_out(server: Server, gear: sg.Switchgear) -> None:
    """The fields in their order, the secret ones masked."""
    gear.configure("venue", wire=True)
    caller = RequestsCaller(server.url).wrapped(gear)
    caller.send("POST", "/v1/order", {"side": "buy", "passphrase": "Canary"})
    caller.close()
    (only,) = told(gear)
    assert only["request"]["body"] == "side=buy&passphrase=***"
