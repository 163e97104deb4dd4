// Owns the details of one record: its call, its fields, what went over the wire, and the ways on from here.
import { Copies, jsonOf } from "./copy.mjs";
import { iso, methodName, millis, stamp, words } from "./format.mjs";
import { html } from "./html.mjs";
import { Mark } from "./marks.mjs";
import { follow, hrefOf } from "./route.mjs";
import { useSpell } from "./spell.mjs";
import { useCall, Waterfall } from "./waterfall.mjs";
import { curlOf, Wire } from "./wire.mjs";

const LINKED = new Set(["exchange", "method", "account", "event", "kind", "scope", "order_id", "call_id", "run"]);
const FIELDS = [
  "exchange", "method", "account", "event", "kind", "scope", "status", "code", "source", "attempt", "duration_ms", "order_id",
  "call_id", "run", "id",
];
const NAMES = { duration_ms: "took", order_id: "order", call_id: "call" };

function said(name, value) {
  if (name === "event" || name === "kind") return words(value);
  return name === "method" ? methodName(value, "") : String(value);
}

function Link({ filter, title, children }) {
  return html`<a href=${hrefOf("api-logs", filter)} title=${title} onClick=${(event) => follow(event, "api-logs", filter)}>${children}</a>`;
}

/** The filter that finds the call of a record: each key counts its calls anew, and so does each run. */
function callOf({ exchange, method, account, call_id: call, run }) {
  return { exchange, method, account, call_id: String(call), run: run ? String(run) : "" };
}

function Value({ name, record }) {
  const value = record[name];
  if (name === "duration_ms") return html`${millis(value)} ms`;
  if (!LINKED.has(name)) return said(name, value);
  const filter = name === "call_id" ? callOf(record) : { [name]: String(value) };
  return html`<${Link} filter=${filter} title=${`Only records with this ${NAMES[name] ?? words(name)}`}>${said(name, value)}<//>`;
}

function Fields({ record }) {
  const has = FIELDS.filter((name) => record[name] !== null && record[name] !== "" && record[name] !== 0);
  return html`<section aria-label="Fields"><h3>Fields</h3><dl class="fields">
    <div><dt>time</dt><dd><time datetime=${iso(record.at_ms)} title=${iso(record.at_ms)}>${stamp(record.at_ms)}</time></dd></div>
    ${has.map((name) => html`<div key=${name}>
      <dt>${NAMES[name] ?? words(name)}</dt><dd><${Value} name=${name} record=${record} /></dd>
    </div>`)}
  </dl></section>`;
}

/** Where one may want to go from this record. */
function Ways({ record, place }) {
  const spell = useSpell(record);
  const { call_id: call, order_id: order } = record;
  const near = (event) => {
    event.preventDefault();
    place.show({ around: String(record.id), record: String(record.id) });
  };
  return html`<nav class="ways" aria-label="On from this record">
    <a href=${hrefOf("api-logs", { around: String(record.id), record: String(record.id) })} onClick=${near}>View in context</a>
    ${Boolean(call) && html`<${Link} filter=${callOf(record)}>All records of this call<//>`}
    ${order && html`<${Link} filter=${{ order_id: order }}>Other records of this order<//>`}
    ${spell && html`<${Link} filter=${spell.filter}>This circuit's spell: ${spell.words}<//>`}
  </nav>`;
}

export function Panel({ record, place, state, onClose, onOpen }) {
  const call = useCall(record, { state, filter: place.filter });
  const { request, answer, ...rest } = record.detail;
  const detail = Object.keys(rest).length ? JSON.stringify(rest, null, 2) : null;
  const wires = (call.records ?? []).filter((one) => one.event === "wire" && one.id !== record.id);
  const asked = [record, ...[...wires].reverse()].map(curlOf).find(Boolean);
  const copies = {
    "Copy as JSON": () => jsonOf(record),
    "Copy as curl": asked ? () => asked : null,
    "Copy link": () => new URL(hrefOf("api-logs", { record: String(record.id) }), document.baseURI).href,
  };
  return html`<aside class="panel" aria-label="Details of the record" tabindex="-1">
    <header>
      <${Mark} name=${record.level.toLowerCase()} /><h2>${words(record.event)}</h2>
      <button class="quiet" onClick=${onClose} aria-label="Close the details">✕</button>
    </header>
    <p class="panel-message">${record.message}</p>
    <div class="panel-actions"><${Copies} texts=${copies} of=${record.id} /></div>
    <${Ways} record=${record} place=${place} />
    ${(record.call_id || record.event === "call_rejected") && html`<section aria-label="The whole call">
      <h3>The whole call</h3><${Waterfall} record=${record} call=${call} onOpen=${onOpen} />
    </section>`}
    <${Fields} record=${record} />
    <${Wire} record=${record} />
    ${record.event !== "wire" && wires.map((one) => html`<${Wire} key=${one.id} record=${one} />`)}
    ${detail && html`<section aria-label="Detail"><h3>Detail</h3><pre tabindex="0" aria-label="Detail as JSON">${detail}</pre></section>`}
  </aside>`;
}

/** In the panel's place: the record that the address names is not there, or not there yet. */
export function NoPanel({ id, error, onClose }) {
  return html`<aside class="panel" aria-label="Details of the record">
    <header><h2>Record ${id}</h2><button class="quiet" onClick=${onClose} aria-label="Close the details">✕</button></header>
    ${error ? html`<p class="problem" role="alert">${error.message}</p>` : html`<p class="muted">Loading…</p>`}
  </aside>`;
}
