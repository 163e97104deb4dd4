// Owns what stands in the place of records: none ever, none that match, none yet, none to be had.
import { useEffect, useState } from "preact/hooks";
import { get } from "./api.mjs";
import { clock, plural, whole } from "./format.mjs";
import { html } from "./html.mjs";
import { filterName, filterWords } from "./logs_filter.mjs";

const BEGIN = `import switchgear

@switchgear.guard("binance", "get_market_price")
def price(symbol):
    ...`;

export function Skeleton() {
  return html`<div class="skeleton" role="status"><span class="unseen">Loading records…</span>
    ${Array.from({ length: 24 }, (_, index) => html`<i key=${index}></i>`)}
  </div>`;
}

function Never({ source }) {
  return html`<div class="nothing">
    <h2>No records yet</h2>
    <p>Each call through switchgear leaves one here as it happens; this page shows it by itself.</p>
    ${source !== "history" && html`<pre tabindex="0" aria-label="How to begin">${BEGIN}</pre>
      <p class="muted">Or look at a practice exchange first: <code>switchgear demo</code>.</p>`}
    ${source === "history" && html`<p class="muted">The file is there, and nothing was written to it yet.</p>`}
  </div>`;
}

/** How many records there would be without one of the filters, each asked for. */
function useWithout(place) {
  const [counts, setCounts] = useState({});
  useEffect(() => {
    const ended = new AbortController();
    setCounts({});
    for (const name of Object.keys(place.filter)) {
      const { [name]: _, ...rest } = place.filter;
      get("logs", { ...rest, limit: 1 }, ended.signal)
        .then(({ count, count_is_exact: exact }) => setCounts((now) => ({ ...now, [name]: { count, exact } })))
        .catch((error) => ended.signal.aborted || console.info(`not counted without ${name}: ${error.message}`));
    }
    return () => ended.abort();
  }, [place.key]);
  return counts;
}

function without(counted) {
  if (!counted) return "…";
  return counted.count ? `${counted.exact ? "" : "over "}${plural(counted.count, "record")}` : "still none";
}

function NoMatch({ place }) {
  const counts = useWithout(place);
  return html`<div class="nothing">
    <h2>No record matches</h2>
    <p>All of these must hold. Lift one and there would be:</p>
    <ul class="lifts">
      ${Object.entries(place.filter).map(([name, value]) => html`<li key=${name}>
        <button onClick=${() => place.narrow(name, "")}>
          <span>Without <b>${filterName(name)} ${filterWords(name, value)}</b></span><span class="muted">${without(counts[name])}</span>
        </button>
      </li>`)}
    </ul>
    ${Object.keys(place.filter).length > 1 && html`<p><button class="link" onClick=${() => place.set({})}>Lift all</button></p>`}
  </div>`;
}

export function Nothing({ place, status }) {
  if (Object.keys(place.filter).length) return html`<${NoMatch} place=${place} />`;
  return html`<${Never} source=${status?.source} />`;
}

export function Failed({ error, place, onAgain }) {
  const filter = error.status === 400;
  return html`<div class="nothing" role="alert">
    <h2>${filter ? "This filter does not work" : "The records could not be loaded"}</h2>
    <p class="problem">${error.message}</p>
    ${filter
      ? html`<p>${error.field && place.filter[error.field] && html`<button onClick=${() => place.narrow(error.field, "")}>Lift ${filterName(error.field)}</button>${" "}`}
          <button onClick=${() => place.set({})}>Lift all</button></p>`
      : html`<p class="muted">Tried again every few seconds.</p><p><button onClick=${onAgain}>Try now</button></p>`}
  </div>`;
}

/** What is missing from what is shown, or may be old: a line for each. */
export function Notices({ state, status, overview, onAgain }) {
  const gone = status ? status.dropped + status.dropped_warnings + status.lost : 0;
  return html`
    ${state.lostMs !== null && state.phase === "ready" && html`<div class="notice" data-mood="bad" role="alert">
      <span>No answer from the server since ${clock(state.lostMs).slice(0, 8)}. What is shown may be old; it is tried again by itself.</span>
      <button onClick=${onAgain}>Try now</button>
    </div>`}
    ${gone > 0 && html`<div class="notice" data-mood="warn">
      <span><b>${plural(gone, "record")} missing from this log:</b> ${whole(status.dropped)} below warning and${" "}
      ${whole(status.dropped_warnings)} from warning on dropped because they came too fast, ${whole(status.lost)} could not be written.</span>
    </div>`}
    ${state.missed > 0 && html`<div class="notice" data-mood="warn">
      <span>${plural(state.missed, "record")} came too fast for this page; the log has them.</span>
      <button onClick=${onAgain}>Show the newest</button>
    </div>`}
    ${overview?.looked_at && html`<div class="notice"><span>Counts are over the newest ${whole(overview.looked_at)} that match.</span></div>`}`;
}
