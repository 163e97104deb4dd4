// Owns how a circuit reads: its name, why it is as it is, what comes next, what holds it back.
import { accountTag, clock, day, methodName, part, plural, span, whole, wide, words } from "./format.mjs";

export const HELD = new Set(["forced_open", "forced_closed", "metrics_only"]);
/** Held so that every call passes. */
export const PASSING_BY_HAND = new Set(["forced_closed", "metrics_only"]);
const WIDEST_FIRST = ["exchange", "address", "account", "method"];
const URGENT = ["open", "forced_open", "half_open", "metrics_only", "forced_closed", "closed"];

export const passesSome = (circuit) => circuit.passing > 0 && circuit.passing < 1;
export const nameOf = (circuit) => methodName(circuit.method, circuit.account);
export const keyOf = ({ exchange, method, account }) => `${exchange} ${method} ${account}`;
export const isSame = (one, other) => Boolean(one && other) && keyOf(one) === keyOf(other);

/** What is wider than a method, within a sentence. */
export const theWide = (scope, account) => (scope === "exchange" ? "the whole exchange" : wide(scope, account));

/** A circuit with its exchange, within a sentence: create_order of binance, account second. */
export function placeOf({ exchange, method, account }) {
  if (method === "@exchange") return `the whole exchange ${exchange}`;
  const of = `${method.startsWith("@") ? methodName(method, account) : method} of ${exchange}`;
  return account === "main" || method.startsWith("@") ? of : `${of}, ${account === "*" ? "all accounts" : `account ${account}`}`;
}

/** What stands behind a circuit's name where its exchange is not to be seen: of binance, account second. */
export function behind({ exchange, method, account }) {
  const tag = accountTag(method, account);
  return `${method === "@exchange" ? "" : "of "}${exchange}${tag ? `, account ${tag}` : ""}`;
}

/** What is wider first; then, within the same width, what is most urgent. */
export const inOrder = (a, b) =>
  WIDEST_FIRST.indexOf(a.scope) - WIDEST_FIRST.indexOf(b.scope) ||
  URGENT.indexOf(a.state) - URGENT.indexOf(b.state) ||
  a.method.localeCompare(b.method) ||
  a.account.localeCompare(b.account);

const WORST = [["open", "forced_open"], ["half_open"], ["metrics_only", "forced_closed"], ["closed"]];
const rank = ({ state }) => WORST.findIndex((states) => states.includes(state));

/** What refuses calls before what passes them; then as on the board. */
export const worstFirst = (a, b) => rank(a) - rank(b) || inOrder(a, b);

/** Until when: 14:03:22, with its day where that is another. */
export function timeOf(ms, nowMs, digits = 8) {
  const at = clock(ms).slice(0, digits);
  return day(ms) === day(nowMs) ? at : `${day(ms)} ${at}`;
}

const failed = ({ failures, failure_threshold: most }) =>
  most === null ? plural(failures, "failure") : `${failures} of ${plural(most, "failure")}`;

/** Why it is in its state; for one that is closed, what it has counted. */
export function whyOf(circuit) {
  const counted = circuit.state === "closed" && circuit.failures > 0 ? `${failed(circuit)} in a row` : "";
  const text = circuit.reason || counted;
  return circuit.by ? `held by ${circuit.by}${text ? `: ${text}` : ""}` : text;
}

/** What comes next, in words, and how much of it is left of how much; empty where nothing does. */
export function nextOf(circuit, age, nowMs) {
  if (HELD.has(circuit.state)) return heldUntil(circuit, age, nowMs);
  if (passesSome(circuit)) return { words: `${part(circuit.passing)} pass`, done: circuit.passing, of: 1 };
  if (circuit.state === "closed") return null;
  const left = Math.max(0, (circuit.retry_after_s ?? 0) - age);
  if (left === 0) return { words: "next call is a probe" };
  const all = Math.max(circuit.reset_timeout_s ?? 0, circuit.retry_after_s);
  return { words: `next probe in ${span(Math.ceil(left))}`, done: all - left, of: all };
}

function heldUntil({ hold_ends_in_s: ends }, age, nowMs) {
  if (ends === null) return { words: "until released" };
  const left = Math.max(0, ends - age);
  const at = timeOf(nowMs + left * 1000, nowMs, 5);
  return { words: left ? `until ${at}, ${span(Math.ceil(left))} more` : "its time is over" };
}

/** What a circuit remembers of its last calls. */
export function windowWords({ calls, failures, slow, asked, passed }) {
  const slowly = slow ? `, ${whole(slow)} slow` : "";
  const held = asked > passed ? `, ${whole(asked - passed)} of ${whole(asked)} not let through` : "";
  return `in its window: ${whole(failures)} of ${plural(calls, "attempt")} failed${slowly}${held}`;
}

/** Whether what is wider holds back a circuit of the same exchange. */
export const holdsBack = (wider, circuit) =>
  circuit.held_back_by === wider.scope && (wider.scope !== "account" || wider.account === circuit.account);

/** By what a method's calls are held back, all or some: its own state is not the whole truth. */
export function heldWords(circuit, holder) {
  const name = theWide(circuit.held_back_by, circuit.account);
  return holder && passesSome(holder) ? `${name} lets ${part(holder.passing)} pass` : `held back by ${name}`;
}

/** How many circuits there are, how many of them hold calls back, and how many a person lets pass. */
export function summed(circuits) {
  if (!circuits.length) return "not called yet";
  const counts = new Map([["not closed", 0], ["metrics only", 0], ["forced closed", 0]]);
  for (const { state } of circuits.filter((circuit) => circuit.state !== "closed")) {
    const name = PASSING_BY_HAND.has(state) ? words(state) : "not closed";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const told = [...counts].filter(([, count]) => count).map(([name, count]) => `${count} ${name}`);
  return [plural(circuits.length, "circuit"), ...(told.length ? told : ["all closed"])].join(", ");
}

/** The filter of the log that finds a circuit's own calls; of one that is wider, all that pass it. */
export function callsOf({ exchange, method, account }) {
  if (!method.startsWith("@")) return { exchange, method, account };
  return method === "@account" ? { exchange, account } : { exchange };
}
