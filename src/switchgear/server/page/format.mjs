// Owns how numbers, spans and dates read; what they are of is left to the pages.

const WHOLE = new Intl.NumberFormat("en-US");
const two = (n) => String(n).padStart(2, "0");
const three = (n) => String(n).padStart(3, "0");

export const whole = (n) => WHOLE.format(n);

/** What so many are called: order, orders. */
export const noun = (n, one, many = `${one}s`) => (n === 1 ? one : many);

export const plural = (n, one, many) => `${whole(n)} ${noun(n, one, many)}`;

/** 14:03:12.345, local. */
export function clock(ms) {
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${three(at.getMilliseconds())}`;
}

/** 2026-11-23, local. */
export function day(ms) {
  const at = new Date(ms);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

export const stamp = (ms) => `${day(ms)} ${clock(ms)}`;

export const iso = (ms) => new Date(ms).toISOString();

/** Milliseconds in few digits: 0.42, 4.2, 42, 4,210. */
export function millis(ms) {
  if (ms === null || ms === undefined) return "";
  if (ms < 1) return ms.toFixed(2);
  return ms < 10 ? ms.toFixed(1) : whole(Math.round(ms));
}

/** A span in words: 8 s, 3 min 20 s, 2 h 5 min, 3 d 4 h. */
export function span(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return s % 60 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${s / 60} min`;
  const minutes = Math.floor(s / 60);
  if (minutes < 1440) return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
  const hours = Math.floor(minutes / 60);
  return hours % 24 ? `${Math.floor(hours / 24)} d ${hours % 24} h` : `${hours / 24} d`;
}

/** 99.8 %, and 100 % only when it is. */
export function share(rate) {
  if (rate >= 1) return "100 %";
  const shown = Math.min(99.9, Math.round(rate * 1000) / 10);
  return `${shown.toFixed(1)} %`;
}

/** A share that is not all: 35 %; never rounded to 100 %, or to 0 % when something is there. */
export const part = (rate) => `${Math.max(rate > 0 ? 1 : 0, Math.min(99, Math.round(rate * 100)))} %`;

/** How often: per s, per 10 s, per min, per day. */
export const per = (seconds) => `per ${span(seconds).replace(/^1 /, "").replace(/^d$/, "day")}`;

const WIDE = { exchange: "whole exchange", address: "our address" };

/** What is wider than a method, by its scope: whole exchange, our address, account main. */
export const wide = (scope, account) => WIDE[scope] ?? (account ? `account ${account}` : "account");

/** A method's name; what stands in its place for something wider, as @exchange, in words. */
export const methodName = (method, account) => (method.startsWith("@") ? wide(method.slice(1), account) : method);

/** The account, where it says more than the method's name does. */
export const accountTag = (method, account) => (account && account !== "main" && method !== "@account" ? account : null);

/** A machine's word for people: half_open is half-open, call_failed is call failed. */
export const words = (name) => (name === "half_open" ? "half-open" : name.replaceAll("_", " "));
