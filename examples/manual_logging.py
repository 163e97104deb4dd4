"""Owns the guide's manual logging, and its basic pattern by hand: ask, record the call, record its result."""

from urllib.error import URLError
from urllib.request import urlopen

import switchgear as sg
from switchgear.guide import (
    LogLevel,
    can_make_api_call,
    get_logs,
    log,
    log_api_call_attempt,
    record_api_call,
    record_circuit_breaker_result,
    use_gear,
)
from switchgear.practice.sim.server import SimThread

KEY = ("binance", "ping")


def ping(sim: SimThread, clock: sg.Clock) -> None:
    if not can_make_api_call(*KEY):
        print("not called: the circuit is open")
        return
    record_api_call(*KEY, "attempt")
    start_s = clock.monotonic_s()
    try:
        with urlopen(f"{sim.base_url}/api/v3/ping", timeout=2) as answer:  # noqa: S310  its own address
            answer.read()
    except URLError as error:
        record_api_call(*KEY, "failure", 0, error)
        record_circuit_breaker_result(*KEY, success=False)
        print(f"failed: {error}")
    else:
        record_api_call(*KEY, "success", (clock.monotonic_s() - start_s) * 1000)
        record_circuit_breaker_result(*KEY, success=True)
        print("answered")


def main(sim: SimThread, clock: sg.Clock) -> None:
    ping(sim, clock)
    sim.add_faults({"match": "ping", "action": "answer", "status": 503})
    for _ in range(4):
        ping(sim, clock)
    log_api_call_attempt("binance", "getMarketData")
    log(
        level=LogLevel.WARNING,
        exchange="binance",
        method="placeOrder",
        message="Order placed but confirmation delayed",
        metadata={"orderId": "12345", "status": "pending"},
    )
    for record in reversed(get_logs()):
        print(f"  {record.level.name:8} {record.exchange}.{record.method}: {record.message}")


if __name__ == "__main__":
    with sg.Switchgear() as gear, SimThread() as sim:
        use_gear(gear)
        main(sim, gear.clock)
