// Owns the filter bar: what is typed or chosen becomes the address, and the address what is shown.
import { useEffect, useState } from "preact/hooks";
import { html } from "./html.mjs";
import { methodName, words } from "./format.mjs";
import { go } from "./route.mjs";

const SPANS = [
  ["", "Any time"],
  ["-5m", "Last 5 minutes"],
  ["-15m", "Last 15 minutes"],
  ["-1h", "Last hour"],
  ["-6h", "Last 6 hours"],
  ["-24h", "Last 24 hours"],
  ["-7d", "Last 7 days"],
];
const LEVELS = ["debug", "info", "warning", "error", "critical"];
const MORE = ["account", "event", "kind", "call_id", "run"];
const TYPED_MS = 250;

function Select({ label, name, value, options, filter }) {
  const known = options.some(([given]) => given === (value ?? ""));
  const all = known ? options : [...options, [value, methodName(value, "")]];
  const chosen = (event) => go("api-logs", { ...filter, [name]: event.target.value });
  return html`<label class="field">
    <span>${label}</span>
    <select value=${value ?? ""} onChange=${chosen} data-on=${Boolean(value)}>
      ${all.map(([given, text]) => html`<option key=${given} value=${given}>${text}</option>`)}
    </select>
  </label>`;
}

function Search({ filter }) {
  const [typed, setTyped] = useState(filter.text ?? "");
  useEffect(() => setTyped(filter.text ?? ""), [filter.text]);
  useEffect(() => {
    if (typed === (filter.text ?? "")) return undefined;
    const timer = setTimeout(() => go("api-logs", { ...filter, text: typed }, { replace: true }), TYPED_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return html`<label class="field search">
    <span>Message holds</span>
    <input
      id="search" type="search" maxlength="200" placeholder="Search  /" autocomplete="off" spellcheck="false"
      value=${typed} onInput=${(event) => setTyped(event.target.value)}
    />
  </label>`;
}

/** What a date field takes, from epoch ms, ISO or nothing; local time. */
function localOf(value) {
  if (!value || value.startsWith("-")) return "";
  const at = new Date(/^\d+$/.test(value) ? Number(value) : value);
  if (Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

function When({ label, name, filter }) {
  const chosen = (event) => {
    const at = event.target.value ? new Date(event.target.value).toISOString() : "";
    go("api-logs", { ...filter, [name]: at });
  };
  return html`<label class="field">
    <span>${label}</span>
    <input type="datetime-local" step="1" value=${localOf(filter[name])} onChange=${chosen} data-on=${Boolean(filter[name])} />
  </label>`;
}

function Time({ filter }) {
  const absolute = Boolean(filter.until) || Boolean(filter.since && !filter.since.startsWith("-"));
  const [custom, setCustom] = useState(absolute);
  useEffect(() => setCustom(absolute), [absolute]);
  const chosen = (event) => {
    const value = event.target.value;
    setCustom(value === "custom");
    if (value !== "custom") go("api-logs", { ...filter, since: value, until: "" });
  };
  const given = custom ? "custom" : (filter.since ?? "");
  const spans = SPANS.some(([span]) => span === given) || custom ? SPANS : [...SPANS, [given, `Last ${given.slice(1)}`]];
  return html`<label class="field">
      <span>Time</span>
      <select value=${given} onChange=${chosen} data-on=${Boolean(given)}>
        ${spans.map(([span, text]) => html`<option key=${span} value=${span}>${text}</option>`)}
        <option value="custom">From … to …</option>
      </select>
    </label>
    ${custom && html`<${When} label="From" name="since" filter=${filter} /><${When} label="To" name="until" filter=${filter} />`}`;
}

function Chips({ filter }) {
  return MORE.filter((name) => filter[name]).map(
    (name) => html`<button key=${name} class="chip" onClick=${() => go("api-logs", { ...filter, [name]: "" })}>
      ${words(name)}: <b>${filter[name]}</b><span aria-hidden="true"> ×</span><span class="unseen">, remove</span>
    </button>`,
  );
}

export function Filters({ filter, names, children }) {
  const [shown, setShown] = useState(false);
  const listed = (given, every) => [["", every], ...(given ?? []).map((name) => [name, methodName(name, "")])];
  const levels = [["", "Any level"], ...LEVELS.slice(1).map((level) => [level, level === "critical" ? level : `${level} and up`])];
  const active = Object.keys(filter).length;
  const select = (label, name, options) =>
    html`<${Select} label=${label} name=${name} value=${filter[name]} options=${options} filter=${filter} />`;
  return html`<div class="filters" data-shown=${shown} role="search" aria-label="Filter the records">
    <${Search} filter=${filter} />
    <button class="filters-more" aria-expanded=${shown} onClick=${() => setShown(!shown)}>
      Filters${active ? ` (${active})` : ""}
    </button>
    <div class="filters-rest">
      ${select("Exchange", "exchange", listed(names?.exchanges, "All exchanges"))}
      ${select("Method", "method", listed(names?.methods, "All methods"))}
      ${select("Level", "level", levels)}
      <${Time} filter=${filter} />
      <${Chips} filter=${filter} />
      ${active > 0 && html`<button class="link" onClick=${() => go("api-logs")}>Reset</button>`}
    </div>
    <div class="filters-actions">${children}</div>
  </div>`;
}
