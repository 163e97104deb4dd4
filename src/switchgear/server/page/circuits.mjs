// Owns /circuits: one row for each circuit, by exchange; the state in a word, a colour and a shape.
import { useEffect, useState } from "preact/hooks";
import { clock, iso, millis, plural, share, span, stamp, whole, words } from "./format.mjs";
import { html } from "./html.mjs";
import { Mark } from "./marks.mjs";
import { usePolled } from "./polled.mjs";
import { follow, hrefOf } from "./route.mjs";

const HEADS = [
  ["state", "State"],
  ["method", "Method"],
  ["why", "Why and since when"],
  ["next", "Next probe"],
  ["rate", "Success"],
  ["number", "p50 ms"],
  ["number", "p95 ms"],
  ["number", "p99 ms"],
  ["number", "Calls"],
  ["number", "Failed"],
  ["number", "Rejected"],
  ["number", "Fallback"],
  ["number", "Opened"],
];
const URGENT = ["open", "forced_open", "half_open", "metrics_only", "forced_closed", "closed"];

/** Seconds since an answer came, growing by itself, so that countdowns go on between two answers. */
function useAge(atMs) {
  const [nowMs, setNowMs] = useState(performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(performance.now()), 250);
    return () => clearInterval(timer);
  }, []);
  return Math.max(0, (nowMs - atMs) / 1000);
}

function Next({ circuit, age }) {
  const waits = circuit.retry_after_s;
  if (circuit.state === "closed" || circuit.state === "metrics_only" || circuit.state === "forced_closed") return "";
  if (waits === null) return html`<span class="muted">when released</span>`;
  const left = Math.max(0, waits - age);
  if (left === 0) return html`<span class="due">at the next call</span>`;
  const whole_s = Math.max(circuit.reset_timeout_s ?? 0, waits);
  return html`<span class="due">in ${span(Math.ceil(left))}</span>
    <progress max=${whole_s} value=${Math.max(0, whole_s - left)} aria-hidden="true"></progress>`;
}

function Why({ circuit, nowMs }) {
  const since = (nowMs - circuit.since_ms) / 1000;
  const failures = circuit.state === "closed" && circuit.failures > 0
    ? `${circuit.failures} of ${circuit.failure_threshold ?? "?"} failures in a row` : "";
  const text = circuit.reason || failures;
  const by = circuit.by ? `held by ${circuit.by}: ` : "";
  return html`${text && html`<span class="reason">${by}${text}</span> `}
    <time class="muted" datetime=${iso(circuit.since_ms)} title=${stamp(circuit.since_ms)}>
      ${circuit.state === "closed" ? "for" : `since ${clock(circuit.since_ms).slice(0, 8)},`} ${span(since)}
    </time>`;
}

function Row({ circuit, age, nowMs }) {
  const filter = { exchange: circuit.exchange, method: circuit.method, account: circuit.account };
  const { counts } = circuit;
  const ended = counts.success_calls + counts.failed_calls;
  const latency = (ms) => (counts.success_calls ? millis(ms) : "–");
  return html`<tr role="row" data-state=${circuit.state}>
    <td role="cell" class="state"><${Mark} name=${circuit.state} /></td>
    <th role="rowheader" scope="row" class="method">
      <a href=${hrefOf("api-logs", filter)} onClick=${(event) => follow(event, "api-logs", filter)} title="Its records">${circuit.method}</a>
      ${circuit.account !== "main" && html`<span class="account"> ${circuit.account}</span>`}
    </th>
    <td role="cell" class="why"><${Why} circuit=${circuit} nowMs=${nowMs} /></td>
    <td role="cell" class="next"><${Next} circuit=${circuit} age=${age} /></td>
    <td role="cell" class="rate" data-label="Success" title=${counts.last_error ? `Last error: ${counts.last_error}` : null}>
      ${ended ? share(counts.success_rate) : "–"}
    </td>
    <td role="cell" class="number" data-label="p50 ms">${latency(counts.p50_ms)}</td>
    <td role="cell" class="number" data-label="p95 ms">${latency(counts.p95_ms)}</td>
    <td role="cell" class="number" data-label="p99 ms">${latency(counts.p99_ms)}</td>
    <td role="cell" class="number" data-label="Calls">${whole(counts.total_calls)}</td>
    <td role="cell" class="number" data-label="Failed" data-some=${counts.failed_calls > 0}>${whole(counts.failed_calls)}</td>
    <td role="cell" class="number" data-label="Rejected" data-some=${counts.rejected_calls > 0}>${whole(counts.rejected_calls)}</td>
    <td role="cell" class="number" data-label="Fallback" data-some=${counts.fallback_calls > 0}>${whole(counts.fallback_calls)}</td>
    <td role="cell" class="number" data-label="Opened">${whole(circuit.openings)}</td>
  </tr>`;
}

function Gates({ gates, age }) {
  return gates.map((gate) => html`<span key=${gate.scope + gate.account} class="gate">
    ${words(gate.scope)} gate${gate.account ? ` of ${gate.account}` : ""} closed for ${span(Math.ceil(Math.max(0, gate.retry_after_s - age)))} more: ${gate.reason}
  </span>`);
}

function Exchange({ name, circuits, gates, age, nowMs }) {
  const troubled = circuits.filter((circuit) => circuit.state !== "closed").length;
  const filter = { exchange: name };
  const sorted = [...circuits].sort(
    (a, b) => URGENT.indexOf(a.state) - URGENT.indexOf(b.state) || a.method.localeCompare(b.method),
  );
  return html`<tbody role="rowgroup">
    <tr role="row" class="group"><th role="rowheader" scope="rowgroup" colspan=${HEADS.length}>
      <a href=${hrefOf("api-logs", filter)} onClick=${(event) => follow(event, "api-logs", filter)}>${name}</a>
      <span class="muted">${plural(circuits.length, "circuit")}${troubled ? `, ${troubled} not closed` : ", all closed"}</span>
      <${Gates} gates=${gates} age=${age} />
    </th></tr>
    ${sorted.map((circuit) => html`<${Row} key=${circuit.method + circuit.account} circuit=${circuit} age=${age} nowMs=${nowMs} />`)}
  </tbody>`;
}

export function Circuits() {
  const { answer, error, atMs } = usePolled("circuits", 1_000);
  const age = useAge(atMs);
  if (!answer) {
    return html`<main class="circuits"><h1 class="unseen">Circuits</h1>
      <div class="nothing" role="status">${error ? html`<p class="problem">${error.message}</p>` : html`<p>Loading…</p>`}</div>
    </main>`;
  }
  const exchanges = [...new Set([...answer.circuits, ...answer.gates].map((one) => one.exchange))].sort();
  const of = (list, name) => list.filter((one) => one.exchange === name);
  const nowMs = answer.now_ms + age * 1000;
  const seen = Math.min(...answer.circuits.map((circuit) => circuit.seen_ms ?? Infinity));
  return html`<main class="circuits">
    <h1 class="unseen">Circuits</h1>
    ${Number.isFinite(seen) && html`<p class="summary">As written down by the program ${span((nowMs - seen) / 1000)} ago or later.</p>`}
    ${exchanges.length
      ? html`<div class="list"><table role="table" class="board">
          <caption class="unseen">Circuits by exchange</caption>
          <thead role="rowgroup"><tr role="row">
            ${HEADS.map(([kind, title]) => html`<th key=${title} role="columnheader" scope="col" class=${kind}>${title}</th>`)}
          </tr></thead>
          ${exchanges.map((name) => html`<${Exchange}
            key=${name} name=${name} circuits=${of(answer.circuits, name)} gates=${of(answer.gates, name)} age=${age} nowMs=${nowMs}
          />`)}
        </table></div>`
      : html`<div class="nothing"><h2>No circuits yet</h2><p>Each exchange and method gets one with its first call.</p></div>`}
  </main>`;
}
