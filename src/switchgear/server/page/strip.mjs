// Owns the strip of a circuit's last hour: a bar for each state, by colour and by height, and the same in words.
import { useMemo } from "preact/hooks";
import { PASSING_BY_HAND } from "./circuits_words.mjs";
import { clock, plural, span, words } from "./format.mjs";
import { html } from "./html.mjs";

const WIDTH = 1_000;
const HEIGHT = 16;
const WIDTH_MIN = 4;
const TOLD_MAX = 8;
/** What is known of less than the rest of the strip is told with its time. */
const YOUNG = 0.1;

/**
 * The bars of a state, as [y, height]: low when calls pass, half when some do, full when none does; in two when held, in
 * three at metrics only.
 */
const BARS = {
  closed: [[11, 5]],
  half_open: [[6, 10]],
  open: [[0, 16]],
  forced_open: [[0, 7], [9, 7]],
  forced_closed: [[8, 3], [13, 3]],
  metrics_only: [[8, 2], [11, 2], [14, 2]],
};

function Bars({ one, sinceMs, nowMs }) {
  const scale = WIDTH / (nowMs - sinceMs);
  const x = (one.start_ms - sinceMs) * scale;
  const width = Math.max((one.end_ms - one.start_ms) * scale, one.state === "closed" ? 0 : WIDTH_MIN);
  return (BARS[one.state] ?? BARS.closed).map(
    ([y, height]) => html`<rect key=${y} data-state=${one.state} x=${Math.min(x, WIDTH - width)} y=${y} width=${width} height=${height} />`,
  );
}

/** How long a circuit held calls back, or was held to pass them all, within the strip, in words. */
function stripWords(past, { since_ms: sinceMs, now_ms: nowMs }) {
  if (!past.spans.length) return "nothing known yet";
  const [first] = past.spans;
  if (past.spans.every((one) => one.state === "closed")) {
    const young = first.start_ms - sinceMs > YOUNG * (nowMs - sinceMs);
    return young ? `closed for ${span((nowMs - first.start_ms) / 1000)}` : "closed all the while";
  }
  const lasted = new Map();
  for (const one of past.spans.filter(({ state }) => state !== "closed")) {
    const name = PASSING_BY_HAND.has(one.state) ? words(one.state) : "not closed";
    lasted.set(name, (lasted.get(name) ?? 0) + one.end_ms - one.start_ms);
  }
  return [...lasted].map(([name, ms]) => `${name} for ${span(Math.max(1, ms / 1000))}`).join(", ");
}

function told(spans) {
  const shown = spans.slice(-TOLD_MAX).map((one) => `${words(one.state)} from ${clock(one.start_ms).slice(0, 8)} to ${clock(one.end_ms).slice(0, 8)}`);
  return `${spans.length > TOLD_MAX ? `the last ${TOLD_MAX} of ${plural(spans.length, "span")}: ` : ""}${shown.join("; ")}`;
}

/** Drawn anew only when the past is another: the board around it counts down several times a second. */
export function Strip({ past, history, name, id }) {
  return useMemo(() => drawn(past, history, name, id), [past, history]);
}

function drawn(past, history, name, id) {
  if (!past) return html`<span class="strip-words muted">…</span>`;
  const sinceMs = history.since_ms;
  const spelled = stripWords(past, history);
  return html`<svg
      class="strip" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img"
      aria-labelledby=${`strip-${id}-title strip-${id}-desc`}
    >
      <title id=${`strip-${id}-title`}>${`The last hour of ${name}: ${spelled}`}</title>
      <desc id=${`strip-${id}-desc`}>${told(past.spans)}</desc>
      ${past.spans.map((one) => html`<${Bars} key=${one.start_ms} one=${one} sinceMs=${sinceMs} nowMs=${history.now_ms} />`)}
    </svg>
    <span class="strip-words muted" aria-hidden="true">${spelled}</span>`;
}
