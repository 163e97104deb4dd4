"""
Owns how a witness tells what became of each step: one line of JSON each, on standard output.

Runs in the witness environment, so it imports nothing of switchgear; what the steps prove is the tests' to say.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Book = tuple[object, object]
"""The best bid and the best ask."""
Candle = tuple[object, object, object, object]
"""Open, high, low and close."""
_DIRECT = build_opener(ProxyHandler({}))
_PRICE_TRIES = 9


class Diary:
    """
    The steps of one witness, whose task comes as JSON in the first argument.

    The task: base_url and control_url of the practice venue, its key and secret, shifted_url of a
    second venue whose clock is not the client's, and rows, each recorded answer to try: the step's
    name, which is the answer's name and number, and the endpoint to ask.
    """

    def __init__(self, told: Callable[[Exception], Mapping[str, object]]) -> None:
        """Told says what an error of this client shows to a program: code, status, message."""
        self._told = told
        self.task: dict[str, Any] = json.loads(sys.argv[1])

    def step(self, name: str, ask: Callable[[], Mapping[str, object]]) -> dict[str, str]:
        """Do one step and write down its ending; what it told, empty when it failed."""
        try:
            value = {key: _plain(told) for key, told in ask().items()}
        except Exception as error:  # noqa: BLE001 - a foreign client may raise anything
            told = {key: _plain(shown) for key, shown in self._told(error).items()}
            self._write(name, error=type(error).__name__, value=told)
            return {}
        self._write(name, error=None, value=value)
        return value

    def price(self, symbol: str, ask: Callable[[], object]) -> None:
        """Step "price": what the client was told, and the venue's own, which stood still meanwhile."""

        def asked() -> dict[str, object]:
            for _ in range(_PRICE_TRIES):
                before = self._truth()["prices"][symbol]
                told = ask()
                if before == self._truth()["prices"][symbol]:
                    return {"told": told, "true": before}
            raise TimeoutError(f"the price moved during each of {_PRICE_TRIES} calls")

        self.step("price", asked)

    def market(self, ask_book: Callable[[], Book], ask_candles: Callable[[], list[Candle]]) -> None:
        """Steps "book" and "candles": the best of the order book, and the newest of three candles."""
        self.step("book", lambda: dict(zip(("bid", "ask"), ask_book(), strict=True)))

        def candles() -> dict[str, object]:
            got = ask_candles()
            newest = zip(("open", "high", "low", "close"), got[-1], strict=True)
            return {"count": len(got), **dict(newest)}

        self.step("candles", candles)

    def faulted(
        self, name: str, rule: Mapping[str, object], ask: Callable[[], Mapping[str, object]]
    ) -> None:
        """Do one step while this rule is in force, once, and no other rule."""
        self._control("POST", "faults", {"count": 1, **rule})
        self.step(name, ask)
        self._control("DELETE", "faults")

    def rows(self, asks: Mapping[str, Callable[[], Mapping[str, object]]]) -> None:
        """A step for each recorded answer, given in place of the venue's own; asks are by endpoint."""
        for step, endpoint in self.task["rows"]:
            row, _, variant = step.partition(" ")
            rule = {"match": endpoint, "action": "row", "row": row, "variant": int(variant)}
            self.faulted(step, rule, asks[endpoint])

    def _truth(self) -> Any:
        return self._control("GET", "state")

    def _control(self, method: str, what: str, sent: Mapping[str, object] | None = None) -> Any:
        body = None if sent is None else json.dumps(sent).encode()
        url = f"{self.task['control_url']}/_sim/{what}"
        try:
            with _DIRECT.open(Request(url, body, method=method)) as answer:
                return json.load(answer)
        except HTTPError as error:
            raise ValueError(f"{what}: {sent}: {error.read().decode()}") from error

    def _write(self, name: str, *, error: str | None, value: Mapping[str, str]) -> None:
        print(json.dumps({"step": name, "error": error, "value": value}), flush=True)


def _plain(told: object) -> str:
    return "" if told is None else str(told)
