"""
No secret survives anywhere, with everything told that went over the wire.

Real clients trade on real practice exchanges, and ask one that repeats all it is told; then every place where a record
can be seen is searched for every secret, letter by letter.
"""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp
import httpx
import httpx2
import pytest
import requests

import switchgear as sg
from switchgear.practice.sim.server import Sim
from tests.canary_kit import Everywhere, Parrot
from tests.exchange.venues import CASES, Case

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.anyio

NAMED = "Canary-named-by-user"
"""A secret that switchgear cannot know by its name or its form."""
SECRETS = (
    *("Canary-header-key", "Canary-bearer-token", "Canary-cookie", "Canary-set-cookie", NAMED),
    *("Canary-query-signature", "Canary-form-secret", "Canary-nested-secret", "Canary-listen-key"),
    *("Canary-basic", "Canary-user-header", "Canary-private-key"),
)
PEM = (
    "-----BEGIN PRIVATE KEY-----\nCanary-private-key/of+many\nlines==\n-----END PRIVATE KEY-----\n"
)
HEADERS = {
    "X-API-Key": "Canary-header-key",
    "Authorization": "Bearer Canary-bearer-token",
    "Cookie": "sid=Canary-cookie; theme=dark",
    "X-Desk-Pin": "Canary-user-header",
}
QUERY = f"symbol=A&SIGNATURE=Canary-query-signature&listenKey=Canary-listen-key&note={quote(NAMED)}"
BODY = {
    "orders": [{"qty": 1, "auth": {"Client_Secret": "Canary-nested-secret", "key_pem": PEM}}],
    "why": NAMED,
}
FORM = f"a=1&passphrase=Canary-form-secret&note={quote(NAMED)}"
BASIC = f"Basic {base64.b64encode(b'desk:Canary-basic').decode()}"
USER = "https://desk:Canary-basic@example.com/"


@pytest.fixture
def parrot() -> Iterator[Parrot]:
    """An exchange that repeats whatever it is told."""
    parrot = Parrot()
    yield parrot
    parrot.close()


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Where the records are kept."""
    return tmp_path / "log.db"


@pytest.fixture
def gear(history: Path) -> Iterator[sg.Switchgear]:
    """A gear that tells and keeps everything."""
    settings = {
        "wire": True,
        "log_level": "DEBUG",
        "retries": 1,
        "retry_delay_s": 0,
        "redact": ["x-desk-pin"],
    }
    with sg.Switchgear(history=history, settings=settings) as gear:
        gear.secrets.add(NAMED)
        yield gear


@pytest.fixture
def everywhere(gear: sg.Switchgear, history: Path) -> Iterator[Everywhere]:
    """Where to look."""
    everywhere = Everywhere(gear, history)
    yield everywhere
    everywhere.close()


def forms(secret: str) -> set[bytes]:
    """How a secret may stand in a file."""
    spelled = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    spelled.add(base64.b64encode(secret.encode()).decode())
    return {each.encode() for each in spelled}


def assert_nowhere(everywhere: Everywhere, secrets: set[str], texts: list[str]) -> None:
    """None of the secrets stands anywhere; and what is searched is really there."""
    places = [*everywhere.places(), ("errors", "\n".join(texts).encode())]
    assert {name for name, content in places if b" -> " in content} >= {
        "memory",
        "logging",
        "jsonl",
        "csv",
    }
    wanted = {form: secret for secret in secrets for form in forms(secret)}
    found = [
        (name, secret)
        for name, content in places
        for form, secret in wanted.items()
        if form in content
    ]
    assert found == []


def parts(secret: str) -> set[str]:
    """A secret of several lines by its lines, which could stand alone."""
    return {line for line in secret.splitlines() if line and not line.startswith("---")}


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_no_secret_of_a_client_survives(
    case: Case, gear: sg.Switchgear, everywhere: Everywhere, parrot: Parrot
) -> None:
    """Key, secret, private key, signature and token: not while it trades, nor when an exchange repeats them."""
    texts: list[str] = []
    async with Sim(venue=case.name) as sim:
        async with case.client(gear, sim) as api:
            order = await api.create_order(case.resting())
            await api.get_portfolio()
            await api.cancel_order(case.symbol, client_order_id=order.client_order_id)
        secrets = {sim.key, *parts(sim.secret)}
        more: dict[str, Any] = {"base_url": parrot.url, "check_rules": False}
        async with case.client(gear, sim, **more) as api:
            for ask in (api.get_account_balance, api.get_open_orders):
                with pytest.raises(sg.ApiError) as refused:
                    await ask()
                texts += told(refused.value)
            with pytest.raises(sg.SwitchgearError) as unbooked:
                await api.create_order(case.market())
            texts += told(unbooked.value)
    assert parrot.heard or case.name == "alpaca"
    assert any(record.event == "wire" and record.order_id for record in gear.logs())
    assert_nowhere(everywhere, secrets | parrot.heard, texts)


def told(error: BaseException | None) -> list[str]:
    """Everything that an error says, and those that it came of."""
    texts: list[str] = []
    while error is not None:
        texts += [str(error), repr(error), *getattr(error, "__notes__", ())]
        error = error.__cause__
    return texts


def by_requests(gear: sg.Switchgear, url: str) -> None:
    """The requests that must not be told, by requests."""
    with requests.Session() as session:
        gear.wrap(session, "venue")
        session.get(f"{url}/v1/order?{QUERY}", headers=HEADERS)
        session.post(f"{url}/v1/order", json=BODY, auth=("desk", "Canary-basic"))
        session.post(f"{url}/v1/order", data=FORM)


def by_httpx(gear: sg.Switchgear, url: str, library: Any) -> None:
    """The same by httpx."""
    with library.Client() as client:
        gear.wrap(client, "venue")
        client.get(f"{url}/v1/order?{QUERY}", headers=HEADERS)
        client.post(f"{url}/v1/order", json=BODY, auth=("desk", "Canary-basic"))
        client.post(f"{url}/v1/order", content=FORM)


async def by_aiohttp(gear: sg.Switchgear, url: str) -> None:
    """The same by aiohttp."""
    async with aiohttp.ClientSession() as session:
        gear.wrap(session, "venue")
        for sent in (
            session.get(f"{url}/v1/order?{QUERY}", headers=HEADERS),
            session.post(f"{url}/v1/order", json=BODY, headers={"Authorization": BASIC}),
            session.post(f"{url}/v1/order", data=FORM),
        ):
            async with sent as answer:
                await answer.text()


async def test_no_secret_of_a_session_survives(
    gear: sg.Switchgear, everywhere: Everywhere, parrot: Parrot
) -> None:
    """Headers, cookies, queries, forms and nested bodies of each kind of client, and an exchange that repeats them."""
    by_requests(gear, parrot.url)
    by_httpx(gear, parrot.url, httpx)
    by_httpx(gear, parrot.url, httpx2)
    await by_aiohttp(gear, parrot.url)
    wires = [record for record in gear.logs() if record.event == "wire"]
    assert len(wires) == 12
    assert {record.detail["request"]["method"] for record in wires} == {"GET", "POST"}  # type: ignore[index]  # pyright: ignore[reportIndexIssue]  a table
    assert_nowhere(everywhere, {*SECRETS, *parts(PEM)} - {"lines=="}, [])


async def test_no_secret_that_a_program_tells_survives(
    gear: sg.Switchgear, everywhere: Everywhere, parrot: Parrot
) -> None:
    """Notes, errors, fallbacks, reasons of holds: whatever a program or a person writes."""
    said = (
        f"{USER} {json.dumps(BODY)} {HEADERS} ?{QUERY} {FORM} {PEM} Set-Cookie: a=Canary-set-cookie"
    )

    def fail() -> None:
        raise ValueError(said)

    for method in ("get_a", "get_b"):
        with suppress(ValueError):
            gear.guarded("venue", method, fallback=[sg.source(fail)]).call_sync(fail)
    gear.hold("venue", "get_a", state="open", by="ops", why=said)
    key = sg.Key("venue", "get_a", "main")
    nested = {"deep": [BODY, {"headers": HEADERS}], "said": said}
    gear.hub.emit(sg.Note(gear.clock.monotonic_s(), key, sg.Level.INFO, said, nested))
    with requests.Session() as session:
        gear.wrap(session, "venue").get(f"{parrot.url}/x")
    assert_nowhere(everywhere, {*SECRETS, *parts(PEM)} - {"lines=="}, [])
