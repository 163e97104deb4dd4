// Owns the line under the head that says in words how things stand.
import { plural } from "./format.mjs";
import { html } from "./html.mjs";
import { usePolled } from "./polled.mjs";
import { follow, hrefOf } from "./route.mjs";

const LEADS = { ok: "All well", degraded: "Degraded", down: "Down", lost: "No connection" };

/** What no exchange's health tells: new orders are halted; 2 orders are in doubt. */
export function ofOrders(board) {
  const doubts = board?.in_doubt.length ?? 0;
  const halted = board?.switches.length ? "new orders are halted" : "";
  const doubt = doubts ? `${plural(doubts, "order")} ${doubts === 1 ? "is" : "are"} in doubt` : "";
  return [halted, doubt].filter(Boolean);
}

function Exchange({ one }) {
  const filter = { exchange: one.exchange, level: "warning" };
  return html`<li>
    <a href=${hrefOf("api-logs", filter)} onClick=${(event) => follow(event, "api-logs", filter)}>${one.exchange}</a>
    ${": "}${one.words}.
  </li>`;
}

export function Banner() {
  const { answer, error } = usePolled("health", 2_000);
  const more = ofOrders(usePolled("orders/board", 4_000).answer);
  if (!answer && !error) return html`<div class="banner" data-status="ok" role="status"></div>`;
  const status = error ? "lost" : answer.status;
  const lines = status === "degraded" || status === "down" ? answer.degraded : [];
  const unwell = status === "ok" && more.length > 0;
  const summary = unwell ? `${[answer.summary.replace(/\.$/, ""), ...more].join(", and ")}.` : answer?.summary;
  return html`<div class="banner" data-status=${unwell ? "degraded" : status} role="status">
    <strong>${unwell ? "Not all well" : (LEADS[status] ?? status)}</strong>
    ${error ? html`<span>${error.message} What is shown may be old.</span>` : null}
    ${!error && !lines.length ? html`<span>${summary}</span>` : null}
    ${lines.length ? html`<ul>${lines.map((one) => html`<${Exchange} key=${one.exchange} one=${one} />`)}</ul>` : null}
  </div>`;
}
