// Owns how the course of one call looks: a line for each attempt, wait, rejection and fallback, on one scale of time.
import { useEffect, useState } from "preact/hooks";
import { get } from "./api.mjs";
import { millis, plural } from "./format.mjs";
import { html } from "./html.mjs";
import { stepsOf } from "./waterfall_steps.mjs";

const WIDE = 1_000;
const NARROWEST = 8;

/** Every record of the call that a record is of; null while it is asked for. */
export function useCall(record) {
  const [call, setCall] = useState({ records: null, error: null });
  const { exchange, method, call_id: id, account, run } = record;
  const key = id ? JSON.stringify([exchange, method, id, account, run]) : null;
  useEffect(() => {
    // Whoever was rejected before anything began has no call: the record is all there is of it.
    setCall({ records: key ? null : [record], error: null });
    if (!key) return undefined;
    const ended = new AbortController();
    const path = [exchange, method, id].map(encodeURIComponent).join("/");
    get(`logs/${path}`, { account, run: run || "" }, ended.signal)
      .then(({ records }) => setCall({ records, error: null }))
      .catch((error) => ended.signal.aborted || setCall({ records: null, error }));
    return () => ended.abort();
    // The end of a call that was still under way comes as another record, which is opened or not.
  }, [key, record.id]);
  return call;
}

function Line({ step }) {
  const point = step.fromMs === step.toMs;
  const wide = point ? NARROWEST : Math.max(NARROWEST, (step.right - step.left) * WIDE);
  const x = Math.min(step.left * WIDE, WIDE - wide);
  return html`<svg class="fall-line" viewBox=${`0 0 ${WIDE} 10`} preserveAspectRatio="none" aria-hidden="true">
    <rect data-kind=${step.kind} data-mood=${step.mood} x=${x} y="0" width=${wide} height="10" />
  </svg>`;
}

function Step({ step, current, scaled, onOpen }) {
  return html`<li>
    <button class="fall-step" data-mood=${step.mood} aria-current=${current ? "true" : null} onClick=${() => onOpen(step.record)}>
      <span class="fall-name">${step.name}</span><span class="fall-said">${step.said}</span><span class="fall-took">${step.took}</span>
      ${scaled && html`<${Line} step=${step} />`}
    </button>
  </li>`;
}

export function Waterfall({ record, call, onOpen }) {
  const { records, error } = call;
  if (error) return html`<p class="problem">${error.message}</p>`;
  if (!records) return html`<p class="muted">Loading…</p>`;
  if (!records.length) return html`<p class="muted">Its records were cleared.</p>`;
  const { steps, tookMs } = stepsOf(records);
  return html`<ol class="fall">
      ${steps.map((step, index) => html`<${Step}
        key=${`${step.record.id}${step.kind}`} step=${step} scaled=${tookMs > 0} onOpen=${onOpen}
        current=${step.record.id === record.id && steps.findIndex((one) => one.record.id === record.id) === index}
      />`)}
    </ol>
    ${tookMs > 0
      ? html`<p class="fall-scale muted"><span>0</span><span>${plural(records.length, "record")}</span><span>${millis(tookMs)} ms</span></p>`
      : html`<p class="fall-scale muted">Nothing was sent: all of it is of one instant.</p>`}`;
}
