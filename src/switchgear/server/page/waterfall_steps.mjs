// Owns what the records of one call say of its course: attempts, waits, rejections, fallbacks, each with its time.
import { millis, words } from "./format.mjs";

const ENDS = {
  call_succeeded: ["attempt", "good", "succeeded"],
  call_failed: ["attempt", "bad", "failed"],
  call_ignored: ["attempt", "quiet", "ended with an ignored error"],
  call_cancelled: ["attempt", "quiet", "cancelled"],
};

const OVER = new Set(["call_succeeded", "call_ignored", "call_cancelled", "call_joined", "fallback_served", "fallback_exhausted"]);
const LOST = new Set(["call_failed", "call_rejected"]);

/** So long after its newest record, and the wait that it told of, more of a call may come. */
export const JUST_NOW_MS = 60_000;

const delayOf = (record) => Number(record.detail.delay_ms) || 0;

/** Whether one of the records is of just now, or its wait was over just now, by the browser's date. */
function isYoung(records, nowMs) {
  return records.some((record) => record.at_ms - nowMs < JUST_NOW_MS && nowMs - record.at_ms - delayOf(record) < JUST_NOW_MS);
}

/**
 * What a call's records say of its end: "sure"; "perhaps", where a fallback may still answer; "none", and it may come;
 * "missing", where it was not written, or dropped or cleared, or the program ended first.
 */
export function endOf(records, nowMs) {
  if (!records.length || records.some((record) => OVER.has(record.event))) return "sure";
  const goesOn = records.some((record) => record.event === "fallback_failed"); // the next one is asked
  if (!goesOn && records.some((record) => LOST.has(record.event))) return "perhaps";
  return isYoung(records, nowMs) ? "none" : "missing";
}

const again = (record) => record.event === "retry_scheduled";

function why(record) {
  const told = [record.kind && words(record.kind), record.status, record.code && `code ${record.code}`];
  return told.filter(Boolean).join(", ");
}

/** A failed attempt, and the wait before the next one. */
function retried(record) {
  const endMs = record.at_ms;
  const delayMs = delayOf(record);
  const attempt = {
    record, kind: "attempt", mood: "bad", name: `Attempt ${record.attempt}`, said: `failed: ${why(record) || "an error"}`,
    fromMs: endMs - (record.duration_ms ?? 0), toMs: endMs,
  };
  const wait = {
    record, kind: "wait", mood: "wait", name: "Wait", said: `before attempt ${record.attempt + 1}`, fromMs: endMs, toMs: endMs + delayMs,
  };
  return delayMs ? [attempt, wait] : [attempt];
}

/** The last attempt: from the end of the last wait, or from the call's begin. */
function ended(record, records) {
  const [kind, mood, verb] = ENDS[record.event];
  const last = records.filter(again).at(-1);
  const begunMs = record.at_ms - (record.duration_ms ?? 0);
  const waitedMs = last ? last.at_ms + delayOf(last) : begunMs;
  const fromMs = Math.min(record.at_ms, Math.max(begunMs, waitedMs));
  const name = `Attempt ${record.attempt ?? 1}`;
  const said = [verb, record.event === "call_failed" ? why(record) : ""].filter(Boolean).join(": ");
  return { record, kind, mood, name, said, fromMs, toMs: record.at_ms };
}

const at = (record, kind, mood, name, said) => ({
  record, kind, mood, name, said, fromMs: record.at_ms, toMs: record.at_ms,
});

function beside(record) {
  switch (record.event) {
    case "call_rejected":
      return at(record, "rejection", "bad", "Rejected", `by the ${record.scope ?? "circuit"}: ${record.detail.reason ?? record.message}`);
    case "fallback_served":
      return at(record, "fallback", "good", "Fallback", `${record.source} served`);
    case "fallback_failed":
      return at(record, "fallback", "bad", "Fallback", `${record.source} failed`);
    case "fallback_exhausted":
      return at(record, "fallback", "bad", "Fallback", "none had a value");
    case "hedge_started":
      return at(record, "hedge", "quiet", "Hedge", "a second attempt beside the first");
    case "retry_withheld":
      return at(record, "rejection", "bad", "No retry", "the budget is used up");
    case "order_called":
      return at(record, "note", "quiet", "Order", `${record.order_id}, attempt ${record.attempt}`);
    case "call_joined":
      return { ...at(record, "wait", "wait", "Joined", "an equal call in flight"), fromMs: record.at_ms - (record.duration_ms ?? 0) };
    default:
      return at(record, "note", "quiet", words(record.event), "");
  }
}

function wired(record) {
  const status = record.detail.answer?.status ?? record.status;
  const { method = "", url = "" } = record.detail.request ?? {};
  const path = url.replace(/^[^:]*:\/\/[^/]*/, "").replace(/[?#].*/, "") || "/";
  const said = [method, path, `→ ${status ?? "no answer"}`].filter(Boolean).join(" ");
  return { ...at(record, "wire", "quiet", "Request", said), fromMs: record.at_ms - (record.duration_ms ?? 0) };
}

function stepOf(record, records) {
  if (again(record)) return retried(record);
  if (record.event in ENDS) return [ended(record, records)];
  if (record.event === "wire") return [wired(record)];
  return record.event === "attempt_started" ? [] : [beside(record)];
}

/** The steps in order, with from and to as shares of the whole, and how long the whole took. */
export function stepsOf(records) {
  const steps = records.flatMap((record) => stepOf(record, records));
  if (!steps.length) return { steps, tookMs: 0 };
  const fromMs = Math.min(...steps.map((step) => step.fromMs));
  const toMs = Math.max(...steps.map((step) => step.toMs));
  const tookMs = toMs - fromMs;
  const share = (ms) => (tookMs ? (ms - fromMs) / tookMs : 0);
  const placed = steps.map((step) => ({
    ...step, left: share(step.fromMs), right: share(step.toMs),
    took: step.toMs > step.fromMs ? `${millis(step.toMs - step.fromMs)} ms` : step.fromMs > fromMs ? `at ${millis(step.fromMs - fromMs)} ms` : "",
  }));
  return { steps: placed.sort((one, other) => one.fromMs - other.fromMs || one.toMs - other.toMs), tookMs };
}
