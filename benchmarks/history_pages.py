"""
Owns how long a person waits for a big history: the forty filters over the API, and the first view in a browser.

What is filled, and what the store itself needs, is history's.
"""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import contextmanager
from statistics import quantiles
from time import perf_counter
from typing import TYPE_CHECKING

import httpx

from benchmarks.history_mix import filters
from switchgear.server.shapes import filter_out
from tests.server.browser import chromium

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from playwright.sync_api import Browser

ROWS = ".records tbody tr"
SEEN = """
new MutationObserver((_, watch) => {
  if (!document.querySelector(".records tbody tr")) return;
  watch.disconnect();
  requestAnimationFrame(() => { window.firstRowMs = performance.now(); });
}).observe(document, { childList: true, subtree: true });
"""
PAINTED = "new Promise(told => requestAnimationFrame(() => requestAnimationFrame(() => told(window.firstRowMs))))"
"""Asked of the page itself: whoever waits outside looks only now and then."""
VIEWS = {
    "/api-logs": "the newest",
    "/api-logs?level=error": "from error",
    "/api-logs?exchange=coinbase&method=cancel_order&account=second": "a rare key",
    "/api-logs?text=zebra": "a rare word",
}


def pages(place: str, records: int, rounds: int) -> None:
    """Serve a history, in a process of its own, and print how long its answers and its page take."""
    with serving(place) as url:
        print("\n| filter | records | page over HTTP | overview over HTTP |\n|---|---|---|---|")
        took = list(asked(url, records, rounds))
        for what, times in (
            ("page", [one[0] for one in took]),
            ("overview", [one[1] for one in took]),
        ):
            print(f"{what} over HTTP: {_spread(times)}")
        print(f"both, one after the other: {_spread([one + two for one, two in took])}")
        with chromium() as browser:
            viewed(browser, f"{url}/api-logs", 1)  # the browser itself has to come to life first
            for path, name in VIEWS.items():
                print(
                    f"first view in Chromium, {name}: {_spread(viewed(browser, url + path, rounds))}"
                )


@contextmanager
def serving(place: str) -> Generator[str]:
    """The address of a server that shows this history."""
    command = [sys.executable, "-m", "switchgear.cli", "serve", "--history", place, "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout is not None
            said = ""
            while (found := re.search(r"http://[\d.]+:\d+", said)) is None:
                line = process.stdout.readline()
                assert line, f"the server ended: {said}"
                said += line
            yield found[0]
        finally:
            process.terminate()


def asked(url: str, records: int, rounds: int) -> Iterable[tuple[float, float]]:
    """The middle of so many rounds, in ms, of each filter's page and overview."""
    with httpx.Client(base_url=url, timeout=60) as client:
        client.get("/api/v1/logs")
        for name, query in filters(records).items():
            given = {**filter_out(query), "limit": "100"}
            times: list[tuple[float, float]] = []
            total = 0
            for _ in range(rounds):
                begun_s = perf_counter()
                client.get("/api/v1/logs", params=given).raise_for_status()
                paged_s = perf_counter()
                answer = client.get(
                    "/api/v1/logs/overview", params=filter_out(query)
                ).raise_for_status()
                times.append(((paged_s - begun_s) * 1000, (perf_counter() - paged_s) * 1000))
                total = int(answer.json()["total"])
            middle = (_middle([one[0] for one in times]), _middle([one[1] for one in times]))
            print(f"| {name} | {total} | {middle[0]:.1f} ms | {middle[1]:.1f} ms |")
            yield middle


def viewed(browser: Browser, address: str, rounds: int) -> list[float]:
    """From asking for the page until its first row is painted, in ms, each time in a browser that knows nothing yet."""
    times: list[float] = []
    for _ in range(max(3, rounds)):
        context = browser.new_context()
        page = context.new_page()
        page.add_init_script(SEEN)
        page.goto(address, wait_until="commit")
        page.wait_for_selector(ROWS)
        times.append(float(page.evaluate(PAINTED)))
        context.close()
    return times


def _middle(times: list[float]) -> float:
    return sorted(times)[len(times) // 2]


def _spread(times: list[float]) -> str:
    steps = quantiles(times, n=20)
    return f"middle {steps[9]:.0f} ms, p95 {steps[18]:.0f} ms, worst {max(times):.0f} ms"
