"""One line guards a client that somebody has already, and changes nothing else: over real sockets, for each kind."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

import switchgear as sg
from switchgear.core.words import Level
from switchgear.testing import FakeClock
from tests.wrap.kit import BREAK, AsyncCaller, Caller, Reply, Server

GET, POST = "get_v1_price", "post_v1_order"
DOWN = Reply(503, b"down")


def failures(gear: sg.Switchgear, method: str = GET) -> int:
    """How many in a row the circuit of a method has counted."""
    return gear.circuit("venue", method).failures


@pytest.mark.parametrize("status", [200, 204, 302, 400, 404, 500, 503])
def test_an_answer_comes_back_as_it_is(caller: Caller, server: Server, status: int) -> None:
    """Status, headers and body, whatever the verdict; nobody is made to catch what was no error before."""
    body = b"" if status == 204 else b'{"code": -1121}'
    server.script = [Reply(status, body, {"X-Own": "yes"})]
    got = caller.send("POST", "/v1/order", b"{}")
    assert (got.status, got.body) == (status, body)
    assert {name.lower(): value for name, value in got.headers.items()}["x-own"] == "yes"
    assert server.seen == ["POST /v1/order"]


def test_a_failing_read_is_tried_again(caller: Caller, server: Server) -> None:
    """The user sees the answer that came well; those before it are let go."""
    server.script = [DOWN, DOWN, Reply(body=b"42")]
    assert caller.get()[:2] == (200, b"42")
    assert len(server.seen) == 3


def test_what_is_no_read_is_sent_once(caller: Caller, gear: sg.Switchgear, server: Server) -> None:
    """An order whose answer failed may be booked."""
    server.script = [DOWN]
    for verb in ("POST", "DELETE"):
        assert caller.send(verb, "/v1/order").status == 503
    assert server.seen == ["POST /v1/order", "DELETE /v1/order"]
    assert failures(gear, POST) == failures(gear, "delete_v1_order") == 1


def test_an_open_circuit_refuses_in_the_librarys_words_and_ours(
    caller: Caller, gear: sg.Switchgear, server: Server
) -> None:
    """What the program catches already catches it; nothing goes out."""
    server.script = [DOWN]
    for _ in range(3):
        caller.post()
    with pytest.raises(sg.CircuitOpenError) as ours:
        caller.post()
    assert (ours.value.method, ours.value.scope) == (POST, sg.Scope.METHOD)
    assert (ours.value.exchange, ours.value.retry_after_s) == ("venue", 30.0)
    with pytest.raises(caller.connection_error, match="was not called: circuit open"):
        caller.post()
    assert len(server.seen) == 3
    assert gear.metrics("venue", POST).rejected_calls == 2


def test_a_limit_closes_the_gate_until_the_instant_it_names(
    caller: Caller, gear: sg.Switchgear, server: Server
) -> None:
    """429 with Retry-After: further requests are held back, and are no failures of the circuit."""
    server.script = [Reply(429, b"slow", {"Retry-After": "120"}), Reply()]
    assert caller.get().status == 429
    with pytest.raises(sg.GateClosedError) as caught:
        caller.get("/v1/other")
    assert isinstance(caught.value, caller.connection_error)
    assert caught.value.retry_after_s == pytest.approx(120, abs=15)
    assert failures(gear) == 0
    assert isinstance(gear.clock, FakeClock)
    gear.clock.advance(140)
    assert caller.get().status == 200


def test_an_error_of_the_library_passes_as_it_is(caller: Caller, gear: sg.Switchgear) -> None:
    """Nobody listens: its own class, counted for the whole exchange, and a read was tried again."""
    server = Server()
    server.close()
    caller.url = server.url
    gear.configure("venue", retries=0)
    with pytest.raises(caller.connection_error) as caught:
        caller.get()
    assert not isinstance(caught.value, sg.SwitchgearError)
    assert gear.circuit("venue", "@exchange").failures == 1


def test_an_answer_that_takes_too_long_is_cut_in_the_librarys_words_and_ours(
    bare: Caller, server: Server
) -> None:
    """What runs on an event loop has the guard's limit too; a thread cannot be cut, and waits as long as it did."""
    if not isinstance(bare, AsyncCaller):
        server.go_on.set()
    with sg.Switchgear(settings={"timeout_s": 0.05, "retries": 0}) as gear:
        bare.wrapped(gear)
        if not isinstance(bare, AsyncCaller):
            assert bare.get("/stall").status == 200
            return
        with pytest.raises(sg.AttemptTimeout) as caught:
            bare.get("/stall")
        assert isinstance(caught.value, bare.timeout_error)
        assert gear.circuit("venue", "get_stall").failures == 1


def test_a_body_that_breaks_off_is_a_failure_after_all(
    caller: Caller, gear: sg.Switchgear, server: Server
) -> None:
    """The headers had come well; the user gets the library's error, the circuit hears of it once."""
    server.script = [BREAK]
    for number in (1, 2):
        with pytest.raises(Exception, match=r"(?i)read|closed|complete|broken"):
            caller.get()
        assert failures(gear) == 1, number  # a good beginning ends the row, a bad end begins it
    told = [one.message for one in gear.logs(method=GET, level=Level.ERROR)]
    assert len(told) == 2
    assert all(text.startswith("the answer broke off: ") for text in told)


def test_a_body_is_the_callers_to_stream(caller: Caller, server: Server) -> None:
    """Its first part is there while the rest has not been sent."""
    server.script = [Reply(body=b"halfhalf")]
    chunks = caller.first_chunk("/slow")
    assert next(chunks) == b"half"
    server.go_on.set()
    assert b"".join(chunks) == b"half"


def test_a_body_let_go_unread_is_no_failure(
    caller: Caller, gear: sg.Switchgear, server: Server
) -> None:
    """Who closes it early has had enough of it."""
    server.script = [Reply(body=b"x" * 2_000_000)]
    for _ in range(3):
        assert caller.leave_unread("/v1/price") == 200
    assert failures(gear) == 0
    assert gear.logs(level=Level.ERROR) == []


def test_a_body_that_can_be_read_once_is_sent_once(
    caller: Caller, gear: sg.Switchgear, server: Server
) -> None:
    """Even where the settings would allow another attempt."""
    gear.configure("venue", "post_v1_search", effect="read")
    server.script = [DOWN, Reply()]
    assert caller.post("/v1/search", caller.many()).status == 503
    assert server.bodies == [b"onetwo"]
    assert caller.post("/v1/search", b"whole").status == 200


def test_a_second_wrap_changes_nothing(caller: Caller, gear: sg.Switchgear) -> None:
    """One guard, one call counted."""
    caller.wrapped(gear)
    caller.get()
    assert gear.metrics("venue", GET).total_calls == 1


def test_headers_tell_of_limits(bare: Caller, gear: sg.Switchgear, server: Server) -> None:
    """What a known exchange says of its weights moves the ledger."""
    bare.wrapped(gear, "binance")
    server.script = [Reply(headers={"X-MBX-USED-WEIGHT-1M": "1234"})]
    bare.get("/api/v3/time")
    used: Mapping[str, float] = {view.limit: view.used for view in gear.limits()}
    assert max(used.values()) == pytest.approx(1234)


def test_without_a_name_the_host_is_the_exchange(bare: Caller, gear: sg.Switchgear) -> None:
    """And the route of a template the method."""
    bare.wrapped(gear, None, routes=["/v1/orders/{id}/fills"])
    bare.get("/v1/orders/any-thing-at-all/fills")
    assert [str(view.key) for view in gear.circuits()][-1:] == ["127.0.0.1.get_v1_orders_id_fills"]


def test_what_is_no_client_is_refused(gear: sg.Switchgear) -> None:
    """By the name of its class, and with what is allowed."""
    with pytest.raises(sg.SettingsError, match=r"client='dict': must be an exchange of ccxt"):
        gear.wrap(dict[str, str]())
