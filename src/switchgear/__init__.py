"""
The public names of switchgear, each loaded when it is first used; nothing else.

    your code ─► call ─► policy ─► your function or an exchange client ─► the wire
                   │        │
                   │        └─ decides: admit? retry? wait? fall back?      (pure: values in, values out)
                   ▼
                 event ─► sinks: metrics · ring · history · stream · logging · alerts
                                               │
                                               ▼
                           dashboard /api-logs · JSON API · CLI

    core/      decides and runs a call; standard library alone     exchange/  trades: models, clients, orders
    observe/   tells what happened                                 server/    shows it: JSON API and pages
    settings   by exchange, method and account                     testing/   for tests of users
    gear       settings -> policies; owns what observes            practice/  practice exchange and demo
    guide      the guide's function names on a default gear        cli        demo, serve, sim
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switchgear.core.clock import Clock as Clock
    from switchgear.core.clock import SystemClock as SystemClock
    from switchgear.core.errors import ApiError as ApiError
    from switchgear.core.errors import AttemptTimeout as AttemptTimeout
    from switchgear.core.errors import BulkheadFullError as BulkheadFullError
    from switchgear.core.errors import CircuitOpenError as CircuitOpenError
    from switchgear.core.errors import DeadlineExceeded as DeadlineExceeded
    from switchgear.core.errors import GateClosedError as GateClosedError
    from switchgear.core.errors import JournalUnavailable as JournalUnavailable
    from switchgear.core.errors import NetworkError as NetworkError
    from switchgear.core.errors import OrderOutcomeUnknown as OrderOutcomeUnknown
    from switchgear.core.errors import OrderRefused as OrderRefused
    from switchgear.core.errors import Rejected as Rejected
    from switchgear.core.errors import SettingsError as SettingsError
    from switchgear.core.errors import SwitchgearError as SwitchgearError
    from switchgear.core.errors import WouldBlockLoop as WouldBlockLoop
    from switchgear.core.event import AttemptStarted as AttemptStarted
    from switchgear.core.event import CallCancelled as CallCancelled
    from switchgear.core.event import CallFailed as CallFailed
    from switchgear.core.event import CallIgnored as CallIgnored
    from switchgear.core.event import CallJoined as CallJoined
    from switchgear.core.event import CallRejected as CallRejected
    from switchgear.core.event import CallSucceeded as CallSucceeded
    from switchgear.core.event import CircuitMoved as CircuitMoved
    from switchgear.core.event import FallbackExhausted as FallbackExhausted
    from switchgear.core.event import FallbackFailed as FallbackFailed
    from switchgear.core.event import FallbackServed as FallbackServed
    from switchgear.core.event import GateClosed as GateClosed
    from switchgear.core.event import HedgeStarted as HedgeStarted
    from switchgear.core.event import IntentMoved as IntentMoved
    from switchgear.core.event import Note as Note
    from switchgear.core.event import OrderCalled as OrderCalled
    from switchgear.core.event import RetryScheduled as RetryScheduled
    from switchgear.core.event import RetryWithheld as RetryWithheld
    from switchgear.core.event import SettingsRead as SettingsRead
    from switchgear.core.event import SinkFailed as SinkFailed
    from switchgear.core.event import StoreBack as StoreBack
    from switchgear.core.event import StoreLost as StoreLost
    from switchgear.core.event import Wire as Wire
    from switchgear.core.guarded import Guarded as Guarded
    from switchgear.core.outcome import Err as Err
    from switchgear.core.outcome import Ok as Ok
    from switchgear.core.outcome import Served as Served
    from switchgear.core.policy.budget import BudgetView as BudgetView
    from switchgear.core.policy.circuit_view import CircuitView as CircuitView
    from switchgear.core.policy.fallback import last_good as last_good
    from switchgear.core.policy.fallback import source as source
    from switchgear.core.policy.fallback import static as static
    from switchgear.core.policy.gate import GateView as GateView
    from switchgear.core.policy.weight import LedgerView as LedgerView
    from switchgear.core.redact import register_secret as register_secret
    from switchgear.core.verdict import classify as classify
    from switchgear.core.words import CircuitState as CircuitState
    from switchgear.core.words import Effect as Effect
    from switchgear.core.words import Key as Key
    from switchgear.core.words import Kind as Kind
    from switchgear.core.words import Level as Level
    from switchgear.core.words import Scope as Scope
    from switchgear.core.words import Verdict as Verdict
    from switchgear.gear import Switchgear as Switchgear
    from switchgear.guide import DEFAULT_FAILURE_THRESHOLD as DEFAULT_FAILURE_THRESHOLD
    from switchgear.guide import DEFAULT_RESET_TIMEOUT_MS as DEFAULT_RESET_TIMEOUT_MS
    from switchgear.guide import LogLevel as LogLevel
    from switchgear.guide import can_make_api_call as can_make_api_call
    from switchgear.guide import clear_logs as clear_logs
    from switchgear.guide import debug_circuit_breaker as debug_circuit_breaker
    from switchgear.guide import default_gear as default_gear
    from switchgear.guide import enable_debug_logging as enable_debug_logging
    from switchgear.guide import execute_alpaca_call as execute_alpaca_call
    from switchgear.guide import execute_alpaca_call_sync as execute_alpaca_call_sync
    from switchgear.guide import execute_binance_call as execute_binance_call
    from switchgear.guide import execute_binance_call_sync as execute_binance_call_sync
    from switchgear.guide import execute_circuit_breaker as execute_circuit_breaker
    from switchgear.guide import execute_circuit_breaker_sync as execute_circuit_breaker_sync
    from switchgear.guide import execute_coinbase_call as execute_coinbase_call
    from switchgear.guide import execute_coinbase_call_sync as execute_coinbase_call_sync
    from switchgear.guide import export_logs as export_logs
    from switchgear.guide import get_api_call_metrics as get_api_call_metrics
    from switchgear.guide import get_logs as get_logs
    from switchgear.guide import is_retryable_error as is_retryable_error
    from switchgear.guide import log as log
    from switchgear.guide import log_api_call_attempt as log_api_call_attempt
    from switchgear.guide import log_api_call_failure as log_api_call_failure
    from switchgear.guide import log_api_call_success as log_api_call_success
    from switchgear.guide import record_api_call as record_api_call
    from switchgear.guide import record_circuit_breaker_result as record_circuit_breaker_result
    from switchgear.guide import retry_with_backoff as retry_with_backoff
    from switchgear.guide import retry_with_backoff_sync as retry_with_backoff_sync
    from switchgear.guide import set_circuit_breaker_config as set_circuit_breaker_config
    from switchgear.guide import use_gear as use_gear
    from switchgear.observe.health import Health as Health
    from switchgear.observe.metrics import CallMetrics as CallMetrics
    from switchgear.observe.record import LogRecord as LogRecord

_HOMES = {
    "core.guarded": "Guarded",
    "core.clock": "Clock SystemClock",
    "core.errors": "ApiError AttemptTimeout BulkheadFullError CircuitOpenError DeadlineExceeded GateClosedError "
    "JournalUnavailable NetworkError OrderOutcomeUnknown OrderRefused Rejected SettingsError SwitchgearError "
    "WouldBlockLoop",
    "core.event": "AttemptStarted CallCancelled CallFailed CallIgnored CallJoined CallRejected CallSucceeded "
    "CircuitMoved FallbackExhausted FallbackFailed FallbackServed GateClosed HedgeStarted IntentMoved Note "
    "OrderCalled RetryScheduled RetryWithheld SettingsRead SinkFailed StoreBack StoreLost Wire",
    "core.outcome": "Err Ok Served",
    "core.policy.budget": "BudgetView",
    "core.policy.circuit_view": "CircuitView",
    "core.policy.fallback": "last_good source static",
    "core.policy.gate": "GateView",
    "core.policy.weight": "LedgerView",
    "core.redact": "register_secret",
    "core.verdict": "classify",
    "core.words": "CircuitState Effect Key Kind Level Scope Verdict",
    "gear": "Switchgear",
    "guide": "DEFAULT_FAILURE_THRESHOLD DEFAULT_RESET_TIMEOUT_MS LogLevel can_make_api_call clear_logs "
    "debug_circuit_breaker default_gear enable_debug_logging execute_alpaca_call execute_alpaca_call_sync "
    "execute_binance_call execute_binance_call_sync execute_circuit_breaker execute_circuit_breaker_sync "
    "execute_coinbase_call execute_coinbase_call_sync export_logs get_api_call_metrics get_logs "
    "is_retryable_error log log_api_call_attempt log_api_call_failure log_api_call_success "
    "record_api_call record_circuit_breaker_result retry_with_backoff retry_with_backoff_sync "
    "set_circuit_breaker_config use_gear",
    "observe.health": "Health",
    "observe.metrics": "CallMetrics",
    "observe.record": "LogRecord",
}
_ROOMS = frozenset({"exchange", "guide", "testing"})
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if name in _ROOMS:
        return import_module(f"switchgear.{name}")
    if home is None:
        raise AttributeError(f"module 'switchgear' has no attribute {name!r}")
    found = getattr(import_module(f"switchgear.{home}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF, *_ROOMS})
