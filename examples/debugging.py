"""Owns the guide's debugging: every move of a circuit printed, every attempt in the log."""

import switchgear as sg
from switchgear.guide import (
    enable_debug_logging,
    execute_binance_call_sync,
    get_logs,
    set_circuit_breaker_config,
    use_gear,
)


def fail() -> None:
    raise ConnectionResetError("the exchange reset the connection")


def main(gear: sg.Switchgear) -> None:
    enable_debug_logging()
    set_circuit_breaker_config("*", "*", {"log_level": "debug", "reset_timeout_ms": 50})
    for _ in range(3):
        execute_binance_call_sync("getOrders", fail, fallback=list)
    gear.clock.sleep(0.06)
    execute_binance_call_sync("getOrders", list)
    gear.flush()  # the moves are printed from a thread, soon after they happened
    for record in reversed(get_logs(method="getOrders")):
        print(f"  {record.level.name:8} {record.message}")
    enable_debug_logging(on=False)


if __name__ == "__main__":
    with sg.Switchgear() as gear:
        use_gear(gear)
        main(gear)
