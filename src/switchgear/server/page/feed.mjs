// Owns the records of one filter as they lie on the page: first page, older pages, and what comes live.
import { address, get } from "./api.mjs";

const PAGE = 100;
/** Rows while new ones push in from above; the rest is a click on "older" away. */
export const LIVE_ROWS_MAX = 500;
/** Rows that somebody gathered with "older"; more of them make a page slow, and find nobody who reads them. */
export const ROWS_MAX = 2_000;
const WAITING_MAX = 500;
const GATHER_MS = 250;
const AGAIN_MS = 3_000;

const START = {
  phase: "loading", // loading, ready or failed
  error: null,
  records: [], // newest first
  nextBefore: null, // null when there is nothing older
  loadingOlder: false,
  olderError: null,
  waiting: [], // newest first: came while paused or while somebody reads further down
  waitingCount: 0,
  come: 0, // how many came live since the page was loaded
  missed: 0,
  tail: "off", // off, connecting, open or lost
  lostMs: null, // since when there is no connection, by the browser's date
};

export class Feed {
  constructor(filter, changed) {
    this.state = START;
    this.filter = filter;
    this.paused = false;
    this.reading = false; // somebody reads further down: new records must not push the rows away
    this.changed = changed;
    this.ended = new AbortController();
    this.inbox = [];
    this.timer = 0;
    this.gatheredMs = 0;
    this.lastId = 0;
  }

  set(part) {
    this.state = { ...this.state, ...part };
    if (!this.ended.signal.aborted) this.changed(this.state);
  }

  async load() {
    this.stopTail();
    try {
      const page = await get("logs", { ...this.filter, limit: PAGE, count: "no" }, this.ended.signal);
      this.lastId = page.newest_id;
      const fresh = { records: page.records, nextBefore: page.next_before_id, waiting: [], waitingCount: 0, missed: 0 };
      this.set({ phase: "ready", error: null, olderError: null, lostMs: null, ...fresh });
      this.startTail();
    } catch (error) {
      if (!this.ended.signal.aborted) this.failed(error);
    }
  }

  /** What is shown stays; what the server may answer another time is asked for again. */
  failed(error) {
    if (this.state.phase === "ready") this.set({ tail: "lost", lostMs: this.state.lostMs ?? Date.now() });
    else this.set({ phase: "failed", error, lostMs: this.state.lostMs ?? Date.now() });
    if (error.status !== 400) this.again = setTimeout(() => this.load(), AGAIN_MS);
  }

  async older() {
    const before = this.state.nextBefore;
    if (before === null || this.state.loadingOlder || this.state.records.length >= ROWS_MAX) return;
    this.set({ loadingOlder: true, olderError: null });
    try {
      const asked = { ...this.filter, before_id: before, limit: PAGE, count: "no" };
      const page = await get("logs", asked, this.ended.signal);
      // The list was loaded anew, or cut at its end, meanwhile: behind it these would leave a gap that nobody sees.
      if (this.state.nextBefore !== before) return this.set({ loadingOlder: false });
      const records = [...this.state.records, ...page.records];
      this.set({ records, nextBefore: page.next_before_id, loadingOlder: false });
    } catch (olderError) {
      this.set({ loadingOlder: false, olderError });
    }
  }

  /** Hold new records back, or let them in. */
  hold({ paused = this.paused, reading = this.reading }) {
    this.paused = paused;
    this.reading = reading;
    if (!paused && !reading) this.show();
  }

  /** Let in what waits; when more came than is kept, the newest page is loaded instead. */
  show() {
    if (this.state.waitingCount > this.state.waiting.length) this.load();
    else if (this.state.waitingCount) {
      const waiting = this.state.waiting;
      this.set({ waiting: [], waitingCount: 0, ...this.joined(waiting) });
    }
  }

  close() {
    this.ended.abort();
    this.stopTail();
  }

  startTail() {
    if (this.filter.until || this.ended.signal.aborted) return;
    this.set({ tail: "connecting" });
    const tail = new EventSource(address("live", { ...this.filter, after_id: this.lastId }));
    this.tail = tail;
    tail.addEventListener("ready", () => this.ready());
    tail.addEventListener("record", (event) => this.came(event.data));
    tail.addEventListener("missed", (event) => this.set({ missed: this.state.missed + Number(event.data) }));
    tail.addEventListener("error", () => {
      this.set({ tail: "lost", lostMs: this.state.lostMs ?? Date.now() });
      // The browser tries again by itself, and resumes behind the last record, unless it gave up.
      if (tail.readyState === EventSource.CLOSED) this.again = setTimeout(() => this.startTail(), AGAIN_MS);
    });
  }

  async ready() {
    const wasLost = this.state.lostMs !== null;
    this.set({ tail: "open", lostMs: null });
    if (!wasLost) return;
    // A program that began anew counts its records anew: behind the last one of before, nothing would ever come.
    const newest = await get("logs", { limit: 1, count: "no" }, this.ended.signal).catch(() => null);
    if (newest && newest.newest_id < this.lastId) this.load();
  }

  stopTail() {
    clearTimeout(this.timer);
    clearTimeout(this.again);
    this.timer = 0;
    this.inbox = [];
    this.tail?.close();
    this.tail = null;
  }

  came(data) {
    this.inbox.push(data);
    if (!this.timer) this.timer = setTimeout(() => this.gather(), this.gatheredMs + GATHER_MS - performance.now());
  }

  /** Whatever came since the last time, at once: at most four times a second, whatever the flood. */
  gather() {
    this.timer = 0;
    this.gatheredMs = performance.now();
    // Of more than fit, only those that will be seen are read.
    const skipped = Math.max(0, this.inbox.length - LIVE_ROWS_MAX);
    const come = this.inbox.slice(skipped).map((data) => JSON.parse(data)).reverse();
    this.inbox = [];
    this.lastId = Math.max(this.lastId, ...come.map((record) => record.id));
    const total = this.state.come + come.length + skipped;
    if (!this.paused && !this.reading && !skipped) this.set({ come: total, ...this.joined(come) });
    else {
      const waiting = [...come, ...this.state.waiting].slice(0, WAITING_MAX);
      this.set({ come: total, waiting, waitingCount: this.state.waitingCount + come.length + skipped });
      if (!this.paused && !this.reading) this.load();
    }
  }

  joined(come) {
    const records = [...come, ...this.state.records];
    if (records.length <= LIVE_ROWS_MAX) return { records };
    const kept = records.slice(0, LIVE_ROWS_MAX);
    return { records: kept, nextBefore: kept[kept.length - 1].id };
  }
}
