// Owns what must be seen before any list of orders: halts, orders in doubt, strays, rounds that failed.
import { clock, iso, plural, span, stamp } from "./format.mjs";
import { html } from "./html.mjs";
import { Mark } from "./marks.mjs";
import { amount, placeWords, sentence } from "./orders_words.mjs";
import { useAge } from "./polled.mjs";
import { follow, hrefOf } from "./route.mjs";

const SHOWN_MAX = 5;
const IN_DOUBT = { state: "new,sent,unknown" };

function Since({ ms, nowMs }) {
  return html`<time datetime=${iso(ms)} title=${stamp(ms)}>since ${clock(ms).slice(0, 8)}, ${span((nowMs - ms) / 1000)}</time>`;
}

export function Halts({ board: { answer, atMs }, onResume }) {
  const age = useAge(atMs);
  if (!answer?.switches.length) return null;
  const nowMs = answer.now_ms + age * 1000;
  return html`<section class="halts" role="status" aria-label="Halted orders"><ul>
    ${answer.switches.map((one) => html`<li key=${one.exchange + one.account}>
      <svg viewBox="0 0 12 12" aria-hidden="true"><path d="M3.8.8h4.4l3 3v4.4l-3 3H3.8l-3-3V3.8z" /></svg>
      <p><strong>New orders of ${placeWords(one)} are halted</strong>
        ${" "}<${Since} ms=${one.at_ms} nowMs=${nowMs} />${", by "}<b>${one.by}</b>: ${one.why}
        ${" "}<span class="halts-rest">Cancels and lookups go on.</span></p>
      <button onClick=${() => onResume(one)}>Let orders go…</button>
    </li>`)}
  </ul></section>`;
}

/** What happens next about an order in doubt, counted down. */
export function Next({ next, age }) {
  if (next.in_s === null) return html`<span>${next.words}</span>`;
  const left = Math.ceil(next.in_s - age);
  return html`<span>${next.words} ${left > 0 ? `in ${span(left)}` : "now"}</span>`;
}

function Doubt({ intent, age, nowMs, open, onOpen }) {
  return html`<li><button class="doubt" data-id=${intent.intent_id} aria-pressed=${open} onClick=${() => onOpen(intent.intent_id)}>
    <span class="doubt-head">
      <${Mark} name=${intent.state} />
      <b>${sentence(intent)}</b>
      <span>${intent.exchange}<span class="account"> ${intent.account}</span></span>
      <span class="doubt-name">${intent.client_order_id}</span>
    </span>
    <span class="doubt-rest">
      <span class="doubt-text"><${Since} ms=${intent.since_ms} nowMs=${nowMs} />${intent.why && `: ${intent.why}`}</span>
      <span class="doubt-next">Next: <${Next} next=${intent.next} age=${age} />.</span>
    </span>
  </button></li>`;
}

export function Doubts({ board: { answer, atMs }, openId, onOpen }) {
  const age = useAge(atMs);
  const found = answer?.in_doubt ?? [];
  if (!found.length) return null;
  const nowMs = answer.now_ms + age * 1000;
  const rest = found.length - SHOWN_MAX;
  return html`<section class="doubts" aria-labelledby="doubts-title">
    <h2 id="doubts-title">${plural(found.length, "order")} in doubt</h2>
    <p class="muted">Nobody knows yet whether ${found.length === 1 ? "it is" : "they are"} booked. Listed whatever the filter says, the oldest first.</p>
    <ul>
      ${found.slice(0, SHOWN_MAX).map((intent) => html`<${Doubt}
        key=${intent.intent_id} intent=${intent} age=${age} nowMs=${nowMs}
        open=${intent.intent_id === openId} onOpen=${onOpen}
      />`)}
    </ul>
    ${rest > 0 && html`<p><a href=${hrefOf("orders", IN_DOUBT)} onClick=${(event) => follow(event, "orders", IN_DOUBT)}>${rest} more</a></p>`}
  </section>`;
}

function Stray({ order }) {
  return html`<li>
    <b>${sentence(order)}</b>
    <span>${order.exchange}<span class="account"> ${order.account}</span></span>
    <span>${order.status.replace("_", " ")}, ${order.filled} of ${amount(order)} filled</span>
    <span class="doubt-name">${order.client_order_id}</span>
    <span class="muted">at the exchange: ${order.order_id}</span>
    ${order.created_ms !== null && html`<time class="muted" datetime=${iso(order.created_ms)}>${stamp(order.created_ms)}</time>`}
  </li>`;
}

export function Strays({ board: { answer } }) {
  const found = answer?.strays ?? [];
  if (!found.length) return null;
  return html`<section class="strays" aria-labelledby="strays-title">
    <h2 id="strays-title">${plural(found.length, "order")} at the exchange in no journal here</h2>
    <p class="muted">Open, with a name as ours have: of a program with another journal, or of a journal that was lost. Nobody here looks after ${found.length === 1 ? "it" : "them"}.</p>
    <ul>${found.map((order) => html`<${Stray} key=${order.exchange + order.account + order.order_id} order=${order} />`)}</ul>
  </section>`;
}

/** Desks whose last round of questions did not come to its end. */
export function Rounds({ board: { answer } }) {
  const failed = (answer?.desks ?? []).filter((desk) => desk.last_error);
  if (!failed.length) return null;
  return html`<ul class="rounds">
    ${failed.map((desk) => html`<li key=${desk.exchange + desk.account} class="problem">
      ${desk.exchange}, account ${desk.account}: asking after orders failed, and goes on: ${desk.last_error}
    </li>`)}
  </ul>`;
}
