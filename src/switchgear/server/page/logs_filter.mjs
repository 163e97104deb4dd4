// Owns what the address of /api-logs says: which part of it is the filter, and which only how it is shown.
import { methodName, stamp, words } from "./format.mjs";
import { go } from "./route.mjs";

export const LEVELS = ["debug", "info", "warning", "error", "critical"];
export const FACETS = ["level", "outcome", "exchange", "method", "account", "kind", "scope", "event"];
const SHOWN = ["columns", "around", "record"];

export class Place {
  constructor(route) {
    this.view = {};
    this.filter = {};
    for (const [name, value] of Object.entries(route)) (SHOWN.includes(name) ? this.view : this.filter)[name] = value;
    this.key = JSON.stringify(this.filter);
  }

  /** Go where another filter holds: the columns stay, an open record or its neighbourhood is left. */
  set(filter, options) {
    go("api-logs", { ...filter, columns: this.view.columns }, options);
  }

  narrow(name, value, options) {
    this.set({ ...this.filter, [name]: value }, options);
  }

  /** Show the same records otherwise: a record opened, its neighbours, other columns. */
  show(part, options) {
    go("api-logs", { ...this.filter, ...this.view, ...part }, options);
  }
}

const NAMES = { since: "from", until: "to", text: "says", order_id: "order", call_id: "call", level: "level" };

export const filterName = (name) => NAMES[name] ?? words(name);

/** A filter's value for people: a date in local time, a span in words. */
export function filterWords(name, value) {
  if (name === "level") return value === "critical" ? value : `${value} and up`;
  if (name === "method") return methodName(value, "");
  if (name === "since" || name === "until") return timeWords(value);
  return ["event", "kind"].includes(name) ? words(value) : value;
}

const SPAN = /^-(\d+)(ms|s|m|h|d)$/;
const UNITS = { ms: "ms", s: "s", m: "min", h: "h", d: "d" };

export function timeWords(value) {
  const found = SPAN.exec(value);
  if (found) return `${found[1]} ${UNITS[found[2]]} ago`;
  const ms = timeOf(value);
  return ms === null ? value : stamp(ms).replace(/\.000$/, "");
}

/** Epoch ms of a date in the address; null for a span, and for what is no date. */
export function timeOf(value) {
  if (!value || value.startsWith("-")) return null;
  const ms = /^\d+$/.test(value) ? Number(value) : Date.parse(value);
  return Number.isNaN(ms) ? null : ms;
}
