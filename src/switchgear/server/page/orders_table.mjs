// Owns the table of orders and its cursor: one row is in the tab order, j and k move it.
import { useEffect, useRef } from "preact/hooks";
import { clock, day, iso, span } from "./format.mjs";
import { html } from "./html.mjs";
import { Mark } from "./marks.mjs";
import { amount, markOf } from "./orders_words.mjs";

const HEADS = [
  ["state", "State"],
  ["since", "Since"],
  ["place", "Exchange"],
  ["symbol", "Symbol"],
  ["side", "Side"],
  ["type", "Type"],
  ["quantity", "Quantity"],
  ["price", "Price"],
  ["name", "Client order id"],
  ["attempts", "Attempts"],
  ["why", "Why"],
];

/** When it came into its state; while its outcome is open, for how long too. */
function Since({ intent, nowMs }) {
  const date = day(intent.since_ms);
  return html`<time datetime=${iso(intent.since_ms)} title=${iso(intent.since_ms)}>
    ${date !== day(nowMs) && html`<span class="date">${date.slice(5)} </span>`}${clock(intent.since_ms).slice(0, 8)}
  </time>${intent.is_open && html`<span class="muted"> ${span((nowMs - intent.since_ms) / 1000)}</span>`}`;
}

function Price({ intent }) {
  if (intent.price === null) return html`<span class="muted none">–</span>`;
  return html`${intent.price}${intent.stop_price && html`<span class="muted"> at ${intent.stop_price}</span>`}`;
}

function Row({ intent, nowMs, reached, focus, open, onOpen, onFocus }) {
  const row = useRef(null);
  useEffect(() => {
    if (!focus) return;
    row.current.focus({ preventScroll: true });
    row.current.scrollIntoView({ block: "nearest" });
  }, [focus]);
  return html`<tr
    ref=${row} role="row" tabindex=${reached ? 0 : -1} data-state=${markOf(intent)} data-id=${intent.intent_id}
    aria-selected=${open} onClick=${onOpen} onFocus=${onFocus}
  >
    <td role="cell" class="state"><${Mark} name=${markOf(intent)} /></td>
    <td role="cell" class="since"><${Since} intent=${intent} nowMs=${nowMs} /></td>
    <td role="cell" class="place">${intent.exchange}<span class="account"> ${intent.account}</span></td>
    <td role="cell" class="symbol">${intent.symbol}</td>
    <td role="cell" class="side">${intent.side}</td>
    <td role="cell" class="type">${intent.type.replace("_", " ")}</td>
    <td role="cell" class="quantity">${amount(intent)}</td>
    <td role="cell" class="price"><${Price} intent=${intent} /></td>
    <td role="cell" class="name" title=${intent.client_order_id}>${intent.client_order_id}</td>
    <td role="cell" class="attempts" data-some=${intent.attempts > 1}>${intent.attempts}</td>
    <td role="cell" class="why" title=${intent.why}>${intent.why}</td>
  </tr>`;
}

export function OrdersTable({ intents, nowMs, cursor, openId, onOpen, onFocus }) {
  const inList = intents.some((one) => one.intent_id === cursor.id);
  return html`<table role="table" class="intents">
    <caption class="unseen">Orders, newest first</caption>
    <thead role="rowgroup"><tr role="row">
      ${HEADS.map(([name, title]) => html`<th key=${name} role="columnheader" scope="col" class=${name}>${title}</th>`)}
    </tr></thead>
    <tbody role="rowgroup">
      ${intents.map((intent, index) => html`<${Row}
        key=${intent.intent_id} intent=${intent} nowMs=${nowMs}
        reached=${inList ? intent.intent_id === cursor.id : index === 0}
        focus=${intent.intent_id === cursor.id ? cursor.focus : 0}
        open=${intent.intent_id === openId}
        onOpen=${() => onOpen(intent)} onFocus=${() => onFocus(intent)}
      />`)}
    </tbody>
  </table>`;
}
