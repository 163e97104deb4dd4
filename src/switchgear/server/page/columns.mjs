// Owns which columns the table has: from the address, else as this browser remembers them, else the usual ones.
import { accountTag, millis, words } from "./format.mjs";
import { html } from "./html.mjs";
import { Menu } from "./menu.mjs";
import { kept, keep } from "./stored.mjs";

const STORED = "switchgear-columns";
const USUAL = ["time", "level", "exchange", "method", "event", "message", "took"];

const plain = (name) => (record) => record[name] ?? "";

/** By name: title, and what a record has of it; time, level and method are the table's own to show. */
export const COLUMNS = {
  time: ["Time", null],
  level: ["Level", null],
  exchange: ["Exchange", plain("exchange")],
  account: ["Account", plain("account")],
  method: ["Method", null],
  event: ["What", (record) => words(record.event)],
  kind: ["Kind", (record) => words(record.kind ?? "")],
  scope: ["Scope", plain("scope")],
  message: ["Message", plain("message")],
  source: ["Source", plain("source")],
  order_id: ["Order", plain("order_id")],
  call_id: ["Call", plain("call_id")],
  attempt: ["Attempt", plain("attempt")],
  status: ["Status", plain("status")],
  code: ["Code", plain("code")],
  took: ["ms", (record) => millis(record.duration_ms)],
  run: ["Run", (record) => record.run || ""],
  id: ["Id", plain("id")],
};

const NAMES = Object.keys(COLUMNS);

/** Those of a list that there are, each once, in their order; the usual ones when none is left. */
function known(names) {
  const found = Array.isArray(names) ? NAMES.filter((name) => names.includes(name)) : [];
  return found.length ? found : USUAL;
}

export const columnsOf = (view) => known(view.columns ? view.columns.split(",") : kept(STORED, USUAL));

/** The account stands behind the method where it has no column of its own. */
export const besideMethod = (record, columns) =>
  columns.includes("account") ? null : accountTag(record.method, record.account);

function chosen(place, columns) {
  keep(STORED, columns);
  place.show({ columns: String(columns) === String(USUAL) ? "" : columns.join(",") }, { replace: true });
}

export function ColumnsMenu({ place, columns }) {
  const flip = (name) => {
    const next = columns.includes(name) ? columns.filter((one) => one !== name) : [...columns, name];
    if (next.length) chosen(place, known(next));
  };
  return html`<${Menu} label="Columns" name="Columns to show" on=${String(columns) !== String(USUAL)}>
    ${() => html`
      <div class="menu-checks">
        ${NAMES.map((name) => html`<label key=${name} class="check">
          <input type="checkbox" checked=${columns.includes(name)} onChange=${() => flip(name)} />
          ${COLUMNS[name][0] === "ms" ? "Duration" : COLUMNS[name][0]}
        </label>`)}
      </div>
      <button onClick=${() => chosen(place, USUAL)}>The usual ones</button>`}
  <//>`;
}
