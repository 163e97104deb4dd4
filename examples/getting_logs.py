"""Owns the guide's access to logs: all, filtered, exported, cleared."""

import switchgear as sg
from switchgear.guide import (
    LogLevel,
    clear_logs,
    execute_binance_call_sync,
    execute_coinbase_call_sync,
    export_logs,
    get_logs,
    use_gear,
)


def fail() -> None:
    raise TimeoutError("no answer within 2 s")


def main(clock: sg.Clock) -> None:
    execute_coinbase_call_sync("getAccounts", list[str])
    for _ in range(4):
        execute_binance_call_sync("getAccountBalance", fail, fallback=lambda: {"USDT": 0})
    print(f"{len(get_logs())} records in all")

    now_ms = clock.wall().timestamp() * 1000
    errors = get_logs(
        exchange="binance",
        level=LogLevel.ERROR,
        start_time=now_ms - 24 * 60 * 60 * 1000,  # the last 24 hours
    )
    for record in errors:
        print(f"  {record.level.name} {record.message}")

    print(export_logs("csv", exchange="coinbase"), end="")
    print(f"cleared {clear_logs(exchange='binance')}, kept {len(get_logs())}")


if __name__ == "__main__":
    with sg.Switchgear() as gear:
        use_gear(gear)
        main(gear.clock)
