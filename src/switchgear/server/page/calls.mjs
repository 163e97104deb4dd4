// Owns /calls: what became of the calls of each exchange and method, with the sums of each exchange, sorted as asked.
import { useState } from "preact/hooks";
import { COLUMNS, csv, sorted, sumOf } from "./calls_columns.mjs";
import { accountTag } from "./format.mjs";
import { html } from "./html.mjs";
import { Mark } from "./marks.mjs";
import { useAge, usePolled } from "./polled.mjs";
import { follow, go, hrefOf } from "./route.mjs";

const EVERY_MS = 2_000;
const kindOf = ({ number }) => (number ? "number" : "text");

function Head({ column, sort, onSort }) {
  const on = sort.by === column.name;
  return html`<th role="columnheader" scope="col" class=${`${kindOf(column)} k-${column.name}`} aria-sort=${on ? (sort.down ? "descending" : "ascending") : null}>
    <button class="sort" title=${column.hint} onClick=${() => onSort(column)}>${column.title}${on && html`<span aria-hidden="true">${sort.down ? "▾" : "▴"}</span>`}</button>
  </th>`;
}

function Cell({ column, row }) {
  const shown = column.shown(row);
  const some = column.loud && row[column.name] > 0;
  return html`<td role="cell" class=${`${kindOf(column)} k-${column.name}`} data-label=${column.title} data-some=${some} data-none=${shown === ""} title=${column.name === "last_error" && shown ? shown : null}>
    ${column.name === "circuit_state" ? shown && html`<${Mark} name=${shown} />` : shown}
  </td>`;
}

function Row({ row }) {
  const place = { exchange: row.exchange, method: row.method, account: row.account };
  const account = accountTag(row.method, row.account);
  return html`<tr role="row" data-state=${row.circuit_state}>
    <th role="rowheader" scope="row" class="text k-method">
      <a href=${hrefOf("circuits", place)} title="Its circuit" onClick=${(event) => follow(event, "circuits", place)}>${row.method}</a>
      ${account && html`<span class="account"> ${account}</span>`}
    </th>
    ${COLUMNS.slice(1).map((column) => html`<${Cell} key=${column.name} column=${column} row=${row} />`)}
  </tr>`;
}

function Exchange({ name, rows, sort }) {
  const sum = sumOf(name, rows);
  const filter = { exchange: name };
  return html`<tbody role="rowgroup">
    <tr role="row" class="sum">
      <th role="rowheader" scope="row" class="text k-method"><a href=${hrefOf("api-logs", filter)} title="Its records" onClick=${(event) => follow(event, "api-logs", filter)}>${name}</a></th>
      ${COLUMNS.slice(1).map((column) => html`<${Cell} key=${column.name} column=${column} row=${sum} />`)}
    </tr>
    ${sorted(rows, sort).map((row, index) => html`<${Row} key=${`${row.method} ${row.account} ${index}`} row=${row} />`)}
  </tbody>`;
}

function CopyCsv({ rows }) {
  const [said, setSaid] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(csv(rows));
      setSaid("Copied.");
    } catch {
      setSaid("The browser forbids it.");
    }
  };
  return html`<span class="muted" role="status">${said}</span><button onClick=${copy}>Copy as CSV</button>`;
}

/** Below the widest column there are no heads to press: the same choice in a field. */
function SortField({ sort, onSort }) {
  return html`<label class="field sort-field"><span>Sorted by</span>
    <select value=${sort.by} onChange=${(event) => onSort(COLUMNS.find((one) => one.name === event.target.value))}>
      ${COLUMNS.map(({ name, title }) => html`<option key=${name} value=${name}>${title}</option>`)}
    </select>
  </label>`;
}

function sortOf({ sort }) {
  const by = COLUMNS.find((one) => one.name === sort?.replace(/^-/, ""));
  return by ? { by: by.name, down: sort.startsWith("-") } : { by: "method", down: false };
}

export function Calls({ filter }) {
  const { answer, error, atMs } = usePolled("metrics", EVERY_MS);
  const age = useAge(atMs);
  const sort = sortOf(filter);
  const onSort = (column) => {
    const down = sort.by === column.name ? !sort.down : Boolean(column.number);
    go("calls", { sort: `${down ? "-" : ""}${column.name}` }, { replace: true });
  };
  const rows = answer?.calls ?? [];
  if (!rows.length) {
    return html`<main class="calls"><h1 class="unseen">Calls</h1><div class="nothing" role="status">
      ${error && html`<p class="problem">${error.message}</p>`}
      ${!error && (answer ? html`<h2>No calls yet</h2><p>Each exchange and method is counted from its first call on.</p>` : html`<p>Loading…</p>`)}
    </div></main>`;
  }
  const names = [...new Set(rows.map((one) => one.exchange))];
  const groups = sorted(names.map((name) => sumOf(name, rows.filter((one) => one.exchange === name))), sort.by === "method" ? { by: "exchange", down: sort.down } : sort);
  return html`<main class="calls">
    <h1 class="unseen">Calls</h1>
    <div class="calls-bar">
      <p class="muted">Since the program first called each. Durations are of successes, in milliseconds.${error && html`<span class="problem"> ${error.message} What is shown is ${Math.round(age)} s old.</span>`}</p>
      <${SortField} sort=${sort} onSort=${onSort} /><${CopyCsv} rows=${rows} />
    </div>
    <div class="list" tabindex="-1"><table role="table" class="tally">
      <caption class="unseen">Calls by exchange and method</caption>
      <thead role="rowgroup"><tr role="row">${COLUMNS.map((column) => html`<${Head} key=${column.name} column=${column} sort=${sort} onSort=${onSort} />`)}</tr></thead>
      ${groups.map(({ exchange }) => html`<${Exchange} key=${exchange} name=${exchange} rows=${rows.filter((one) => one.exchange === exchange)} sort=${sort} />`)}
    </table></div>
  </main>`;
}
