// Owns the line under the head that says in words how things stand.
import { html } from "./html.mjs";
import { usePolled } from "./polled.mjs";
import { follow, hrefOf } from "./route.mjs";

const LEADS = { ok: "All well", degraded: "Degraded", down: "Down", lost: "No connection" };

function Exchange({ one }) {
  const filter = { exchange: one.exchange, level: "warning" };
  return html`<li>
    <a href=${hrefOf("api-logs", filter)} onClick=${(event) => follow(event, "api-logs", filter)}>${one.exchange}</a>
    ${": "}${one.words}.
  </li>`;
}

export function Banner() {
  const { answer, error } = usePolled("health", 2_000);
  if (!answer && !error) return html`<div class="banner" data-status="ok" role="status"></div>`;
  const status = error ? "lost" : answer.status;
  const lines = status === "degraded" || status === "down" ? answer.degraded : [];
  return html`<div class="banner" data-status=${status} role="status">
    <strong>${LEADS[status] ?? status}</strong>
    ${error ? html`<span>${error.message} What is shown may be old.</span>` : null}
    ${!error && !lines.length ? html`<span>${answer.summary}</span>` : null}
    ${lines.length ? html`<ul>${lines.map((one) => html`<${Exchange} key=${one.exchange} one=${one} />`)}</ul>` : null}
  </div>`;
}
