// Owns the table of circuits: by exchange, what is wider first; state, why, the last hour, and what became of calls.
import {
  heldWords, holdsBack, inOrder, isSame, keyOf, nameOf, nextOf, passesSome, placeOf, summed, theWide, whyOf, windowWords,
} from "./circuits_words.mjs";
import { accountTag, clock, iso, millis, plural, share, span, stamp, whole } from "./format.mjs";
import { html } from "./html.mjs";
import { Limits } from "./limits.mjs";
import { Mark } from "./marks.mjs";
import { follow, hrefOf } from "./route.mjs";
import { Strip } from "./strip.mjs";

const HEADS = [
  ["state", "State"],
  ["method", "Circuit"],
  ["why", "Why, and what comes next"],
  ["hour", "Last hour"],
  ["rate", "Success"],
  ["number", "Calls"],
  ["number", "Rejected"],
  ["number p50", "p50 ms"],
  ["number", "p95 ms"],
  ["number p99", "p99 ms"],
  ["number day", "Opened, 24 h"],
];
const FIRST_COUNTED = 4;

function Next({ circuit, age, nowMs }) {
  const next = nextOf(circuit, age, nowMs);
  if (!next) return null;
  return html`<span class="next">${next.words}${next.of > 0 && html`<progress max=${next.of} value=${next.done} aria-hidden="true"></progress>`}</span>`;
}

function Why({ circuit, holder, held, age, nowMs }) {
  const some = passesSome(circuit) ? "partly holds back" : "holds back";
  const why = whyOf(circuit);
  const since = span((nowMs - circuit.since_ms) / 1000);
  return html`${why && html`<span class="reason">${why}</span>`}
    <${Next} circuit=${circuit} age=${age} nowMs=${nowMs} />
    ${" "}<time class="muted" datetime=${iso(circuit.since_ms)} title=${stamp(circuit.since_ms)}>
      ${circuit.state === "closed" ? `for ${since}` : `since ${clock(circuit.since_ms).slice(0, 8)}, ${since}`}
    </time>
    ${circuit.held_back_by && html`${" "}<span class="held">${heldWords(circuit, holder)}</span>`}
    ${held > 0 && html`<span class="muted">, ${some} ${plural(held, "method")}</span>`}
    ${circuit.window && html`<span class="window muted">${windowWords(circuit.window)}</span>`}`;
}

/** What became of a method's calls. */
function Counts({ circuit: { counts } }) {
  const ended = counts.success_calls + counts.failed_calls;
  const latency = (ms) => (counts.success_calls ? millis(ms) : "–");
  return html`<td role="cell" class="rate" data-label="Success" title=${counts.last_error ? `Last error: ${counts.last_error}` : null}>
      ${ended ? share(counts.success_rate) : "–"}
    </td>
    <td role="cell" class="number" data-label="Calls">${whole(counts.total_calls)}</td>
    <td role="cell" class="number" data-label="Rejected" data-some=${counts.rejected_calls > 0}>${whole(counts.rejected_calls)}</td>
    <td role="cell" class="number p50" data-label="p50 ms">${latency(counts.p50_ms)}</td>
    <td role="cell" class="number" data-label="p95 ms">${latency(counts.p95_ms)}</td>
    <td role="cell" class="number p99" data-label="p99 ms">${latency(counts.p99_ms)}</td>`;
}

/** What is wider has no calls of its own to count. */
const Uncounted = () => HEADS.slice(FIRST_COUNTED, -1).map(([kind, title]) => html`<td key=${title} role="cell" class=${kind}></td>`);

function Row({ circuit, holder, held, board, age, nowMs }) {
  const { history, pasts, open, onOpen } = board;
  const place = { exchange: circuit.exchange, method: circuit.method, account: circuit.account };
  const account = accountTag(circuit.method, circuit.account);
  const past = pasts.get(keyOf(circuit));
  const shown = isSame(open, circuit);
  const clicked = (event) => event.target.closest("a, button") || getSelection().toString() || onOpen(shown ? null : place);
  return html`<tr role="row" data-state=${circuit.state} data-scope=${circuit.scope} data-open=${shown} onClick=${clicked}>
    <td role="cell" class="state"><${Mark} name=${circuit.state} /></td>
    <th role="rowheader" scope="row" class="method">
      <a href=${hrefOf("circuits", place)} aria-current=${shown ? "true" : null} onClick=${(event) => follow(event, "circuits", place)}>${nameOf(circuit)}</a>
      ${account && html`<span class="account"> ${account}</span>`}
    </th>
    <td role="cell" class="why"><${Why} circuit=${circuit} holder=${holder} held=${held} age=${age} nowMs=${nowMs} /></td>
    <td role="cell" class="hour"><${Strip} past=${past} history=${history} name=${placeOf(circuit)} id=${keyOf(circuit).replaceAll(" ", "-")} /></td>
    ${circuit.scope === "method" ? html`<${Counts} circuit=${circuit} />` : html`<${Uncounted} />`}
    <td role="cell" class="number day" data-label="Opened, 24 h" data-some=${past?.openings > 0}>${past ? whole(past.openings) : "…"}</td>
  </tr>`;
}

function Gate({ gate, age }) {
  const left = span(Math.ceil(Math.max(0, gate.retry_after_s - age)));
  const only = (gate.orders_only && ", new orders only") || (gate.public_only && ", calls without a key only") || "";
  return html`${" "}<span class="gate">
    gate of ${theWide(gate.scope, gate.account)} closed for ${left} more${only}: ${gate.reason}
  </span>`;
}

export function Gates({ gates, age }) {
  const at = (gate) => [gate.scope, gate.account, gate.orders_only, gate.public_only].join();
  return gates.map((gate) => html`<${Gate} key=${at(gate)} gate=${gate} age=${age} />`);
}

function Exchange({ name, circuits, gates, limits, budget, board, age, nowMs }) {
  const filter = { exchange: name };
  const sorted = [...circuits].sort(inOrder);
  const whole = { exchange: name, method: "@exchange", account: "main" };
  const wide = circuits.find((one) => one.method === "@exchange");
  return html`<tbody role="rowgroup">
    <tr role="row" class="group"><th role="rowheader" scope="rowgroup" colspan=${HEADS.length}>
      <a href=${hrefOf("api-logs", filter)} title="Its records" onClick=${(event) => follow(event, "api-logs", filter)}>${name}</a>${" "}
      <span class="muted">${summed(circuits)}</span>
      <${Gates} gates=${gates} age=${age} />
      ${board.onTurn && circuits.length > 0 && wide?.state !== "forced_open" && html`<button
        class="hold-whole" onClick=${() => board.onTurn("open", whole)}
      >Hold all of ${name}…</button>`}
    </th></tr>
    ${(limits.length > 0 || budget) && html`<tr role="row" class="used"><td role="cell" colspan=${HEADS.length}>
      <${Limits} exchange=${name} limits=${limits} budget=${budget} age=${age} />
    </td></tr>`}
    ${sorted.map((circuit) => html`<${Row}
      key=${keyOf(circuit)} circuit=${circuit} board=${board} age=${age} nowMs=${nowMs}
      holder=${circuit.held_back_by && circuits.find((one) => holdsBack(one, circuit))}
      held=${circuits.filter((one) => holdsBack(circuit, one)).length}
    />`)}
  </tbody>`;
}

/** The board; `board` has the history, the circuit that is open, and what opens or turns one. */
export function CircuitsTable({ answer, exchanges, board, age, nowMs }) {
  const of = (list, name) => list.filter((one) => one.exchange === name);
  return html`<table role="table" class="board">
    <caption class="unseen">Circuits by exchange</caption>
    <thead role="rowgroup"><tr role="row">
      ${HEADS.map(([kind, title]) => html`<th key=${title} role="columnheader" scope="col" class=${kind}>${title}</th>`)}
    </tr></thead>
    ${exchanges.map((name) => html`<${Exchange}
      key=${name} name=${name} circuits=${of(answer.circuits, name)} gates=${of(answer.gates, name)}
      limits=${of(answer.limits, name)} budget=${of(answer.budgets, name)[0]} board=${board} age=${age} nowMs=${nowMs}
    />`)}
  </table>`;
}
