"""
Owns one client of others under the stopwatch, in the witness environment: `client_peers.py NAME URL`.

It reads a number from each line of standard input, makes so many calls, and prints the seconds they took.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from time import perf_counter
from typing import Any

# The packages are in the witness environment, not in the one that checks types.
load: Any = importlib.import_module
KEY, SECRET = "k" * 64, "s" * 64


def python_binance(url: str) -> Any:
    """Asynchronous, on aiohttp; HMAC."""
    module = load("binance")
    module.AsyncClient.API_URL = url + "/api"
    client = module.AsyncClient(KEY, SECRET)
    return client.get_account


def binance_sdk_spot(url: str) -> Any:
    """Blocking, on requests; HMAC."""
    spot = load("binance_sdk_spot.spot").Spot
    settings = load("binance_common.configuration").ConfigurationRestAPI
    client = spot(config_rest_api=settings(api_key=KEY, api_secret=SECRET, base_path=url))
    return lambda: client.rest_api.get_account().data()


def coinbase_advanced(url: str) -> Any:
    """Blocking, on requests; JWT. Its https is turned into http by an adapter, as for the practice exchange."""
    requests = load("requests")

    class Plain(requests.adapters.HTTPAdapter):  # type: ignore[misc,name-defined]  # found at run time
        def send(self, request: Any, **more: Any) -> Any:
            request.url = request.url.replace("https://", "http://", 1)
            return super().send(request, **more)

    host = url.removeprefix("http://")
    client = load("coinbase.rest").RESTClient(
        api_key="organizations/a/apiKeys/b", api_secret=pem(), base_url=host
    )
    client.session.mount("https://", Plain())
    return client.get_accounts


def alpaca_py(url: str) -> Any:
    """Blocking, on requests; key headers."""
    client = load("alpaca.trading.client").TradingClient(KEY, SECRET, url_override=url)
    return client.get_clock


def ccxt_binance(url: str) -> Any:
    """Asynchronous, on aiohttp; the implicit call, without its throttle."""
    client = _ccxt("binance", {"public": f"{url}/api/v3", "private": f"{url}/api/v3"}, SECRET)
    return lambda: client.private_get_account({"omitZeroBalances": "true"})


def ccxt_coinbase(url: str) -> Any:
    """The same at Coinbase; JWT."""
    client = _ccxt("coinbase", {"rest": url}, pem())
    return lambda: client.v3_private_get_brokerage_accounts({"limit": 250})


def ccxt_alpaca(url: str) -> Any:
    """The same at Alpaca; key headers."""
    client = _ccxt("alpaca", {"trader": url, "market": url, "broker": url}, SECRET)
    return client.trader_private_get_v2_clock


def _ccxt(name: str, urls: dict[str, str], secret: str) -> Any:
    made = getattr(load("ccxt.async_support"), name)
    given = {"apiKey": KEY, "secret": secret, "urls": {"api": urls}, "enableRateLimit": False}
    return made(given)


def pem() -> str:
    """A private key, as Coinbase hands them out."""
    ec = load("cryptography.hazmat.primitives.asymmetric.ec")
    form = load("cryptography.hazmat.primitives.serialization")
    kind = form.PrivateFormat.TraditionalOpenSSL
    key = ec.generate_private_key(ec.SECP256R1())
    text: bytes = key.private_bytes(form.Encoding.PEM, kind, form.NoEncryption())
    return text.decode()


CLIENTS = {
    "python-binance": python_binance,
    "binance-sdk-spot": binance_sdk_spot,
    "ccxt binance": ccxt_binance,
    "coinbase-advanced-py": coinbase_advanced,
    "ccxt coinbase": ccxt_coinbase,
    "alpaca-py": alpaca_py,
    "ccxt alpaca": ccxt_alpaca,
}


async def main(name: str, url: str) -> None:
    """Answer lines until there are no more."""
    call = CLIENTS[name](url)
    for line in iter(sys.stdin.readline, ""):
        number = int(line)
        begun_s = perf_counter()
        for _ in range(number):
            value = call()
            if hasattr(value, "__await__"):
                await value
        print(perf_counter() - begun_s, flush=True)
    # Some of them complain at length when they are not closed, each in its own way.
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
