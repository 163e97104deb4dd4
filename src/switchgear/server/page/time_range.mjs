// Owns the choice of a time range: a span before now, or two dates in the zone of whoever looks.
import { useState } from "preact/hooks";
import { clock, day, iso } from "./format.mjs";
import { html } from "./html.mjs";
import { timeOf, timeWords } from "./logs_filter.mjs";
import { Menu } from "./menu.mjs";

const SPANS = [
  ["-15m", "15m", "the last 15 minutes"],
  ["-1h", "1h", "the last hour"],
  ["-6h", "6h", "the last 6 hours"],
  ["-24h", "24h", "the last 24 hours"],
  ["-7d", "7d", "the last 7 days"],
  ["", "All", "any time"],
];

/** What a date field takes, in local time, with milliseconds where there are some; nothing for a span. */
function localOf(value) {
  const ms = timeOf(value);
  return ms === null ? "" : `${day(ms)}T${clock(ms).replace(/\.000$/, "")}`;
}

/** Whether two values of a field are one: browsers write 12:00:00.250 as 12:00:00.25, and 12:00:00 as 12:00. */
const same = (one, other) => one === other || Date.parse(one) === Date.parse(other);

/** The last that a field takes: an address has years of four digits, and typed on after the fourth comes the hour. */
const LAST = "9999-12-31T23:59:59.999";

/** What a field means for the address: to the letter what was there, unless the field was changed; null if it cannot. */
function meant(local, given) {
  if (!local) return "";
  if (same(local, localOf(given))) return given;
  const ms = Date.parse(local); // years of five digits are no date
  return Number.isNaN(ms) || ms > Date.parse(LAST) ? null : iso(ms);
}

/** What is wrong with the two; nothing where they can be applied. */
function problemOf(since, until) {
  const unknown = since === null ? "From" : until === null ? "To" : null;
  if (unknown) return `${unknown}: a year has four digits.`;
  // By what they mean: in the hour that a clock is set back, a later time can read as an earlier one.
  return since && until && timeOf(since) > timeOf(until) ? "From is later than to." : null;
}

/** The zone of whoever looks, as Europe/Vienna, UTC+01:00. */
function zone() {
  const minutes = -new Date().getTimezoneOffset();
  const two = (n) => String(Math.floor(n)).padStart(2, "0");
  const offset = `UTC${minutes < 0 ? "-" : "+"}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return name === "UTC" ? name : `${name}, ${offset}`;
}

function Dates({ place, close }) {
  const shown = { from: localOf(place.filter.since), to: localOf(place.filter.until) };
  const [from, setFrom] = useState(shown.from);
  const [to, setTo] = useState(shown.to);
  const since = meant(from, place.filter.since);
  const until = meant(to, place.filter.until);
  const problem = problemOf(since, until);
  const done = (event) => {
    event.preventDefault();
    if (problem) return;
    // A span has no dates: its fields are empty, and applied as they are it goes on.
    if (!same(from, shown.from) || !same(to, shown.to)) place.set({ ...place.filter, since, until });
    close(true);
  };
  const field = (label, value, before, set) => html`<label class="field">
    <span>${label}</span>
    <input
      type="datetime-local" max=${LAST} step=${before.includes(".") ? "0.001" : "1"} value=${value}
      onInput=${(event) => set(event.target.value)}
    />
  </label>`;
  return html`<form class="dates" onSubmit=${done}>
    ${field("From", from, shown.from, setFrom)}${field("To", to, shown.to, setTo)}
    <p class="muted">Local time: ${zone()}. An empty end is open.</p>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    <button class="primary" disabled=${Boolean(problem)}>Apply</button>
  </form>`;
}

/** The dates that hold, the day said once; the chips say all of it where this is cut off. */
function label({ since, until }) {
  const dated = timeOf(since) !== null || until;
  if (!dated) return "From … to …";
  const oneDay = timeOf(since) !== null && timeOf(until) !== null && day(timeOf(since)) === day(timeOf(until));
  const to = until ? timeWords(until) : "now";
  return `${since ? timeWords(since) : "…"} to ${oneDay ? to.slice(day(timeOf(until)).length + 1) : to}`;
}

export function TimeRange({ place }) {
  const { since = "", until = "" } = place.filter;
  const given = until ? null : since;
  const known = SPANS.some(([span]) => span === given) || given === null || !given.startsWith("-");
  const spans = known ? SPANS : [[given, given.slice(1), `the last ${given.slice(1)}`], ...SPANS];
  return html`<div class="range" role="group" aria-label="Time range">
    <div class="spans">
      ${spans.map(([span, text, words]) => html`<button
        key=${span} aria-pressed=${span === given} title=${`Show ${words}`} aria-label=${`${text}: ${words}`}
        onClick=${() => place.set({ ...place.filter, since: span, until: "" })}
      >${text}</button>`)}
    </div>
    <${Menu} label=${html`<span class="menu-label">${label(place.filter)}</span>`} name="From and to" on=${Boolean(until) || timeOf(since) !== null} side="left">
      ${(close) => html`<${Dates} key=${place.key} place=${place} close=${close} />`}
    <//>
  </div>`;
}
