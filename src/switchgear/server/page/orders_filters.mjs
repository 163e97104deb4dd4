// Owns the filter of orders: what is typed or chosen becomes the address, and the address what is shown.
import { useEffect, useState } from "preact/hooks";
import { html } from "./html.mjs";
import { words } from "./format.mjs";
import { go } from "./route.mjs";

const STATES = [
  ["", "Any state"],
  ["new,sent,unknown", "outcome open"],
  ["acked,found", "booked"],
  ["rejected,absent", "not booked"],
  ...["new", "sent", "acked"].map((name) => [name, name]),
  ["rejected", "rejected, or not sent"],
  ...["unknown", "found", "absent", "abandoned"].map((name) => [name, name]),
];
const TYPED_MS = 250;

function Select({ label, name, options, filter }) {
  const value = filter[name] ?? "";
  const known = options.some(([given]) => given === value);
  const all = known ? options : [...options, [value, words(value)]];
  return html`<label class="field">
    <span>${label}</span>
    <select value=${value} onChange=${(event) => go("orders", { ...filter, [name]: event.target.value })} data-on=${Boolean(value)}>
      ${all.map(([given, text]) => html`<option key=${given} value=${given}>${text}</option>`)}
    </select>
  </label>`;
}

function Search({ filter }) {
  const given = filter.client_order_id ?? "";
  const [typed, setTyped] = useState(given);
  useEffect(() => setTyped(given), [given]);
  useEffect(() => {
    if (typed.trim() === given) return undefined;
    const timer = setTimeout(() => go("orders", { ...filter, client_order_id: typed.trim() }, { replace: true }), TYPED_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return html`<label class="field search">
    <span>Client order id</span>
    <input
      id="search" type="search" maxlength="36" placeholder="Whole id  /" autocomplete="off" spellcheck="false"
      value=${typed} onInput=${(event) => setTyped(event.target.value)}
    />
  </label>`;
}

function SymbolField({ filter, symbols }) {
  const chosen = (event) => go("orders", { ...filter, symbol: event.target.value.trim().toUpperCase() });
  return html`<label class="field symbol-field">
    <span>Symbol</span>
    <input
      list="symbols" maxlength="41" placeholder="BTC/USDT" autocomplete="off" spellcheck="false"
      value=${filter.symbol ?? ""} onChange=${chosen} data-on=${Boolean(filter.symbol)}
    />
    <datalist id="symbols">${symbols.map((one) => html`<option key=${one} value=${one}></option>`)}</datalist>
  </label>`;
}

const sorted = (names) => [...new Set(names)].filter(Boolean).sort();

export function OrderFilters({ filter, places, intents, children }) {
  const [shown, setShown] = useState(false);
  const known = [...places, ...intents];
  const listed = (name, every) => [["", every], ...sorted(known.map((one) => one[name])).map((one) => [one, one])];
  const active = Object.keys(filter).length;
  const select = (label, name, options) => html`<${Select} label=${label} name=${name} options=${options} filter=${filter} />`;
  return html`<div class="filters" data-shown=${shown} role="search" aria-label="Filter the orders">
    <${Search} filter=${filter} />
    <button class="filters-more" aria-expanded=${shown} onClick=${() => setShown(!shown)}>
      Filters${active ? ` (${active})` : ""}
    </button>
    <div class="filters-rest">
      ${select("Exchange", "exchange", listed("exchange", "All exchanges"))}
      ${select("Account", "account", listed("account", "All accounts"))}
      ${select("State", "state", STATES)}
      <${SymbolField} filter=${filter} symbols=${sorted(intents.map((one) => one.symbol))} />
      ${active > 0 && html`<button class="link" onClick=${() => go("orders")}>Reset</button>`}
    </div>
    <div class="filters-actions">${children}</div>
  </div>`;
}
