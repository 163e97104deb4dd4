// Owns how long the calls of a circuit took in the last hour: three percentiles over time, drawn and as a table.
import { Chart } from "./chart.mjs";
import { clock, millis, plural, whole } from "./format.mjs";
import { html } from "./html.mjs";
import { usePolled } from "./polled.mjs";

const EVERY_MS = 10_000;

/** The percentiles that are drawn; each with a colour and a dash of its own. */
const LINES = [
  { name: "p50", of: "p50_ms", colour: "--accent", dash: [] },
  { name: "p95", of: "p95_ms", colour: "--warn", dash: [7, 4] },
  { name: "p99", of: "p99_ms", colour: "--bad", dash: [2, 4] },
];

const pathOf = ({ exchange, method, account }) => `logs/latency?${new URLSearchParams({ exchange, method, account, since: "-1h" })}`;

function Twin({ points }) {
  return html`<details class="chart-twin"><summary>As a table</summary>
    <div class="chart-twin-scroll" tabindex="0" role="region" aria-label="Durations as a table"><table class="plain">
      <caption class="unseen">Durations in the last hour, in milliseconds</caption>
      <thead><tr><th scope="col">From</th><th scope="col" class="number">Calls</th>${LINES.map(({ name }) => html`<th key=${name} scope="col" class="number">${name} ms</th>`)}</tr></thead>
      <tbody>${points.map((one) => html`<tr key=${one.start_ms}>
        <th scope="row">${clock(one.start_ms).slice(0, 5)}</th><td class="number">${whole(one.calls)}</td>
        ${LINES.map(({ of }) => html`<td key=${of} class="number">${millis(one[of])}</td>`)}
      </tr>`)}</tbody>
    </table></div>
  </details>`;
}

function said(points) {
  const calls = points.reduce((sum, one) => sum + one.calls, 0);
  const worst = Math.max(...points.map((one) => one.p99_ms));
  return `${plural(calls, "success", "successes")} in the last hour; p99 at most ${millis(worst)} ms, p50 now ${millis(points.at(-1).p50_ms)} ms`;
}

export function Durations({ circuit }) {
  const { answer, error } = usePolled(pathOf(circuit), EVERY_MS);
  const points = answer?.points ?? [];
  return html`<section aria-label="Durations"><h3>Durations in ms, last hour</h3>
    ${error && !answer && html`<p class="problem">${error.message}</p>`}
    ${answer && !points.length && html`<p class="muted">No success is in the log.</p>`}
    ${points.length > 0 && html`
      <${Chart} points=${points} lines=${LINES} label=${said(points)} />
      <${Twin} points=${points} />`}
  </section>`;
}
