// Owns /api-logs: filter, counts, records, live tail, details, export and clearing, put together.
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Chips } from "./chips.mjs";
import { ClearDialog } from "./clear.mjs";
import { columnsOf, ColumnsMenu } from "./columns.mjs";
import { ExportMenu } from "./export.mjs";
import { Feed } from "./feed.mjs";
import { plural } from "./format.mjs";
import { Histogram } from "./histogram.mjs";
import { html } from "./html.mjs";
import { useKeys } from "./keys.mjs";
import { LiveButton } from "./live.mjs";
import { Place } from "./logs_filter.mjs";
import { List } from "./logs_list.mjs";
import { EACH_SIDE, InContext, useNear, useOpened } from "./near.mjs";
import { useOverview } from "./overview.mjs";
import { NoPanel, Panel } from "./panel.mjs";
import { Rail } from "./rail.mjs";
import { Search } from "./search.mjs";
import { Notices } from "./states.mjs";
import { Summary } from "./summary.mjs";
import { clickedOn, movedTo, nowhere } from "./table.mjs";
import { TimeRange } from "./time_range.mjs";
import { ViewsMenu } from "./views.mjs";

const NOT_YET = { phase: "loading", records: [], waiting: [], waitingCount: 0, come: 0, missed: 0, tail: "connecting", lostMs: null };

function useFeed(place, paused) {
  const feed = useRef(null);
  const [state, setState] = useState(NOT_YET);
  useEffect(() => {
    const made = new Feed(place.filter, setState);
    made.paused = paused;
    feed.current = made;
    setState(made.state);
    made.load();
    return () => made.close();
  }, [place.key]);
  return [state, feed];
}

/** The row that the keys are on, and the record that is open; both move together. */
function useCursor(place, records, opened) {
  const [cursor, setCursor] = useState(nowhere);
  const open = useCallback(
    (record) => {
      setCursor(clickedOn(record));
      place.show({ record: String(record.id) }, { replace: Boolean(place.view.record) });
    },
    [place],
  );
  const close = () => {
    if (place.view.record) place.show({ record: "" });
    document.activeElement?.blur?.();
    setCursor((now) => (now.id === null ? now : movedTo(now)));
  };
  const move = (step) => {
    const from = records.findIndex((record) => record.id === (cursor.id ?? opened?.id));
    const next = records[from < 0 ? 0 : Math.min(Math.max(from + step, 0), records.length - 1)];
    if (!next) return;
    setCursor(movedTo(next));
    if (place.view.record) place.show({ record: String(next.id) }, { replace: true });
  };
  const enter = () => {
    const here = records.find((record) => record.id === cursor.id);
    if (here) open(here);
  };
  return { cursor, setCursor, open, close, move, enter };
}

function useSaid(key) {
  const [said, setSaid] = useState("");
  useEffect(() => setSaid(""), [key]);
  return [said, setSaid];
}

export function Logs({ filter: route, status, me, writable }) {
  const place = useMemo(() => new Place(route), [JSON.stringify(route)]);
  const [paused, setPaused] = useState(false);
  const [state, feed] = useFeed(place, paused);
  const counted = useOverview(place.filter, place.key, state.come);
  const [clearing, setClearing] = useState(false);
  const [drawer, setDrawer] = useState(false);
  const [eachSide, setEachSide] = useState(EACH_SIDE);
  const [said, setSaid] = useSaid(place.key);
  const list = useRef(null);
  const asked = columnsOf(place.view);
  const columns = useMemo(() => asked, [String(asked)]);
  const around = useNear(place.view.around, eachSide);
  const near = place.view.around ? around : null;
  const records = near ? near.records : state.records;
  const opened = useOpened(place.view.record, records);
  const at = useCursor(place, records, opened.record);
  const overview = { overview: counted.answer, fresh: counted.fresh };

  const toggle = () => {
    setPaused(!paused);
    feed.current.hold({ paused: !paused });
  };
  const again = () => feed.current.load();
  useKeys({
    "/": () => document.getElementById("search").focus(),
    j: () => at.move(1),
    k: () => at.move(-1),
    ArrowDown: () => at.move(1),
    ArrowUp: () => at.move(-1),
    Enter: at.enter,
    Escape: () => (drawer ? setDrawer(false) : at.close()),
    f: () => setDrawer(!drawer),
    p: toggle,
    n: () => {
      list.current.scrollTop = 0;
      feed.current.show();
    },
    o: () => feed.current.older(),
  });
  useEffect(() => {
    // The record of an address lies in the middle of its neighbours.
    if (near?.records.length) list.current.querySelector("[aria-current]")?.scrollIntoView({ block: "center" });
  }, [near?.records]);

  return html`<main class="logs logs-page" data-panel=${Boolean(place.view.record)}>
    <h1 class="unseen">Logs</h1>
    <${Rail} place=${place} ...${overview} open=${drawer} onClose=${() => setDrawer(false)} />
    <div class="logs-body">
      <div class="bar" role="search" aria-label="Find records">
        <${Search} place=${place} />
        <button class="drawer-button" aria-expanded=${drawer} aria-controls="rail" onClick=${() => setDrawer(!drawer)}>Filters</button>
        <${TimeRange} place=${place} />
        <div class="bar-end">
          <${LiveButton} tail=${near ? "off" : state.tail} paused=${paused} onToggle=${toggle} />
          <${ViewsMenu} place=${place} />
          <${ColumnsMenu} place=${place} columns=${columns} />
          <${ExportMenu} place=${place} status=${status} ...${overview} />
          ${writable && html`<button class="clear" onClick=${() => setClearing(true)}>Clear…</button>`}
        </div>
      </div>
      ${near
        ? html`<${InContext} id=${near.id} eachSide=${eachSide} onMore=${setEachSide} place=${place} />`
        : html`<${Chips} place=${place} /><${Histogram} place=${place} ...${overview} />`}
      <${Notices} state=${state} status=${status} overview=${counted.fresh ? counted.answer : null} onAgain=${again} />
      ${!near && html`<${Summary} state=${state} ...${overview} failed=${Boolean(counted.error)} placeKey=${place.key} said=${said} />`}
      <div class="split">
        <${List}
          near=${near} state=${state} feed=${feed} place=${place} columns=${columns} list=${list} status=${status}
          cursor=${at.cursor} setCursor=${at.setCursor} openId=${opened.record?.id ?? null} onOpen=${at.open}
        />
        ${opened.record
          ? html`<${Panel} record=${opened.record} place=${place} state=${state} onClose=${at.close} onOpen=${at.open} />`
          : place.view.record && html`<${NoPanel} id=${place.view.record} error=${opened.error} onClose=${at.close} />`}
      </div>
    </div>
    ${clearing && html`<${ClearDialog}
      filter=${place.filter} me=${me} onClose=${() => setClearing(false)}
      onCleared=${(count) => {
        again();
        setSaid(`${plural(count, "record")} cleared.`);
      }}
    />`}
  </main>`;
}
