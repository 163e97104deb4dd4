"""What a call tells of its requests: each belongs to its attempt, whatever way it is made; nothing where it is off."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.core.policy.wiretap import here, tap
from switchgear.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def gear() -> Iterator[sg.Switchgear]:
    """A gear that tells what went over the wire of one exchange."""
    with sg.Switchgear(clock=FakeClock()) as made:
        made.configure("binance", wire=True)
        yield made


def send(path: str = "/x", status: int = 200) -> str:
    """What a client does with each of its requests."""
    tape = tap()
    if tape is None:
        return "untold"
    tape.sent("GET", f"https://x{path}", {}, None)
    tape.answered(status, {})
    tape.end()
    return "told"


async def turn() -> None:
    """Let another task have its turn."""
    loop = asyncio.get_running_loop()
    had = loop.create_future()
    loop.call_soon(had.set_result, None)
    await had


async def send_later(path: str = "/x") -> str:
    """The same, after another task had its turn."""
    await turn()
    return send(path)


def told(gear: sg.Switchgear) -> list[sg.LogRecord]:
    """What was told of requests, the oldest first."""
    return [record for record in gear.logs()[::-1] if record.event == "wire"]


def test_nothing_is_told_unless_it_is_asked_for(gear: sg.Switchgear) -> None:
    """Outside of a call, in a call of another exchange, and after it was switched off."""
    assert send() == "untold"
    assert gear.call_sync("coinbase", "get_x", send) == "untold"
    gear.configure("binance", wire=False)
    assert gear.call_sync("binance", "get_x", send) == "untold"
    assert told(gear) == []


def test_it_is_switched_on_and_off_while_it_runs(gear: sg.Switchgear) -> None:
    """A change holds from the next call on, for a function that was guarded before too."""
    guarded = gear.guarded("coinbase", "get_x")(send)
    seen = [guarded()]
    for wire in (True, False):
        gear.configure("coinbase", "get_x", wire=wire)
        seen.append(guarded())
    assert seen == ["untold", "told", "untold"]


def test_a_request_stands_among_the_records_of_its_call(gear: sg.Switchgear) -> None:
    """It has the call's id and the attempt's number, and each attempt has its own."""
    errors = [sg.NetworkError("reset"), None]

    def flaky() -> None:
        error = errors.pop(0)
        send(status=503 if error else 200)
        if error:
            raise error

    gear.call_sync("binance", "get_x", flaky)
    first, second = told(gear)
    (ended,) = [record for record in gear.logs() if record.event == "call_succeeded"]
    assert (first.attempt, first.status) == (1, 503)
    assert (second.attempt, second.status) == (2, 200)
    assert first.call_id == second.call_id == ended.call_id != 0
    assert second.message == "GET /x -> 200 in 0.0 ms"


@pytest.mark.anyio
async def test_calls_beside_each_other_are_told_apart(gear: sg.Switchgear) -> None:
    """Tasks of one loop have each its own attempt, and what a call leaves behind is no part of it."""
    left: list[asyncio.Task[str]] = []

    async def leaving(path: str) -> str:
        left.append(asyncio.create_task(send_later("/behind")))
        await turn()
        return await send_later(path)

    gates = [gear.call("binance", "get_x", leaving, f"/{n}") for n in range(3)]
    assert await asyncio.gather(*gates) == ["told"] * 3
    by_call = {record.call_id: record.detail for record in told(gear)}
    assert len(by_call) == 3
    after = asyncio.Event()

    async def waiting() -> str:
        await after.wait()
        return send()

    async def spawning() -> asyncio.Task[str]:
        return asyncio.create_task(waiting())

    task = await gear.call("binance", "get_x", spawning)
    after.set()
    assert await task == "untold"
    await asyncio.gather(*left)


def test_threads_are_told_apart(gear: sg.Switchgear) -> None:
    """Each thread's call is its own."""
    met = threading.Barrier(3)

    def meet() -> str:
        met.wait(10)
        return send()

    threads = [
        threading.Thread(target=gear.call_sync, args=("binance", "get_x", meet)) for _ in range(3)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join(10)
    assert len({record.call_id for record in told(gear)}) == 3


def test_a_call_within_a_call_has_its_own(gear: sg.Switchgear) -> None:
    """What is sent within goes by the inner call's name; afterwards the outer one goes on."""

    def outer() -> None:
        send("/before")
        gear.call_sync("binance", "get_inner", send, "/within")
        send("/after")

    gear.call_sync("binance", "get_outer", outer)
    assert [record.method for record in told(gear)] == ["get_outer", "get_inner", "get_outer"]
    assert here() is None


@pytest.mark.anyio
async def test_a_second_attempt_beside_the_first_is_told_too(gear: sg.Switchgear) -> None:
    """Both requests of a hedged read belong to the one call."""
    gear.configure("binance", "get_x", hedge=0.5)
    for _ in range(60):
        await gear.call("binance", "get_x", send_later)
    stalled = asyncio.Event()
    turns = [stalled.wait, asyncio.Event().set]

    async def slow() -> str:
        said = send("/raced")
        turn: Any = turns.pop(0)
        waits = turn()
        if waits is not None:
            await waits
        return said

    assert await gear.call("binance", "get_x", slow) == "told"
    raced = [record for record in told(gear) if "/raced" in record.message]
    assert len(raced) == 2
    assert len({record.call_id for record in raced}) == 1


def test_a_block_is_told_and_ends(gear: sg.Switchgear) -> None:
    """From its first line to its last, and no further."""
    with gear.guarded("binance", "get_x").attempt():
        assert send() == "told"
    assert send() == "untold"
    (only,) = told(gear)
    assert (only.attempt, only.call_id != 0) == (1, True)


@pytest.mark.anyio
async def test_an_asynchronous_block_is_told_and_ends(gear: sg.Switchgear) -> None:
    """The same on a loop, where it fails too."""

    async def block() -> None:
        async with gear.guarded("binance", "get_x").attempt():
            assert await send_later() == "told"
            raise sg.NetworkError("reset")

    with pytest.raises(sg.NetworkError):
        await block()
    assert await send_later() == "untold"


@pytest.mark.anyio
async def test_a_lambda_that_gives_an_awaitable_is_told(gear: sg.Switchgear) -> None:
    """Its request is made when it is awaited."""

    def later(path: str) -> Any:
        return send_later(path)

    assert await gear.call("binance", "get_x", later, "/a") == "told"
    assert await gear.call_sync("binance", "get_x", later, "/b") == "told"
    assert len(told(gear)) == 2


def test_a_request_that_was_let_go_is_told_as_far_as_it_got(gear: sg.Switchgear) -> None:
    """An answer that nobody read is no reason to say nothing of it."""

    def forgetful() -> None:
        tape = tap()
        assert tape is not None
        tape.sent("GET", "https://x/forgotten", {}, None).answered(200, {})

    gear.call_sync("binance", "get_x", forgetful)
    (only,) = told(gear)
    assert only.detail["answer"] == {  # the body is the only thing that is not known
        "status": 200,
        "headers": {},
        "body": "(not kept: nobody read it here)",
    }


def test_memory_keeps_the_newest_requests_alone(gear: sg.Switchgear) -> None:
    """They are large, so there are few; they push no other record out."""
    for number in range(600):
        gear.call_sync("binance", "get_x", send, f"/{number}")
    records = gear.logs(limit=10_000)
    wires = [record.message for record in records if record.event == "wire"]
    assert (len(wires), wires[0].split()[1]) == (500, "/599")
    assert sum(record.event == "call_succeeded" for record in records) == 600


@pytest.mark.parametrize("given", ["yes", 1, None])
def test_the_setting_is_true_or_false(gear: sg.Switchgear, given: Any) -> None:
    """Anything else is refused where it is set."""
    with pytest.raises(sg.SettingsError, match=r"wire=.*must be true or false"):
        gear.configure("binance", wire=given)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["x"], "redact='x': must be names of 2 to 60 letters"),
        (["a b"], "redact='a b'"),
        ([7], "redact=7"),
        (["--"], "redact='--'"),
    ],
)
def test_a_name_that_cannot_be_is_refused(gear: sg.Switchgear, names: Any, words: str) -> None:
    """It names the field, the value and what is allowed; nothing is changed."""
    with pytest.raises(sg.SettingsError, match=words):
        gear.configure("*", redact=names)


def test_names_are_of_the_whole_process(gear: sg.Switchgear) -> None:
    """They are set without an exchange, and hold for notes and errors too."""
    with pytest.raises(sg.SettingsError, match="of the whole process"):
        gear.configure("binance", redact=["x-desk"])
    gear.configure("*", redact=["x-desk", "deskPin"])
    with pytest.raises(ValueError, match="Canary"):
        gear.call_sync("binance", "get_x", fail, "X-DESK: Canary7; desk_pin=Canary8")
    assert "Canary" not in "".join(map(str, gear.logs()))


def fail(words: str) -> None:
    """A call whose error tells too much."""
    raise ValueError(words)


@pytest.mark.parametrize("given", ["short67", "x" * 8193, 12345678])
def test_a_secret_that_cannot_be_is_refused_and_not_shown(gear: sg.Switchgear, given: Any) -> None:
    """Too short it would hide ordinary words; the error tells its length alone."""
    with pytest.raises(sg.SettingsError, match="must be text of 8 to 8192") as refused:
        gear.secrets.add("long enough", given)
    assert str(given) not in str(refused.value)


def test_a_secret_of_the_user_is_masked(gear: sg.Switchgear) -> None:
    """From then on, wherever it stands."""
    gear.secrets.add("Canary-of-the-user")
    with pytest.raises(ValueError, match="Canary"):
        gear.call_sync("binance", "get_x", fail, "seen: Canary-of-the-user")
    assert "Canary-of" not in "".join(map(str, gear.logs()))
