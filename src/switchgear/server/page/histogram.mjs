// Owns the records over time, as bars by level: drag, tap or use the arrow keys to choose a span, and zoom to it.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { day, iso, plural, whole } from "./format.mjs";
import { html } from "./html.mjs";
import { LEVELS } from "./logs_filter.mjs";

const HIGH = 100;
const LEAST = 3; // a single record is seen beside a thousand
const FEW = 15;
const WORST_FIRST = [...LEVELS].reverse();
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const two = (n) => String(n).padStart(2, "0");

/** A time with as much as its bars need: 14:03, 14:03:20, or 11-23 14:00 where there are several days. */
function moment(ms, bars, barMs) {
  const at = new Date(ms);
  const spanMs = bars.length * barMs;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}${barMs < MINUTE_MS ? `:${two(at.getSeconds())}` : ""}`;
  if (spanMs >= 60 * DAY_MS) return day(ms);
  return spanMs > DAY_MS ? `${day(ms).slice(5)} ${time}` : time;
}

const totalOf = (bar) => LEVELS.reduce((sum, level) => sum + bar.counts[level], 0);

function worstOf(bars) {
  const bad = ["warning", "error", "critical"].map((level) => [level, bars.reduce((sum, bar) => sum + bar.counts[level], 0)]);
  return bad.filter(([, count]) => count).map(([level, count]) => (level === "critical" ? `${whole(count)} critical` : plural(count, level)));
}

/** A span in words: 14:03 to 14:05, 32 records, 4 errors. */
function spoken(bars, barMs, [first, last]) {
  const some = bars.slice(first, last + 1);
  const count = some.reduce((sum, bar) => sum + totalOf(bar), 0);
  const from = moment(bars[first].start_ms, bars, barMs);
  return [`${from} to ${moment(bars[last].start_ms + barMs, bars, barMs)}`, plural(count, "record"), ...worstOf(some)].join(", ");
}

function Bars({ bars, most }) {
  return bars.map((bar, index) => {
    let below = HIGH;
    return WORST_FIRST.filter((level) => bar.counts[level]).map((level) => {
      const high = Math.max(LEAST, (bar.counts[level] / most) * (HIGH - 8));
      below -= high;
      return html`<rect key=${`${bar.start_ms}${level}`} data-level=${level} x=${index + 0.1} y=${below} width="0.8" height=${high} />`;
    });
  });
}

/** The same for whoever reads it as a table. */
function Twin({ bars, barMs }) {
  const some = bars.filter(totalOf);
  return html`<details class="twin">
    <summary>As a table</summary>
    <div class="twin-room" tabindex="0" role="region" aria-label="Records over time, as a table"><table>
      <thead><tr><th scope="col">From</th>${LEVELS.map((level) => html`<th key=${level} scope="col">${level}</th>`)}</tr></thead>
      <tbody>${some.map((bar) => html`<tr key=${bar.start_ms}>
        <th scope="row">${moment(bar.start_ms, bars, barMs)}</th>${LEVELS.map((level) => html`<td key=${level}>${whole(bar.counts[level])}</td>`)}
      </tr>`)}</tbody>
    </table></div>
  </details>`;
}

const clamp = (n, most) => Math.min(Math.max(n, 0), most);

/**
 * What moves a chosen span: pointer and keys; gives the bars to show, the span's ends on them, and its handlers.
 * While a span is chosen its bars stand still: those that come meanwhile would put another time below it.
 */
function useSpan(now, filterKey, onZoom) {
  const [span, setSpan] = useState(null);
  const drag = useRef(null);
  const on = span?.on ?? now;
  const { bars } = on;
  const last = bars.length - 1;
  const barAt = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    return clamp(Math.floor(((event.clientX - box.left) / box.width) * bars.length), last);
  };
  const done = (chosen) => {
    drag.current = null;
    setSpan(null);
    if (chosen) onZoom(chosen, on);
  };
  const down = (event) => {
    if (event.button) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    drag.current = { from: barAt(event) };
    setSpan({ anchor: drag.current.from, head: drag.current.from, on });
  };
  const move = (event) => {
    if (drag.current) setSpan({ anchor: drag.current.from, head: barAt(event), on });
  };
  const up = (event) => drag.current && done([drag.current.from, barAt(event)].sort((a, b) => a - b));
  const key = (event) => {
    const head = {
      ArrowLeft: span ? span.head - 1 : last, ArrowRight: span ? span.head + 1 : 0, Home: 0, End: last,
    }[event.key];
    if (head !== undefined) {
      const at = clamp(head, last);
      setSpan({ anchor: event.shiftKey && span ? span.anchor : at, head: at, on });
    } else if (event.key === "Enter" && span) done([span.anchor, span.head].sort((a, b) => a - b));
    else if (event.key === "Escape" && span) done(null);
    else return;
    event.preventDefault();
  };
  const ends = span && [Math.min(span.anchor, span.head), Math.max(span.anchor, span.head)];
  useLayoutEffect(() => done(null), [filterKey]); // under another filter there is nothing to go on with
  const leave = () => !drag.current && setSpan(null);
  const handlers = { onPointerDown: down, onPointerUp: up, onPointerCancel: () => done(null), onKeyDown: key, onBlur: leave };
  return { ...on, span: ends, handlers, move };
}

/** Few bars of a log that is young: with the time before it they are as wide as bars are. */
function withBefore(bars, barMs, place) {
  if (!bars.length || place.filter.since || bars.length >= FEW) return bars;
  const none = Object.fromEntries(LEVELS.map((level) => [level, 0]));
  const before = Array.from({ length: FEW - bars.length }, (_, at) => ({
    start_ms: bars[0].start_ms - (FEW - bars.length - at) * barMs, counts: none,
  }));
  return [...before, ...bars];
}

export function Histogram({ place, overview, fresh }) {
  const latestMs = overview?.bar_ms ?? 1;
  const latest = { bars: withBefore(overview?.bars ?? [], latestMs, place), barMs: latestMs };
  const zoom = ([first, last], { bars, barMs }) => {
    place.set({ ...place.filter, since: iso(bars[first].start_ms), until: iso(bars[last].start_ms + barMs - 1) });
  };
  const { bars, barMs, span, handlers, move } = useSpan(latest, place.key, zoom);
  const [over, setOver] = useState(null);
  if (!bars.length) return html`<div class="histogram" data-fresh=${fresh}><div class="histogram-none">
    ${overview && place.filter.since ? "Nothing over this time" : ""}
  </div></div>`;
  const most = Math.max(1, ...bars.map(totalOf));
  const said = span ? spoken(bars, barMs, span) : over !== null && over < bars.length ? spoken(bars, barMs, [over, over]) : null;
  const hovered = (event) => {
    move(event);
    const box = event.currentTarget.getBoundingClientRect();
    setOver(clamp(Math.floor(((event.clientX - box.left) / box.width) * bars.length), bars.length - 1));
  };
  return html`<figure class="histogram" data-fresh=${fresh} aria-label="Records over time">
    <div
      class="histogram-field" role="slider" tabindex="0" aria-label="Span of time; arrow keys choose, with Shift they extend, Enter zooms to it"
      aria-orientation="horizontal" aria-valuemin="1" aria-valuemax=${bars.length} aria-valuenow=${(span?.[1] ?? bars.length - 1) + 1}
      aria-valuetext=${span ? spoken(bars, barMs, span) : "nothing chosen"}
      ...${handlers} onPointerMove=${hovered} onPointerLeave=${() => setOver(null)}
    >
      <svg viewBox=${`0 0 ${bars.length} ${HIGH}`} preserveAspectRatio="none" aria-hidden="true">
        ${over !== null && !span && html`<rect class="histogram-over" x=${over} y="0" width="1" height=${HIGH} />`}
        <${Bars} bars=${bars} most=${most} />
        ${span && html`<rect class="histogram-span" x=${span[0]} y="0" width=${span[1] - span[0] + 1} height=${HIGH} />`}
      </svg>
      <span class="histogram-most" aria-hidden="true">${whole(most)}</span>
    </div>
    <figcaption class="histogram-axis">
      <span>${moment(bars[0].start_ms, bars, barMs)}</span>
      <span class="histogram-said">${said ?? "Drag to zoom"}</span>
      <span>${moment(bars[bars.length - 1].start_ms + barMs, bars, barMs)}</span>
    </figcaption>
    <${Twin} bars=${bars} barMs=${barMs} />
  </figure>`;
}
