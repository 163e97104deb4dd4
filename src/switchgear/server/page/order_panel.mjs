// Owns the details of one order: every field, its life move by move, and the way to resolve it by hand.
import { clock, iso, millis, span, stamp, words } from "./format.mjs";
import { html } from "./html.mjs";
import { Mark } from "./marks.mjs";
import { Next } from "./orders_urgent.mjs";
import { amount, markOf, moveFrom, moveMark, terms } from "./orders_words.mjs";
import { Copy } from "./copy.mjs";
import { useAge, usePolled } from "./polled.mjs";
import { follow, hrefOf } from "./route.mjs";

const EVERY_MS = 2_000;
const LINKED = new Set(["exchange", "account", "symbol", "state"]);
const FIELDS = [
  ["exchange", "exchange"], ["account", "account"], ["symbol", "symbol"], ["side", "side"], ["type", "type"],
  ["quantity", "quantity"], ["quote_quantity", "for"], ["price", "price"], ["stop_price", "stop price"],
  ["time_in_force", "in force"], ["post_only", "post only"], ["notional", "worth"],
  ["client_order_id", "client order id"], ["order_id", "order id"], ["idempotency_key", "key"], ["attempts", "attempts"],
];
const STAMPS = [["created_ms", "written down"], ["sent_ms", "last sent"], ["since_ms", "last move"]];
const LONG_MS = 10_000;

function Value({ name, value }) {
  const shown = value === true ? "yes" : words(String(value));
  if (!LINKED.has(name)) return name === "type" ? shown : String(value === true ? "yes" : value);
  const filter = { [name]: String(value) };
  return html`<a href=${hrefOf("orders", filter)} title=${`Only orders with this ${name}`} onClick=${(event) => follow(event, "orders", filter)}>${String(value)}</a>`;
}

function Fields({ intent }) {
  const has = FIELDS.filter(([name]) => ![null, "", false].includes(intent[name]));
  return html`<dl class="fields">
    ${has.map(([name, title]) => html`<div key=${name}><dt>${title}</dt><dd><${Value} name=${name} value=${intent[name]} /></dd></div>`)}
    ${STAMPS.filter(([name]) => intent[name] !== null).map(([name, title]) => html`<div key=${name}>
      <dt>${title}</dt><dd><time datetime=${iso(intent[name])} title=${iso(intent[name])}>${stamp(intent[name])}</time></dd>
    </div>`)}
    ${intent.owner && html`<div><dt>in hand of</dt><dd>${intent.owner}</dd></div>`}
    <div><dt>intent</dt><dd>${intent.intent_id}</dd></div>
  </dl>`;
}

const later = (ms) => (ms < LONG_MS ? `+${millis(ms)} ms` : `+${span(ms / 1000)}`);

function Move({ move, first, mark, from }) {
  const after = move.at_ms - first.at_ms;
  return html`<li>
    <span class="move-head">
      <${Mark} name=${mark} />
      <span class="muted">${from ? `from ${from}` : ""}</span>
      <time datetime=${iso(move.at_ms)} title=${stamp(move.at_ms)}>${move === first ? clock(move.at_ms) : later(after)}</time>
    </span>
    <span class="move-text">${move.why || "written down"}</span>
    <span class="move-by muted">by ${move.by}</span>
  </li>`;
}

function Life({ moves, intent }) {
  const last = moves.length - 1;
  return html`<section aria-label="Its life"><h3>Its life</h3>
    <ol class="moves">${moves.map((move, index) => html`<${Move}
      key=${index} move=${move} first=${moves[0]} from=${moveFrom(move, intent)}
      mark=${index === last ? markOf(intent) : moveMark(move, intent)}
    />`)}</ol>
  </section>`;
}

function Head({ mark, title, onClose }) {
  return html`<header>
    ${mark && html`<${Mark} name=${mark} />`}<h2>${title}</h2>
    <button class="quiet" onClick=${onClose} aria-label="Close the details">✕</button>
  </header>`;
}

function Actions({ life, onAbandon }) {
  const { intent } = life;
  const records = { order_id: intent.client_order_id };
  return html`<footer>
    ${life.can_abandon && html`<button id="abandon" title="Abandon (a)" onClick=${() => onAbandon(intent)}>Abandon…</button>`}
    <a href=${hrefOf("api-logs", records)} onClick=${(event) => follow(event, "api-logs", records)}>Its records</a>
    <${Copy} record=${intent} />
  </footer>
  ${!life.can_abandon && intent.is_open && html`<p class="muted">It ${life.refusal}.</p>`}`;
}

export function OrderPanel({ id, again, onClose, onAbandon }) {
  const { answer: life, error, atMs } = usePolled(`orders/${encodeURIComponent(id)}`, EVERY_MS, again);
  const age = useAge(atMs);
  if (!life) {
    return html`<aside class="panel" aria-label="Details of the order">
      <${Head} title=${error ? "This order cannot be shown" : "Loading…"} onClose=${onClose} />
      ${error && html`<p class="problem" role="alert">${error.message}</p>`}
    </aside>`;
  }
  const { intent } = life;
  const inState = (life.now_ms - intent.since_ms) / 1000 + age;
  return html`<aside class="panel order" aria-label="Details of the order">
    <${Head} mark=${markOf(intent)} title=${`${intent.side} ${amount(intent)} ${intent.symbol}`} onClose=${onClose} />
    <p class="panel-message">${intent.why || "written down"}</p>
    <p class="muted">${terms(intent)}; ${words(markOf(intent))} for ${span(inState)}.</p>
    ${life.next && html`<p class="order-next">Next: <${Next} next=${life.next} age=${age} />.</p>`}
    ${error && html`<p class="problem">${error.message}</p>`}
    <${Actions} life=${life} onAbandon=${onAbandon} />
    <${Life} moves=${life.moves} intent=${intent} />
    <${Fields} intent=${intent} />
  </aside>`;
}
