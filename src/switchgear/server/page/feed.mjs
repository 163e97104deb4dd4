// Owns the records of one filter as they lie on the page: first page, older pages, and what comes live.
import { address, get } from "./api.mjs";

const PAGE = 100;
const KEPT_MAX = 1_000;
const WAITING_MAX = 500;
const GATHER_MS = 120;
const AGAIN_MS = 3_000;

const START = {
  phase: "loading", // loading, ready or failed
  error: null,
  records: [], // newest first
  nextBefore: null, // null when there is nothing older
  loadingOlder: false,
  waiting: [], // newest first: came while paused or while somebody reads further down
  waitingCount: 0,
  missed: 0,
  tail: "off", // off, connecting, open or lost
  count: 0, // how many match, when countIsExact, else at least so many
  countIsExact: true,
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
    this.lastId = 0;
  }

  set(part) {
    this.state = { ...this.state, ...part };
    if (!this.ended.signal.aborted) this.changed(this.state);
  }

  async load() {
    this.stopTail();
    try {
      const page = await get("logs", { ...this.filter, limit: PAGE }, this.ended.signal);
      this.lastId = page.newest_id;
      const fresh = { records: page.records, nextBefore: page.next_before_id, waiting: [], waitingCount: 0, missed: 0 };
      const size = { count: page.count, countIsExact: page.count_is_exact };
      this.set({ phase: "ready", error: null, ...size, ...fresh });
      this.startTail();
    } catch (error) {
      if (!this.ended.signal.aborted) this.set({ phase: "failed", error });
    }
  }

  async older() {
    const before = this.state.nextBefore;
    if (before === null || this.state.loadingOlder) return;
    this.set({ loadingOlder: true });
    try {
      const page = await get("logs", { ...this.filter, before_id: before, limit: PAGE }, this.ended.signal);
      const records = [...this.state.records, ...page.records];
      this.set({ records, nextBefore: page.next_before_id, loadingOlder: false });
    } catch (error) {
      this.set({ loadingOlder: false, error });
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
      this.set({ waiting: [], waitingCount: 0 });
      this.prepend(waiting);
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
    tail.addEventListener("ready", () => this.set({ tail: "open" }));
    tail.addEventListener("record", (event) => this.come(JSON.parse(event.data)));
    tail.addEventListener("missed", (event) => this.set({ missed: this.state.missed + Number(event.data) }));
    tail.addEventListener("error", () => {
      this.set({ tail: "lost" });
      // The browser tries again by itself, and resumes behind the last record, unless it gave up.
      if (tail.readyState === EventSource.CLOSED) {
        this.again = setTimeout(() => this.startTail(), AGAIN_MS);
      }
    });
  }

  stopTail() {
    clearTimeout(this.timer);
    clearTimeout(this.again);
    this.timer = 0;
    this.inbox = [];
    this.tail?.close();
    this.tail = null;
  }

  come(record) {
    this.lastId = Math.max(this.lastId, record.id);
    this.inbox.unshift(record);
    if (!this.timer) this.timer = setTimeout(() => this.gather(), GATHER_MS);
  }

  gather() {
    this.timer = 0;
    const come = this.inbox;
    this.inbox = [];
    this.set({ count: this.state.count + come.length });
    if (!this.paused && !this.reading) this.prepend(come);
    else {
      const waiting = [...come, ...this.state.waiting].slice(0, WAITING_MAX);
      this.set({ waiting, waitingCount: this.state.waitingCount + come.length });
    }
  }

  prepend(come) {
    const records = [...come, ...this.state.records];
    if (records.length <= KEPT_MAX) this.set({ records });
    else {
      const kept = records.slice(0, KEPT_MAX);
      this.set({ records: kept, nextBefore: kept[kept.length - 1].id });
    }
  }
}
