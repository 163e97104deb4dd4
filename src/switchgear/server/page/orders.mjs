// Owns /orders: halts, orders in doubt, strays, the filter, the table and the details, put together.
import { useCallback, useEffect, useState } from "preact/hooks";
import { get } from "./api.mjs";
import { foothold } from "./foothold.mjs";
import { plural, span, whole } from "./format.mjs";
import { html } from "./html.mjs";
import { useKeys } from "./keys.mjs";
import { OrderPanel } from "./order_panel.mjs";
import { AbandonDialog, TurnDialog } from "./orders_dialogs.mjs";
import { OrderFilters } from "./orders_filters.mjs";
import { OrdersTable } from "./orders_table.mjs";
import { Doubts, Halts, Rounds, Strays } from "./orders_urgent.mjs";
import { useAge, usePolled } from "./polled.mjs";
import { go } from "./route.mjs";
import { clickedOn, movedTo, nowhere } from "./table.mjs";

const PAGE = 100;
const MOST = 1_000;
const EVERY_MS = 2_000;

/** The question for a filter; the limit comes last, so that more of the same is seen to be the same. */
function question(filter, limit) {
  const search = new URLSearchParams(filter);
  search.set("limit", limit);
  return `orders?${search}`;
}

const withoutLimit = (path) => path?.replace(/limit=\d+$/, "");

/**
 * What tells which orders are in doubt: the newer answer, and the board's when the list fails. The list may still be that of
 * the filter before: it has all of them. Of answers as old as each other the list's, or the two would say different things.
 */
function newest(list, board) {
  if (!list.answer || !board.answer) return list.answer ? list : board;
  if (list.error) return board.atMs > list.atMs ? board : list;
  return board.answer.now_ms > list.answer.now_ms ? board : list;
}

function usePlaces(again) {
  const [places, setPlaces] = useState([]);
  useEffect(() => {
    get("orders/switch").then((answer) => setPlaces(answer.places), () => setPlaces([]));
  }, [again]);
  return places;
}

function NoJournal() {
  return html`<div class="nothing how">
    <h2>No journal here</h2>
    <p>Orders are shown from a journal: a desk writes each one down before it is sent, and sees it through to the end.</p>
    <p>In this program, with a desk:</p>
    <pre tabindex="0">${`from switchgear.order import JournalDesk, open_journal

journal = open_journal(gear, "orders.db")
async with BinanceApi(gear, key=…, secret=…) as api:
    async with JournalDesk(api, journal):
        await api.create_order(…)`}</pre>
    <p>Of another program:</p>
    <pre tabindex="0">switchgear serve --journal orders.db</pre>
  </div>`;
}

function Nothing({ filtered }) {
  return html`<div class="nothing">
    <h2>${filtered ? "No order matches" : "No orders yet"}</h2>
    <p>${filtered
      ? html`Choose less, or <button class="link" onClick=${() => go("orders")}>reset the filter</button>.`
      : "Each one is here from the moment before it is sent."}</p>
  </div>`;
}

function Failed({ error, onAgain }) {
  const bad = error.status === 400;
  return html`<div class="nothing" role="alert">
    <h2>${bad ? "This filter does not work" : "The orders could not be loaded"}</h2>
    <p class="problem">${error.message}</p>
    <p>${bad
      ? html`<button onClick=${() => go("orders")}>Reset the filter</button>`
      : html`<button onClick=${onAgain}>Try again</button>`}</p>
  </div>`;
}

function Skeleton() {
  return html`<div class="skeleton" aria-hidden="true">
    ${Array.from({ length: 12 }, (_, index) => html`<i key=${index}></i>`)}
  </div>`;
}

function Older({ answer, limit, onMore }) {
  if (!answer.more) return html`<p class="older muted">That is all.</p>`;
  if (limit >= MOST) return html`<p class="older muted">The newest ${whole(MOST)} are shown. Filter for others.</p>`;
  return html`<div class="older"><button onClick=${onMore}>Load older</button></div>`;
}

/** What is said of the list in one line; an old answer says how old it is. */
function Summary({ state, board, shown, said }) {
  const age = useAge(state.atMs);
  const error = state.error ?? board.error;
  let text = "";
  if (shown) text = `${shown.more ? "newest " : ""}${plural(shown.intents.length, "order")}${shown.more ? " shown" : ""}`;
  return html`<div class="summary" role="status">
    ${said && `${said} `}${text}
    ${error && shown && error.status !== 400 && html`<span class="problem"> ${error.message} What is shown is ${span(age)} old.</span>`}
  </div>`;
}

export function Orders({ filter: { intent: openId = null, ...filter } }) {
  const [again, setAgain] = useState(0);
  const [limit, setLimit] = useState(PAGE);
  const [cursor, setCursor] = useState(nowhere);
  const [dialog, setDialog] = useState(null);
  const [said, setSaid] = useState("");
  const path = question(filter, limit);
  const state = usePolled(path, EVERY_MS, again);
  const board = usePolled("orders/board", EVERY_MS, again);
  const places = usePlaces(again);
  const shown = withoutLimit(state.of) === withoutLimit(path) ? state.answer : null;
  const intents = shown?.intents ?? [];
  const ask = (what) => setDialog({ ...what, keepPlace: foothold() });

  useEffect(() => {
    setLimit(PAGE);
    setSaid("");
  }, [JSON.stringify(filter)]);
  const open = useCallback((id) => go("orders", { ...filter, intent: id }, { replace: true }), [JSON.stringify(filter)]);
  const close = () => {
    open(null);
    document.activeElement?.blur?.();
    setCursor((now) => (now.id === null ? now : movedTo(now)));
  };
  const move = (step) => {
    const at = intents.findIndex((one) => one.intent_id === cursor.id);
    const next = intents[at < 0 ? 0 : Math.min(Math.max(at + step, 0), intents.length - 1)];
    if (!next) return;
    setCursor(movedTo({ id: next.intent_id }));
    if (openId) open(next.intent_id);
  };
  const done = (words) => {
    setSaid(words);
    dialog.keepPlace();
    setAgain((count) => count + 1);
  };
  const none = board.answer?.journals === 0; // known only once it was answered: to halt waits for nothing
  const halt = () => none || ask({ on: true, place: null });
  useKeys({
    "/": () => document.getElementById("search")?.focus(),
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: () => cursor.id && open(cursor.id),
    Escape: close,
    h: halt,
    a: () => document.getElementById("abandon")?.click(),
    o: () => shown?.more && setLimit(Math.min(limit + PAGE, MOST)),
  });

  if (none) return html`<main class="orders"><h1 class="unseen">Orders</h1><${NoJournal} /></main>`;
  const failed = state.error && !shown;
  return html`<main class="orders logs">
    <h1 class="unseen">Orders</h1>
    <${Halts} board=${board} onResume=${(place) => ask({ on: false, place })} />
    <${OrderFilters} filter=${filter} places=${places} intents=${intents}>
      <button class="halt" title="Halt new orders (h)" onClick=${halt}>Halt new orders…</button>
    <//>
    <${Summary} state=${state} board=${board} shown=${shown} said=${said} />
    <div class="split" data-open=${Boolean(openId)}>
      <div class="list" tabindex="-1">
        <${Doubts} board=${newest(state, board)} openId=${openId} onOpen=${open} />
        <${Strays} board=${board} />
        <${Rounds} board=${board} />
        ${failed && html`<${Failed} error=${state.error} onAgain=${() => setAgain(again + 1)} />`}
        ${!failed && !shown && html`<${Skeleton} />`}
        ${shown && !intents.length && html`<${Nothing} filtered=${Object.keys(filter).length > 0} />`}
        ${shown && intents.length > 0 && html`
          <${OrdersTable}
            intents=${intents} nowMs=${shown.now_ms} cursor=${cursor} openId=${openId}
            onOpen=${(one) => { setCursor(clickedOn({ id: one.intent_id })); open(one.intent_id); }}
            onFocus=${(one) => one.intent_id === cursor.id || setCursor(clickedOn({ id: one.intent_id }))}
          />
          <${Older} answer=${shown} limit=${limit} onMore=${() => setLimit(Math.min(limit + PAGE, MOST))} />`}
      </div>
      ${openId && html`<${OrderPanel}
        key=${openId} id=${openId} again=${again} onClose=${close}
        onAbandon=${(intent) => ask({ intent })}
      />`}
    </div>
    ${dialog?.intent && html`<${AbandonDialog} intent=${dialog.intent} onClose=${() => setDialog(null)} onDone=${done} />`}
    ${dialog && !dialog.intent && html`<${TurnDialog}
      on=${dialog.on} place=${dialog.place} onClose=${() => setDialog(null)} onDone=${done}
    />`}
  </main>`;
}
