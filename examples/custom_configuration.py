"""Owns the guide's custom configuration: other numbers for one method, for an exchange, for one call."""

import switchgear as sg
from switchgear.guide import (
    default_gear,
    execute_binance_call_sync,
    set_circuit_breaker_config,
    use_gear,
)


def show(method: str) -> None:
    rules = default_gear().circuit("binance", method).rules
    print(f"{method}: opens after {rules.failure_threshold}, for {rules.reset_timeout_s:g} s")


def main() -> None:
    show("get_market_data")
    custom = {"failureThreshold": 5, "resetTimeoutMs": 60000}
    set_circuit_breaker_config("Binance", "getMarketData", custom)
    set_circuit_breaker_config("Binance", "*", {"failure_threshold": 4})
    execute_binance_call_sync("getTime", lambda: 0, {"reset_timeout_ms": 1500})
    for method in ("get_market_data", "get_portfolio", "get_time"):
        show(method)
    try:
        set_circuit_breaker_config("Binance", "getMarketData", {"failureTreshold": 5})
    except sg.SettingsError as error:
        print(f"refused: {error}")


if __name__ == "__main__":
    with sg.Switchgear() as gear:
        use_gear(gear)
        main()
