// Owns /api-logs: the filter, the records, the live tail, the details, export and clearing, put together.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { address, get } from "./api.mjs";
import { ClearDialog } from "./clear.mjs";
import { Feed } from "./feed.mjs";
import { Filters } from "./filters.mjs";
import { plural, whole } from "./format.mjs";
import { html } from "./html.mjs";
import { useKeys } from "./keys.mjs";
import { Panel } from "./panel.mjs";
import { go } from "./route.mjs";
import { clickedOn, movedTo, nowhere, Table } from "./table.mjs";

const TOP_PX = 24;
const TAILS = { off: "Live is off: the time range has an end", connecting: "Connecting…", open: "Live", lost: "Live: no connection" };

function useFeed(filter) {
  const feed = useRef(null);
  const [state, setState] = useState(null);
  const key = JSON.stringify(filter);
  useEffect(() => {
    const made = new Feed(filter, setState);
    feed.current = made;
    setState(made.state);
    made.load();
    return () => made.close();
  }, [key]);
  return [state, feed];
}

function useNames(again) {
  const [names, setNames] = useState(null);
  useEffect(() => {
    get("logs/names").then(setNames, () => setNames(null));
  }, [again]);
  return names;
}

/** The names that the server knows, and those that came since. */
function withNew(names, records) {
  const all = (given, name) => [...new Set([...(given ?? []), ...records.map((one) => one[name])])].filter(Boolean).sort();
  return { exchanges: all(names?.exchanges, "exchange"), methods: all(names?.methods, "method") };
}

function LiveButton({ state, paused, onToggle }) {
  const tail = state?.tail ?? "connecting";
  const text = paused && tail !== "off" ? "Paused" : TAILS[tail].split(":")[0];
  return html`<button
    class="live" data-tail=${paused ? "paused" : tail} aria-pressed=${paused} disabled=${tail === "off"}
    title=${tail === "off" || tail === "lost" ? TAILS[tail] : "Pause or resume (p)"} onClick=${onToggle}
  ><span class="live-dot" aria-hidden="true"></span>${text}</button>`;
}

function Exports({ filter }) {
  return ["jsonl", "csv"].map(
    (format) => html`<a
      key=${format} class="button" download href=${address("logs/export", { ...filter, format })}
      title="Every record that matches, not only those shown"
    ><span class="wide">Export </span>${format.toUpperCase()}</a>`,
  );
}

function Summary({ state, said }) {
  const { phase, records, count, countIsExact, missed } = state;
  if (phase !== "ready") return html`<div class="summary" role="status">${phase === "loading" ? "Loading…" : ""}</div>`;
  const total = `${countIsExact ? "" : "over "}${plural(count, "record matches", "records match")}`;
  const part = records.length < count ? `, newest ${whole(records.length)} shown` : "";
  return html`<div class="summary" role="status">
    ${said ? `${said} ` : ""}${total}${part}
    ${missed > 0 && html`<span class="problem"> ${plural(missed, "record")} came too fast for this page; reload to see them</span>`}
  </div>`;
}

function Nothing({ filtered }) {
  return html`<div class="nothing">
    <h2>${filtered ? "No record matches" : "No records yet"}</h2>
    <p>${filtered
      ? html`Widen the time range or <button class="link" onClick=${() => go("api-logs")}>reset the filter</button>.`
      : "Each call through switchgear leaves one here as it happens."}</p>
  </div>`;
}

function Failed({ error, onAgain }) {
  return html`<div class="nothing" role="alert">
    <h2>${error.status === 400 ? "This filter does not work" : "The records could not be loaded"}</h2>
    <p class="problem">${error.message}</p>
    <p>${error.status === 400
      ? html`<button onClick=${() => go("api-logs")}>Reset the filter</button>`
      : html`<button onClick=${onAgain}>Try again</button>`}</p>
  </div>`;
}

function Skeleton() {
  return html`<div class="skeleton" aria-hidden="true">
    ${Array.from({ length: 12 }, (_, index) => html`<i key=${index}></i>`)}
  </div>`;
}

function Body({ state, feed, cursor, setCursor, open, setOpen, filtered }) {
  if (state.phase === "loading") return html`<${Skeleton} />`;
  if (state.phase === "failed") return html`<${Failed} error=${state.error} onAgain=${() => feed.current.load()} />`;
  if (!state.records.length) return html`<${Nothing} filtered=${filtered} />`;
  return html`
    <${Table}
      records=${state.records} nowMs=${Date.now()} cursor=${cursor} openId=${open?.id ?? null}
      onOpen=${(record) => { setCursor(clickedOn(record)); setOpen(record); }}
      onFocus=${(record) => record.id === cursor.id || setCursor(clickedOn(record))}
    />
    ${state.nextBefore !== null
      ? html`<div class="older"><button disabled=${state.loadingOlder} onClick=${() => feed.current.older()}>
          ${state.loadingOlder ? "Loading…" : "Load older"}
        </button>${state.error && html`<span class="problem" role="alert"> ${state.error.message}</span>`}</div>`
      : html`<p class="older muted">That is all.</p>`}`;
}

export function Logs({ filter, writable }) {
  const [state, feed] = useFeed(filter);
  const [paused, setPaused] = useState(false);
  const [cursor, setCursor] = useState(nowhere);
  const [open, setOpen] = useState(null);
  const [clearing, setClearing] = useState(false);
  const [said, setSaid] = useState("");
  const list = useRef(null);
  const names = useNames(state?.phase);
  const shown = state ?? { phase: "loading", records: [], waitingCount: 0 };

  useEffect(() => {
    feed.current.hold({ paused });
    setSaid("");
  }, [JSON.stringify(filter)]);
  const toggle = () => {
    setPaused(!paused);
    feed.current.hold({ paused: !paused });
  };
  const scrolled = () => feed.current.hold({ reading: list.current.scrollTop > TOP_PX });
  const showNew = () => {
    list.current.scrollTop = 0;
    feed.current.show();
  };
  const move = (step) => {
    const at = shown.records.findIndex((record) => record.id === cursor.id);
    const next = shown.records[at < 0 ? 0 : Math.min(Math.max(at + step, 0), shown.records.length - 1)];
    if (!next) return;
    setCursor(movedTo(next));
    if (open) setOpen(next);
  };
  const close = useCallback(() => {
    setOpen(null);
    document.activeElement?.blur?.();
    setCursor((now) => (now.id === null ? now : movedTo(now)));
  }, []);
  useKeys({
    "/": () => document.getElementById("search").focus(),
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: () => setOpen(shown.records.find((record) => record.id === cursor.id) ?? null),
    Escape: close,
    p: toggle,
    n: showNew,
    o: () => feed.current.older(),
  });

  return html`<main class="logs">
    <h1 class="unseen">Logs</h1>
    <${Filters} filter=${filter} names=${withNew(names, shown.records)}>
      <${LiveButton} state=${state} paused=${paused} onToggle=${toggle} />
      <${Exports} filter=${filter} />
      ${writable && html`<button class="clear" onClick=${() => setClearing(true)}>Clear…</button>`}
    <//>
    <${Summary} state=${shown} said=${said} />
    <div class="split" data-open=${Boolean(open)}>
      <div class="list" ref=${list} onScroll=${scrolled}>
        ${shown.waitingCount > 0 && html`<div class="new">
          <button onClick=${showNew}>↑ ${whole(shown.waitingCount)} new</button>
        </div>`}
        <${Body}
          state=${shown} feed=${feed} cursor=${cursor} setCursor=${setCursor} open=${open} setOpen=${setOpen}
          filtered=${Object.keys(filter).length > 0}
        />
      </div>
      ${open && html`<${Panel} record=${open} onClose=${close} onOpen=${setOpen} />`}
    </div>
    ${clearing && html`<${ClearDialog}
      filter=${filter} onClose=${() => setClearing(false)}
      onCleared=${(count) => { setSaid(`${plural(count, "record")} cleared.`); setOpen(null); feed.current.load(); }}
    />`}
  </main>`;
}
