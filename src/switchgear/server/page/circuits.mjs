// Owns /circuits: one row for each circuit, by exchange; the state in a word, a colour and a shape.
import {
  accountTag, clock, iso, methodName, millis, part, plural, share, span, stamp, whole, wide,
} from "./format.mjs";
import { html } from "./html.mjs";
import { Legend, Limits } from "./limits.mjs";
import { Mark } from "./marks.mjs";
import { useAge, usePolled } from "./polled.mjs";
import { follow, hrefOf } from "./route.mjs";

const HEADS = [
  ["state", "State"],
  ["method", "Method"],
  ["why", "Why and since when"],
  ["next", "Recovery"],
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
const COUNTED = HEADS.length - 5;
const WIDEST_FIRST = ["exchange", "address", "account", "method"];
const URGENT = ["open", "forced_open", "half_open", "metrics_only", "forced_closed", "closed"];

const passesSome = (circuit) => circuit.passing > 0 && circuit.passing < 1;
const nameOf = (circuit) => methodName(circuit.method, circuit.account);

/** What is wider than a method, within a sentence. */
const theWide = (scope, account) => (scope === "exchange" ? "the whole exchange" : wide(scope, account));

function Next({ circuit, age }) {
  if (passesSome(circuit)) {
    return html`<span class="due">${part(circuit.passing)} pass</span>
      <progress max="1" value=${circuit.passing} aria-hidden="true"></progress>`;
  }
  const waits = circuit.retry_after_s;
  if (circuit.state === "closed" || circuit.state === "metrics_only" || circuit.state === "forced_closed") return "";
  if (waits === null) return html`<span class="muted">when released</span>`;
  const left = Math.max(0, waits - age);
  if (left === 0) return html`<span class="due">probe at the next call</span>`;
  const whole_s = Math.max(circuit.reset_timeout_s ?? 0, waits);
  return html`<span class="due">probe in ${span(Math.ceil(left))}</span>
    <progress max=${whole_s} value=${Math.max(0, whole_s - left)} aria-hidden="true"></progress>`;
}

const failed = ({ failures, failure_threshold: most }) =>
  most === null ? plural(failures, "failure") : `${failures} of ${plural(most, "failure")}`;

/** What a circuit remembers of its last calls; nothing where no rule looks at them. */
function windowWords({ calls, failures, slow, asked, passed }) {
  const slowly = slow ? `, ${whole(slow)} slow` : "";
  const held = asked > passed ? `, ${whole(asked - passed)} of ${whole(asked)} not let through` : "";
  return `in its window: ${whole(failures)} of ${plural(calls, "attempt")} failed${slowly}${held}`;
}

/** A method whose calls a wider circuit holds back, all or some: its own state is not the whole truth. */
function Held({ circuit, holder }) {
  if (!circuit.held_back_by) return null;
  const name = theWide(circuit.held_back_by, circuit.account);
  const some = holder && passesSome(holder) ? `${name} lets ${part(holder.passing)} pass` : `held back by ${name}`;
  return html`${" "}<span class="held">${some}</span>`;
}

function Why({ circuit, holder, nowMs }) {
  const since = (nowMs - circuit.since_ms) / 1000;
  const failures = circuit.state === "closed" && circuit.failures > 0
    ? `${failed(circuit)} in a row` : "";
  const text = circuit.reason || failures;
  const by = circuit.by ? `held by ${circuit.by}: ` : "";
  return html`${text && html`<span class="reason">${by}${text}</span> `}
    <time class="muted" datetime=${iso(circuit.since_ms)} title=${stamp(circuit.since_ms)}>
      ${circuit.state === "closed" ? "for" : `since ${clock(circuit.since_ms).slice(0, 8)},`} ${span(since)}
    </time>
    <${Held} circuit=${circuit} holder=${holder} />
    ${circuit.window && html`<span class="window muted">${windowWords(circuit.window)}</span>`}`;
}

/** What happened to a method's calls. */
function Counts({ circuit }) {
  const { counts } = circuit;
  const ended = counts.success_calls + counts.failed_calls;
  const latency = (ms) => (counts.success_calls ? millis(ms) : "–");
  return html`<td role="cell" class="rate" data-label="Success" title=${counts.last_error ? `Last error: ${counts.last_error}` : null}>
      ${ended ? share(counts.success_rate) : "–"}
    </td>
    <td role="cell" class="number" data-label="p50 ms">${latency(counts.p50_ms)}</td>
    <td role="cell" class="number" data-label="p95 ms">${latency(counts.p95_ms)}</td>
    <td role="cell" class="number" data-label="p99 ms">${latency(counts.p99_ms)}</td>
    <td role="cell" class="number" data-label="Calls">${whole(counts.total_calls)}</td>
    <td role="cell" class="number" data-label="Failed" data-some=${counts.failed_calls > 0}>${whole(counts.failed_calls)}</td>
    <td role="cell" class="number" data-label="Rejected" data-some=${counts.rejected_calls > 0}>${whole(counts.rejected_calls)}</td>
    <td role="cell" class="number" data-label="Fallback" data-some=${counts.fallback_calls > 0}>${whole(counts.fallback_calls)}</td>`;
}

/** How many methods one that is wider holds back; it has no calls of its own to count. */
function Bound({ circuit, held }) {
  const some = passesSome(circuit) ? "partly holds back" : "holds back";
  return html`<td role="cell" class="bound" colspan=${COUNTED}>
    ${held > 0 && html`<span class="muted">${some} ${plural(held, "method")}</span>`}
  </td>`;
}

function Row({ circuit, holder, held, age, nowMs }) {
  const filter = { exchange: circuit.exchange, method: circuit.method, account: circuit.account };
  const account = accountTag(circuit.method, circuit.account);
  return html`<tr role="row" data-state=${circuit.state} data-scope=${circuit.scope}>
    <td role="cell" class="state"><${Mark} name=${circuit.state} /></td>
    <th role="rowheader" scope="row" class="method">
      <a href=${hrefOf("api-logs", filter)} onClick=${(event) => follow(event, "api-logs", filter)} title="Its records">${nameOf(circuit)}</a>
      ${account && html`<span class="account"> ${account}</span>`}
    </th>
    <td role="cell" class="why"><${Why} circuit=${circuit} holder=${holder} nowMs=${nowMs} /></td>
    <td role="cell" class="next"><${Next} circuit=${circuit} age=${age} /></td>
    ${circuit.scope === "method" ? html`<${Counts} circuit=${circuit} />` : html`<${Bound} circuit=${circuit} held=${held} />`}
    <td role="cell" class="number" data-label="Opened">${whole(circuit.openings)}</td>
  </tr>`;
}

function Gate({ gate, age }) {
  const left = span(Math.ceil(Math.max(0, gate.retry_after_s - age)));
  const only = (gate.orders_only && ", new orders only") || (gate.public_only && ", calls without a key only") || "";
  return html`${" "}<span class="gate">
    gate of ${theWide(gate.scope, gate.account)} closed for ${left} more${only}: ${gate.reason}
  </span>`;
}

function Gates({ gates, age }) {
  const keyOf = (gate) => [gate.scope, gate.account, gate.orders_only, gate.public_only].join();
  return gates.map((gate) => html`<${Gate} key=${keyOf(gate)} gate=${gate} age=${age} />`);
}

/** What is wider first; then, within the same width, what is most urgent. */
const inOrder = (a, b) =>
  WIDEST_FIRST.indexOf(a.scope) - WIDEST_FIRST.indexOf(b.scope) ||
  URGENT.indexOf(a.state) - URGENT.indexOf(b.state) ||
  a.method.localeCompare(b.method) ||
  a.account.localeCompare(b.account);

/** How many circuits there are, and how many of them are not closed. */
function summed(circuits) {
  if (!circuits.length) return "not called yet";
  const troubled = circuits.filter((circuit) => circuit.state !== "closed").length;
  return `${plural(circuits.length, "circuit")}${troubled ? `, ${troubled} not closed` : ", all closed"}`;
}

function Exchange({ name, circuits, gates, limits, budget, age, nowMs }) {
  const filter = { exchange: name };
  const sorted = [...circuits].sort(inOrder);
  const holds = (one, circuit) =>
    circuit.held_back_by === one.scope && (one.scope !== "account" || one.account === circuit.account);
  return html`<tbody role="rowgroup">
    <tr role="row" class="group"><th role="rowheader" scope="rowgroup" colspan=${HEADS.length}>
      <a href=${hrefOf("api-logs", filter)} onClick=${(event) => follow(event, "api-logs", filter)}>${name}</a>${" "}
      <span class="muted">${summed(circuits)}</span>
      <${Gates} gates=${gates} age=${age} />
    </th></tr>
    ${(limits.length > 0 || budget) && html`<tr role="row" class="used"><td role="cell" colspan=${HEADS.length}>
      <${Limits} exchange=${name} limits=${limits} budget=${budget} age=${age} />
    </td></tr>`}
    ${sorted.map((circuit) => html`<${Row}
      key=${circuit.method + circuit.account} circuit=${circuit} age=${age} nowMs=${nowMs}
      holder=${circuit.held_back_by && circuits.find((one) => holds(one, circuit))}
      held=${circuits.filter((one) => holds(circuit, one)).length}
    />`)}
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
  const { circuits, gates, limits, budgets } = answer;
  const exchanges = [...new Set([...circuits, ...gates, ...limits].map((one) => one.exchange))].sort();
  const of = (list, name) => list.filter((one) => one.exchange === name);
  const nowMs = answer.now_ms + age * 1000;
  const seen = Math.min(...circuits.map((circuit) => circuit.seen_ms ?? Infinity));
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
            key=${name} name=${name} circuits=${of(circuits, name)} gates=${of(gates, name)}
            limits=${of(limits, name)} budget=${of(budgets, name)[0]} age=${age} nowMs=${nowMs}
          />`)}
        </table>${limits.length > 0 && html`<${Legend} />`}</div>`
      : html`<div class="nothing"><h2>No circuits yet</h2><p>Each exchange and method gets one with its first call.</p></div>`}
  </main>`;
}
