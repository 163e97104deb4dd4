"""Owns a server that answers by script, and what five exchanges of ccxt are like before it: addresses and answers."""

from __future__ import annotations

import json
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

CUT = "cut"
"""An answer that ends in its midst."""
Reply = tuple[int, Any, dict[str, str]]


class Server:
    """Answers by script, then with what `usual` says of a path."""

    def __init__(self) -> None:
        self.script: list[Any] = []
        self.usual: Callable[[str, str], Reply] = lambda _verb, _path: (200, {}, {})
        self.seen: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  as above
                """Say nothing."""

            def answer(self) -> None:
                server.answer(self)

            do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = answer  # noqa: N815  the names are the library's

        class Quiet(ThreadingHTTPServer):
            request_queue_size = 128

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Say nothing."""

        self.http = Quiet(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        length = int(request.headers.get("Content-Length") or 0)
        body = request.rfile.read(length).decode()
        self.seen.append(f"{request.command} {request.path} {body}")
        reply = self.script.pop(0) if self.script else self.usual(request.command, request.path)
        if reply == CUT:
            request.send_response(200)
            request.send_header("Content-Length", "500")
            request.end_headers()
            request.wfile.write(b'{"half":')
            request.close_connection = True
            request.connection.shutdown(socket.SHUT_WR)
            return
        status, value, headers = reply
        text = (value if isinstance(value, str) else json.dumps(value)).encode()
        request.send_response(status)
        for name, said in {"Content-Type": "application/json", **headers}.items():
            request.send_header(name, said)
        request.send_header("Content-Length", str(len(text)))
        request.end_headers()
        request.wfile.write(text)


# ------------------------------------------------------------------- what each exchange is like

KEYS = {
    "apiKey": "k" * 64,
    "secret": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0",
    "password": "p",
    "timeout": 3000,
}
VENUES: dict[str, dict[str, Any]] = {
    "binance": {
        "api": ["public", "private"],
        "path": "/api/v3",
        "market": ("BTC/USDT", "BTCUSDT"),
        "ticker": {"symbol": "BTCUSDT", "lastPrice": "60000", "closeTime": 1},
        "order": {"symbol": "BTCUSDT", "orderId": 5, "status": "NEW", "transactTime": 1},
        "endpoint": "public_get_ping",
    },
    "alpaca": {
        "api": ["trader", "market", "broker"],
        "path": "",
        "market": ("BTC/USD", "BTC/USD"),
        "ticker": {
            "snapshots": {
                "BTC/USD": {
                    "latestTrade": {"p": 60000, "s": 1, "t": "2026-01-01T00:00:00Z"},
                    "latestQuote": {
                        "ap": 1,
                        "as": 1,
                        "bp": 1,
                        "bs": 1,
                        "t": "2026-01-01T00:00:00Z",
                    },
                    "dailyBar": {"c": 60000, "o": 1, "h": 1, "l": 1, "v": 1, "vw": 1},
                    "prevDailyBar": {"c": 1},
                }
            }
        },
        "order": {"id": "5", "symbol": "BTC/USD", "status": "new", "type": "limit", "side": "buy"},
        "endpoint": "trader_private_get_v2_clock",
    },
    "coinbase": {
        "api": ["rest"],
        "path": "",
        "market": ("BTC/USD", "BTC-USD"),
        "ticker": {
            "trades": [{"price": "60000", "time": "2026-01-01T00:00:00Z"}],
            "best_bid": "1",
            "best_ask": "2",
        },
        "order": {
            "success": True,
            "success_response": {"order_id": "5", "product_id": "BTC-USD", "side": "BUY"},
        },
        "endpoint": "v3_public_get_brokerage_time",
    },
    "kraken": {
        "api": ["public", "private"],
        "path": "",
        "market": ("BTC/USD", "XXBTZUSD"),
        "ticker": {
            "error": [],
            "result": {
                "XXBTZUSD": {
                    **{key: ["60000", "1", "1"] for key in "abcvptlh"},
                    "o": "60000",
                    "c": ["60000", "1"],
                }
            },
        },
        "order": {
            "error": [],
            "result": {"txid": ["5"], "descr": {"order": "buy 0.01 XBTUSD @ limit 50000"}},
        },
        "endpoint": "public_get_time",
    },
    "okx": {
        "api": ["rest"],
        "path": "",
        "market": ("BTC/USDT", "BTC-USDT"),
        "ticker": {"code": "0", "data": [{"instId": "BTC-USDT", "last": "60000", "ts": "1"}]},
        "order": {"code": "0", "data": [{"ordId": "5", "clOrdId": "x", "sCode": "0", "sMsg": ""}]},
        "endpoint": "public_get_public_time",
    },
}
