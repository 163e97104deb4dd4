// Owns the columns of /calls: how each is shown, sorted, added up for an exchange, and written as CSV.
import { millis, share, whole } from "./format.mjs";

const counted = (name, title, hint, more = {}) => ({ name, title, hint, number: true, summed: true, shown: (row) => whole(row[name]), ...more });
const ended = (row) => row.success_calls + row.failed_calls;
const duration = (name, title, hint) => ({
  name, title, hint, number: true, shown: (row) => (row[name] === null ? "" : row.success_calls ? millis(row[name]) : "–"),
});

export const COLUMNS = [
  { name: "method", title: "Method", hint: "Method, and the account where it is not main" },
  { name: "circuit_state", title: "Circuit", hint: "What decides about its calls now", shown: (row) => row.circuit_state },
  counted("total_calls", "Calls", "Calls of which at least one attempt was made"),
  counted("success_calls", "Success", "Calls that have their value from the exchange"),
  counted("failed_calls", "Failed", "Calls that ended with an error", { loud: true }),
  { name: "success_rate", title: "Rate", hint: "Successes among successes and failures", number: true, shown: (row) => (ended(row) ? share(row.success_rate) : "–") },
  duration("average_duration_ms", "avg ms", "Average of the successes"),
  duration("min_duration_ms", "min", "The shortest success, ms"),
  duration("max_duration_ms", "max", "The longest success, ms"),
  duration("p50_ms", "p50", "Half of the successes took no longer, ms"),
  duration("p95_ms", "p95", "95 in 100 took no longer, ms"),
  duration("p99_ms", "p99", "99 in 100 took no longer, ms"),
  counted("retried_attempts", "Retried", "Attempts that failed and were followed by another", { loud: true }),
  counted("fallback_calls", "Fallback", "Calls that were answered from elsewhere", { loud: true }),
  counted("rejected_calls", "Rejected", "Calls that were not made", { loud: true }),
  counted("circuit_openings", "Opened", "How often the circuit opened by itself", { loud: true }),
  { name: "last_error", title: "Last error", hint: "The newest error", shown: (row) => row.last_error ?? "" },
];

/** The sums of an exchange; percentiles of several methods cannot be had from theirs, and are left out. */
export function sumOf(exchange, rows) {
  const sum = (name) => rows.reduce((total, row) => total + row[name], 0);
  const found = Object.fromEntries(COLUMNS.filter((one) => one.summed).map(({ name }) => [name, sum(name)]));
  const some = rows.filter((row) => row.success_calls);
  const newest = rows.filter((row) => row.last_error_at).sort((a, b) => b.last_error_at.localeCompare(a.last_error_at))[0];
  return {
    ...found,
    exchange,
    method: exchange,
    account: "main",
    circuit_state: "",
    success_rate: ended(found) ? found.success_calls / ended(found) : 1,
    average_duration_ms: found.success_calls ? rows.reduce((total, row) => total + row.average_duration_ms * row.success_calls, 0) / found.success_calls : 0,
    min_duration_ms: some.length ? Math.min(...some.map((row) => row.min_duration_ms)) : 0,
    max_duration_ms: some.length ? Math.max(...some.map((row) => row.max_duration_ms)) : 0,
    p50_ms: null,
    p95_ms: null,
    p99_ms: null,
    last_error: newest?.last_error ?? null,
  };
}

function compared(a, b) {
  if (typeof a === "number" || typeof b === "number") return (a ?? -1) - (b ?? -1);
  return (a ?? "").localeCompare(b ?? "");
}

/** Rows by a column; what is the same there goes by exchange, method and account. */
export function sorted(rows, { by, down }) {
  const last = (row) => `${row.exchange} ${row.method} ${row.account}`;
  const sign = down ? -1 : 1;
  return [...rows].sort((a, b) => sign * compared(a[by], b[by]) || last(a).localeCompare(last(b)));
}

const CSV = ["exchange", "method", "account", ...COLUMNS.slice(1).map(({ name }) => name), "last_error_at"];

/** A field as RFC 4180 has it; one that a spreadsheet would take for a formula gets a mark before it. */
function field(value) {
  const text = value === null || value === undefined ? "" : String(value);
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csv(rows) {
  return [CSV.join(), ...rows.map((row) => CSV.map((name) => field(row[name])).join())].join("\r\n");
}
