// Owns the course of one call: its records, which grow until it ended, and a line for each step on one scale of time.
import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "./api.mjs";
import { millis, plural } from "./format.mjs";
import { html } from "./html.mjs";
import { endOf, JUST_NOW_MS, stepsOf } from "./waterfall_steps.mjs";

const WIDE = 1_000;
const NARROWEST = 8;
/** A call under way is asked after so often; less often while nothing comes, or while the tail brings what comes. */
const ASK_MS = 2_000;
const ASK_MS_MAX = 10_000;
const SLOWER = 1.5;
/** A call that failed just now may still be answered by a fallback: so often it is looked at once more. */
const LAST_LOOKS = 3;
/** Answers that stay what they are; of any other one the next may be another. */
const FINAL = new Set([400, 401, 403, 404]);
/** What is said of an end that is not shown as a step. */
const SAID = { none: "It has no end yet: what comes is added here.", missing: "Its end is not in this log." };
const OF_CALL = ["exchange", "method", "account", "call_id", "run"];
const NOT_YET = { records: null, error: null, said: "" };

const isOf = (one, other) => OF_CALL.every((name) => one[name] === other[name]);

/** Whether every record that will come of a call passes a filter. */
function passes(filter, record) {
  return Object.entries(filter).every(([name, value]) => name === "since" || (OF_CALL.includes(name) && value === String(record[name])));
}

class Call {
  constructor(record, changed) {
    this.of = record;
    this.changed = changed;
    this.known = new Map(); // by id: from answers, and from the tail
    this.isAnswered = false;
    this.isRefused = false;
    this.end = null; // as endOf had it when it was last told; null when nobody can say
    this.hasSpoken = false;
    this.asking = false;
    this.askedMs = 0;
    this.quiet = 0; // answers in a row that brought nothing new
    this.isTold = false; // the tail brings all of it
    this.timer = 0;
    this.ended = new AbortController();
    document.addEventListener("visibilitychange", () => this.plan(), { signal: this.ended.signal });
    this.ask();
  }

  async ask() {
    const { exchange, method, call_id: id, account, run } = this.of;
    const path = [exchange, method, id].map(encodeURIComponent).join("/");
    this.asking = true;
    this.askedMs = performance.now();
    try {
      const { records } = await get(`logs/${path}`, { account, run: run || "" }, this.ended.signal);
      this.quiet += this.isAnswered ? 1 : 0;
      this.isAnswered = true;
      this.add(records);
      this.tell(null);
    } catch (error) {
      if (this.ended.signal.aborted) return;
      this.quiet += 1;
      this.isRefused = FINAL.has(error.status);
      this.tell(this.isAnswered ? null : error);
    }
    this.asking = false;
    this.plan();
  }

  /** What the tail brought, of whatever call, and whether it brings all of this one. */
  hear(records, isTold) {
    this.isTold = isTold;
    if (this.add(records.filter((one) => isOf(one, this.of))) && this.isAnswered) this.tell(null);
    this.plan();
  }

  add(records) {
    const before = this.known.size;
    for (const one of records) if (!this.known.has(one.id)) this.known.set(one.id, one);
    if (this.known.size > before) this.quiet = 0;
    return this.known.size > before;
  }

  tell(error) {
    this.records = [...this.known.values()].sort((one, other) => one.at_ms - other.at_ms || one.id - other.id);
    this.end = this.isAnswered && !this.isRefused ? endOf(this.records, Date.now()) : null;
    this.changed({ records: this.isAnswered ? this.records : null, error, said: this.said() });
  }

  /** That it ended is a step of its own: it is said to whoever heard that it had not. */
  said() {
    if (this.end in SAID) this.hasSpoken = true;
    else if (this.end === null || !this.hasSpoken) return "";
    return SAID[this.end] ?? "It has ended.";
  }

  /** Ask again in a while, if there can be news that nobody brings. */
  plan() {
    clearTimeout(this.timer);
    if (this.ended.signal.aborted || this.asking || document.hidden || this.isRefused) return;
    // What was told decides: one that is said to go on is asked once more before it is given up.
    if (this.isAnswered && this.end !== "none" && !(this.end === "perhaps" && this.isLookedAtAgain())) return;
    const everyMs = this.isTold ? ASK_MS_MAX : Math.min(ASK_MS_MAX, ASK_MS * SLOWER ** this.quiet);
    this.timer = setTimeout(() => this.ask(), Math.max(0, this.askedMs + everyMs - performance.now()));
  }

  isLookedAtAgain() {
    const since = Date.now() - this.records.at(-1).at_ms;
    return !this.isTold && this.quiet < LAST_LOOKS && Math.abs(since) < JUST_NOW_MS;
  }

  close() {
    this.ended.abort();
    clearTimeout(this.timer);
  }
}

/** Every record of the call that a record is of, null while it is asked for; it grows by what the live tail brings. */
export function useCall(record, { state, filter }) {
  const key = record.call_id ? JSON.stringify(OF_CALL.map((name) => record[name])) : null;
  const [found, setFound] = useState({ key: null });
  const call = useRef(null);
  useEffect(() => {
    if (!key) return undefined;
    call.current = new Call(record, (part) => setFound({ key, ...part }));
    return () => {
      call.current.close();
      call.current = null;
    };
  }, [key]);
  const isTold = state.tail === "open" && passes(filter, record);
  useEffect(() => call.current?.hear([...state.waiting, ...state.records], isTold), [key, state.waiting, state.records, isTold]);
  // Whoever was rejected before anything began has no call: the record is all there is of it.
  if (!key) return { records: [record], error: null, said: "" };
  return found.key === key ? found : NOT_YET;
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

function Course({ record, call, onOpen }) {
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

/** The course, and beneath it what becomes of the call: that region is always there, or its first words would go unheard. */
export function Waterfall({ record, call, onOpen }) {
  return html`<${Course} record=${record} call=${call} onOpen=${onOpen} />
    <p class="fall-open muted" role="status">${call.said}</p>`;
}
