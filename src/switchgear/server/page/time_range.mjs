// Owns the choice of a time range: a span before now, or two dates in the zone of whoever looks.
import { useState } from "preact/hooks";
import { day, clock } from "./format.mjs";
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

/** What a date field takes, in local time; nothing for a span. */
function localOf(value) {
  const ms = timeOf(value);
  return ms === null ? "" : `${day(ms)}T${clock(ms).slice(0, 8)}`;
}

const isoOf = (local) => (local ? new Date(local).toISOString() : "");

/** The zone of whoever looks, as Europe/Vienna, UTC+01:00. */
function zone() {
  const minutes = -new Date().getTimezoneOffset();
  const two = (n) => String(Math.floor(n)).padStart(2, "0");
  const offset = `UTC${minutes < 0 ? "-" : "+"}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return name === "UTC" ? name : `${name}, ${offset}`;
}

function Dates({ place, close }) {
  const [from, setFrom] = useState(localOf(place.filter.since));
  const [to, setTo] = useState(localOf(place.filter.until));
  const swapped = from && to && from > to;
  const done = (event) => {
    event.preventDefault();
    if (swapped) return;
    place.set({ ...place.filter, since: isoOf(from), until: isoOf(to) });
    close(true);
  };
  const field = (label, value, set) => html`<label class="field">
    <span>${label}</span>
    <input type="datetime-local" step="1" value=${value} onInput=${(event) => set(event.target.value)} />
  </label>`;
  return html`<form class="dates" onSubmit=${done}>
    ${field("From", from, setFrom)}${field("To", to, setTo)}
    <p class="muted">Local time: ${zone()}. An empty end is open.</p>
    ${swapped && html`<p class="problem" role="alert">From is later than to.</p>`}
    <button class="primary" disabled=${swapped}>Apply</button>
  </form>`;
}

function label({ since, until }) {
  const dated = timeOf(since) !== null || until;
  if (!dated) return "From … to …";
  return `${since ? timeWords(since) : "…"} to ${until ? timeWords(until) : "now"}`;
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
    <${Menu} label=${label(place.filter)} name="From and to" on=${Boolean(until) || timeOf(since) !== null} side="left">
      ${(close) => html`<${Dates} place=${place} close=${close} />`}
    <//>
  </div>`;
}
