// Owns the details of one record: every field, every record of its call in order, and a copy as JSON.
import { useEffect, useState } from "preact/hooks";
import { get } from "./api.mjs";
import { clock, iso, methodName, millis, stamp, words } from "./format.mjs";
import { html } from "./html.mjs";
import { Mark } from "./marks.mjs";
import { follow, hrefOf } from "./route.mjs";

const LINKED = new Set(["exchange", "method", "account", "event", "kind", "call_id"]);
const FIELDS = [
  "exchange", "method", "account", "event", "kind", "status", "code", "source", "attempt", "duration_ms", "call_id", "id",
];

function useCall(record) {
  const [call, setCall] = useState({ records: null, error: null });
  useEffect(() => {
    setCall({ records: null, error: null });
    if (!record.call_id) return undefined;
    const ended = new AbortController();
    const path = [record.exchange, record.method, record.call_id].map(encodeURIComponent).join("/");
    get(`logs/${path}`, { account: record.account }, ended.signal)
      .then(({ records }) => setCall({ records, error: null }))
      .catch((error) => ended.signal.aborted || setCall({ records: null, error }));
    return () => ended.abort();
  }, [record.id]);
  return call;
}

function said(name, value) {
  if (name === "event" || name === "kind") return words(value);
  return name === "method" ? methodName(value, "") : String(value);
}

function Value({ name, value }) {
  if (name === "duration_ms") return html`${millis(value)} ms`;
  const shown = said(name, value);
  if (!LINKED.has(name)) return shown;
  const filter = { [name]: String(value) };
  const title = `Only records with this ${words(name)}`;
  return html`<a href=${hrefOf("api-logs", filter)} title=${title} onClick=${(event) => follow(event, "api-logs", filter)}>${shown}</a>`;
}

function Fields({ record }) {
  const has = FIELDS.filter((name) => record[name] !== null && record[name] !== "" && record[name] !== 0);
  return html`<dl class="fields">
    <div><dt>time</dt><dd><time datetime=${iso(record.at_ms)} title=${iso(record.at_ms)}>${stamp(record.at_ms)}</time></dd></div>
    ${has.map((name) => html`<div key=${name}>
      <dt>${words(name).replace(" ms", "")}</dt><dd><${Value} name=${name} value=${record[name]} /></dd>
    </div>`)}
  </dl>`;
}

function Step({ step, first, current, onOpen }) {
  const after = step.at_ms - first.at_ms;
  return html`<li data-level=${step.level.toLowerCase()} aria-current=${current ? "true" : null}>
    <button class="step" onClick=${() => onOpen(step)}>
      <span class="step-head"><${Mark} name=${step.level.toLowerCase()} /><b>${words(step.event)}</b>
        <time title=${stamp(step.at_ms)}>${after ? `+${millis(after)} ms` : clock(step.at_ms)}</time></span>
      <span class="step-text">${step.message}</span>
    </button>
  </li>`;
}

function Call({ record, onOpen }) {
  const { records, error } = useCall(record);
  if (!record.call_id) return null;
  return html`<section aria-label="The whole call">
    <h3>The whole call</h3>
    ${error && html`<p class="problem">${error.message}</p>`}
    ${!records && !error && html`<p class="muted">Loading…</p>`}
    ${records && !records.length && html`<p class="muted">Its records were cleared.</p>`}
    ${records && html`<ol class="steps">
      ${records.map((step) => html`<${Step}
        key=${step.id} step=${step} first=${records[0]} current=${step.id === record.id} onOpen=${onOpen}
      />`)}
    </ol>`}
  </section>`;
}

export function Copy({ record }) {
  const [said, setSaid] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(JSON.stringify(record, null, 2));
      setSaid("Copied");
    } catch {
      setSaid("The browser forbids it");
    }
  };
  useEffect(() => setSaid(""), [record.id ?? record.intent_id]);
  return html`<button onClick=${copy}>Copy as JSON</button><span class="muted" role="status">${said}</span>`;
}

export function Panel({ record, onClose, onOpen }) {
  const detail = Object.keys(record.detail).length ? JSON.stringify(record.detail, null, 2) : null;
  return html`<aside class="panel" aria-label="Details of the record">
    <header>
      <${Mark} name=${record.level.toLowerCase()} /><h2>${words(record.event)}</h2>
      <button class="quiet" onClick=${onClose} aria-label="Close the details">✕</button>
    </header>
    <p class="panel-message">${record.message}</p>
    <${Fields} record=${record} />
    <${Call} record=${record} onOpen=${onOpen} />
    ${detail && html`<section aria-label="Detail"><h3>Detail</h3><pre tabindex="0">${detail}</pre></section>`}
    <footer><${Copy} record=${record} /></footer>
  </aside>`;
}
