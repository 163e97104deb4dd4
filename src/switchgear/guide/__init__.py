"""
Owns the guide's function names on a default gear, times in milliseconds; what they do is done by
the gear.

Each has the behaviour that the guide describes; docs/reference/guide.md maps the names, and says
where we differ on purpose.
"""

from switchgear.core.errors import ApiError, NetworkError
from switchgear.core.words import Level as LogLevel
from switchgear.guide.calls import (
    execute_alpaca_call,
    execute_alpaca_call_sync,
    execute_binance_call,
    execute_binance_call_sync,
    execute_circuit_breaker,
    execute_circuit_breaker_sync,
    execute_coinbase_call,
    execute_coinbase_call_sync,
)
from switchgear.guide.config import (
    DEFAULT_FAILURE_THRESHOLD,
    DEFAULT_RESET_TIMEOUT_MS,
    set_circuit_breaker_config,
)
from switchgear.guide.debug import debug_circuit_breaker, enable_debug_logging
from switchgear.guide.desk import default_gear, use_gear
from switchgear.guide.logs import (
    clear_logs,
    export_logs,
    get_logs,
    log,
    log_api_call_attempt,
    log_api_call_failure,
    log_api_call_success,
)
from switchgear.guide.manual import (
    can_make_api_call,
    get_api_call_metrics,
    record_api_call,
    record_circuit_breaker_result,
)
from switchgear.guide.retry import is_retryable_error, retry_with_backoff, retry_with_backoff_sync

__all__ = [
    "DEFAULT_FAILURE_THRESHOLD",
    "DEFAULT_RESET_TIMEOUT_MS",
    "ApiError",
    "LogLevel",
    "NetworkError",
    "can_make_api_call",
    "clear_logs",
    "debug_circuit_breaker",
    "default_gear",
    "enable_debug_logging",
    "execute_alpaca_call",
    "execute_alpaca_call_sync",
    "execute_binance_call",
    "execute_binance_call_sync",
    "execute_circuit_breaker",
    "execute_circuit_breaker_sync",
    "execute_coinbase_call",
    "execute_coinbase_call_sync",
    "export_logs",
    "get_api_call_metrics",
    "get_logs",
    "is_retryable_error",
    "log",
    "log_api_call_attempt",
    "log_api_call_failure",
    "log_api_call_success",
    "record_api_call",
    "record_circuit_breaker_result",
    "retry_with_backoff",
    "retry_with_backoff_sync",
    "set_circuit_breaker_config",
    "use_gear",
]
