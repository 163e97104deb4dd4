"""Owns the shapes of the JSON API as OpenAPI describes them; the values are left to api."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class ErrorDetail(BaseModel):
    """What was wrong with a request."""

    message: str
    field: str | None = Field(None, description="The parameter that is wrong.")
    value: str | None = Field(None, description="What it was.")
    allowed: str | None = Field(None, description="What it may be.")


class Error(BaseModel):
    """The answer to a request that failed."""

    error: ErrorDetail


class Record(BaseModel):
    """One fact, as an export has it. Fields that it does not have are null."""

    id: int = Field(description="Grows with each record; pages are cut by it.")
    at_ms: int = Field(description="When, in milliseconds since 1970 UTC.")
    at: str = Field(description="The same instant, ISO 8601 in UTC.")
    level: str = Field(description="DEBUG, INFO, WARNING, ERROR or CRITICAL.")
    event: str
    exchange: str
    method: str
    account: str
    message: str
    call_id: int | None = Field(
        description="The same for all records of one call; null where there is no call."
    )
    attempt: int | None
    duration_ms: float | None
    kind: str | None
    status: int | None
    code: str | None
    source: str | None = Field(description="Where a fallback's value came from.")
    scope: str | None = Field(description="What was closed or rejected.")
    order_id: str | None = Field(description="The client order id of the order that it is about.")
    run: int = Field(description="The process that it is of; 0 for the one that answers.")
    detail: dict[str, Any]


class LogPage(BaseModel):
    """Records that match a filter, newest first."""

    records: list[Record]
    next_before_id: int | None = Field(
        description="Ask again with before_id for older ones; null at the end."
    )
    count: int | None = Field(
        description="How many match, counted up to 10,000; null with `count=no`."
    )
    count_is_exact: bool | None = Field(
        description="Whether all were counted; null with `count=no`."
    )
    newest_id: int = Field(
        description="The newest record there is, matching or not; a live tail starts behind it."
    )
    now_ms: int


class CallPage(BaseModel):
    """Every record of one call, in the order in which they happened."""

    records: list[Record]


class Count(BaseModel):
    """How many records match a filter, and that filter with its ends fixed."""

    count: int
    filter: dict[str, str] = Field(
        description="The same filter with its ends fixed: give it to `clear`."
    )


class ClearOrder(BaseModel):
    """What to clear, with its count as it was shown to a person."""

    model_config = ConfigDict(extra="forbid", strict=True)

    filter: dict[str, str]
    confirm_count: int = Field(ge=0)


class Cleared(BaseModel):
    """How many records were removed."""

    cleared: int


class NamesOut(BaseModel):
    """What the filters offer."""

    exchanges: list[str]
    methods: list[str]
    levels: list[str]


class Counts(BaseModel):
    """What happened to the calls of one circuit."""

    total_calls: int
    success_calls: int
    failed_calls: int
    in_flight: int
    rejected_calls: int
    retried_attempts: int
    fallback_calls: int
    success_rate: float = Field(description="0 to 1; 1 while nothing ended.")
    p50_ms: float
    p95_ms: float
    p99_ms: float
    last_error: str | None
    last_error_at_ms: int | None


class WindowOut(BaseModel):
    """What a circuit remembers of its last calls, or of those of its last seconds."""

    calls: int
    failures: int
    slow: int
    asked: int = Field(description="Calls that wanted to be made, let through or not.")
    passed: int = Field(description="Those of them that were let through.")


class CircuitOut(BaseModel):
    """One circuit: of a method, or of something wider that several methods share."""

    exchange: str
    method: str = Field(
        description="`@exchange`, `@address` or `@account` for a circuit wider than a method."
    )
    account: str
    state: str = Field(
        description="closed, open, half_open, forced_open, forced_closed or metrics_only."
    )
    since_ms: int = Field(description="Epoch ms at which it went into this state.")
    reason: str
    by: str = Field(description="Who holds it; empty when nobody does.")
    retry_after_s: float | None = Field(
        description="Seconds until a call or probe is admitted; null when only a person can tell."
    )
    hold_ends_in_s: float | None = Field(
        description="Seconds until a person's hold ends by itself; null where nobody holds it, and "
        "until it is released."
    )
    failures: int
    failure_threshold: int | None
    reset_timeout_s: float | None
    openings: int
    counts: Counts
    seen_ms: int | None = Field(
        description="Epoch ms at which this was written down; null when it is live."
    )
    scope: str = Field(description="method, account, address or exchange: what it stands for.")
    passing: float | None = Field(
        description="Share of the calls that it lets through, 0 to 1: 0 while open and while its "
        "probes decide, less than 1 in a ramp or throttled; null from a file."
    )
    window: WindowOut | None = Field(
        description="null while no rule needs a window, and from a file."
    )
    held_back_by: str | None = Field(
        description="account, address or exchange: the widest circuit that does not let all calls "
        "of this method through, whatever its own state is; null when none does."
    )
    until_ms: int | None = Field(
        description="Epoch ms of the next probe or of the end of a hold; null while calls go "
        "through, and when only a person can tell."
    )
    run: int = Field(description="The process that it is of; 0 for the one that answers.")


class GateOut(BaseModel):
    """A gate that rejects calls at the moment."""

    exchange: str
    scope: str
    account: str
    retry_after_s: float
    reason: str
    orders_only: bool = Field(description="It holds back new orders alone.")
    public_only: bool = Field(description="It holds back calls without a key alone.")


class LimitOut(BaseModel):
    """What is used of one limit of an exchange in its present window."""

    exchange: str
    limit: str = Field(description="What the limit is called here, as `request_weight`.")
    scope: str = Field(description="address or account: who uses it up.")
    account: str = Field(description="Empty unless the scope is account.")
    used: float = Field(
        description="What is on its way included. Market data stops at 80 % of the capacity, "
        "orders and account reads at 90 %; the rest is for cancels and lookups of orders."
    )
    capacity: float
    period_s: float
    resets_in_s: float


class BudgetOut(BaseModel):
    """What all retries of one exchange have left in common."""

    exchange: str
    tokens: int | None = Field(description="What is left; null when it is unlimited.")
    tokens_max: int | None = Field(
        description="When it is full; 0 allows no retry, null is unlimited."
    )
    withheld: int = Field(description="Retries that were not made for want of tokens.")


class BoardOut(BaseModel):
    """Every circuit, the gates that are closed, and what is used of limits and retry budgets."""

    circuits: list[CircuitOut]
    gates: list[GateOut]
    limits: list[LimitOut] = Field(description="Those that are known; empty from a file.")
    budgets: list[BudgetOut] = Field(description="One of each exchange; empty from a file.")
    now_ms: int


class DegradedOut(BaseModel):
    """One exchange that does not serve everything."""

    exchange: str
    words: str = Field(description="What is wrong, since when, and until when.")
    methods: list[str] = Field(
        description="What is not called at the moment; empty when a gate holds back all."
    )
    served_from: list[str] = Field(
        description="`method: source` for what was answered from elsewhere."
    )


class HealthOut(BaseModel):
    """How things stand, in words."""

    status: str = Field(description="ok, degraded or down.")
    summary: str
    degraded: list[DegradedOut]
    now_ms: int


class StatusOut(BaseModel):
    """Where the records come from, and how many never arrived."""

    source: str
    name: str
    writable: bool
    dropped: int
    dropped_warnings: int
    lost: int
    export_forms: list[str] = Field(description="What `logs/export` takes as its `format`.")
    version: str
    now_ms: int


_TEXTS = {
    "exchange": "An exchange's name.",
    "method": "A method's name.",
    "account": "An account's name.",
    "level": "At least this level: debug, info, warning, error or critical.",
    "event": "A kind of fact, as `call_failed`.",
    "outcome": "How a call ended: success, failed, rejected, fallback, joined, ignored or cancelled.",
    "kind": "A kind of error, as `rate_limited`.",
    "scope": "What was closed or rejected: method, account, address or exchange.",
    "order_id": "The client order id of an order.",
    "since": "Not older than: epoch ms, ISO 8601 with a zone, or relative as `-15m`.",
    "until": "Not newer than: as since.",
    "text": "Words, each of which begins a word of the record, in any case.",
    "call_id": "The records of one call.",
    "run": "The records of one process's spell, in a history file.",
    "before_id": "Records older than this one.",
    "after_id": "Records newer than this one.",
    "limit": "How many at most.",
}

FILTER: list[dict[str, Any]] = [
    {
        "name": name,
        "in": "query",
        "required": False,
        "schema": {"type": "string"},
        "description": text,
    }
    for name, text in _TEXTS.items()
]
"""The filter's parameters, as OpenAPI has them."""

COUNT: dict[str, Any] = {
    "name": "count",
    "in": "query",
    "required": False,
    "schema": {"type": "string", "enum": ["yes", "no"], "default": "yes"},
    "description": "Whether to count what matches; a page that has its overview need not.",
}
"""What a page of records takes beside its filter."""
